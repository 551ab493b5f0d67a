import { describe, expect, it } from "vitest";
import type { Model } from "../../../components/model/model.ts";
import { validateModel } from "../../../components/model/modelProblems.ts";
import type { Jwt, Traffic } from "../../../components/model/servedModel.ts";
import { authorizationPolicySpec, requestAuthenticationSpec } from "../../../components/model/tokens.ts";
import { entrySpec, meshEntrySpec } from "../../../components/model/traffic.ts";
import { trafficPolicy } from "../../../components/model/trafficPolicy.ts";
import { gatewayProxies } from "../../../components/platform/istio.ts";
import { shown } from "../../../plan/shownValues.ts";
import { shop } from "../../fixtures/shop.ts";
import { recordLayers } from "../../recordLayers.ts";
import { sound } from "./fixtures.ts";

const modelWith = (traffic: Partial<Traffic>, more: Partial<Model> = {}): Model => ({
  ...sound,
  ...more,
  traffic: { ...sound.traffic, ...traffic },
});

const at = { namespace: "models", domain: "models.example.com", gateway: "istio-system/models" };

describe("a traffic policy", () => {
  it("finds a failing pod in three looks, never takes all pods of a version, and prefers no zone", () => {
    expect(trafficPolicy(sound.traffic)).toEqual({
      connectionPool: { tcp: { connectTimeout: "1s" }, http: { http2MaxRequests: 5_000, maxRetries: 1_000 } },
      loadBalancer: {
        simple: "LEAST_REQUEST",
        localityLbSetting: { enabled: false },
      },
      outlierDetection: {
        consecutive5xxErrors: 3,
        interval: "3s",
        baseEjectionTime: "30s",
        maxEjectionPercent: 50,
      },
    });
  });

  it.each([
    [0.1, undefined, 100],
    [1_000, "1s", 1_000],
    [1_000, "2500ms", 2_500],
    [3_000_000, "1h", 2_147_483_647],
  ] as const)("lets wait what a peak of %d in the timeout %s is", (peak, timeout, requests) => {
    const traffic = { expectedQps: { trough: 0.1, peak }, ...(timeout === undefined ? {} : { timeout }) };
    expect(trafficPolicy(traffic).connectionPool.http.http2MaxRequests).toBe(requests);
  });

  it("has what is declared", () => {
    const policy = trafficPolicy({
      ...sound.traffic,
      outlierDetection: { interval: "10s", maxEjectionPercent: 20 },
      connectionPool: { http2MaxRequests: 7 },
      warmup: "45s",
      localityLbSetting: { enabled: true },
    });
    expect(policy).toMatchObject({
      connectionPool: { http: { http2MaxRequests: 7, maxRetries: 2 } },
      loadBalancer: { warmup: { duration: "45s" }, localityLbSetting: { enabled: true } },
      outlierDetection: { consecutive5xxErrors: 3, interval: "10s", maxEjectionPercent: 20 },
    });
    expect(trafficPolicy({ ...sound.traffic, outlierDetection: "none" })).not.toHaveProperty("outlierDetection");
  });
});

describe("the routes of callers", () => {
  const policies = (spec: unknown) =>
    (spec as { http: { timeout: string; retries: object; delegate: object }[] }).http.map(
      ({ timeout, retries, delegate }) => ({ timeout, retries, delegate }),
    );

  it("are those of the release at the gateway and in the mesh, with one timeout and the same retries", () => {
    const gateway = entrySpec("fraud", sound, at);
    const mesh = meshEntrySpec("fraud", sound, "models");
    expect(policies(mesh)).toEqual(policies(gateway));
    expect(policies(mesh)).toEqual([
      {
        timeout: "5s",
        retries: { attempts: 2, retryOn: "connect-failure,refused-stream" },
        delegate: { name: "fraud-release", namespace: "models" },
      },
    ]);
    expect([gateway.hosts, gateway.gateways]).toEqual([["fraud.models.example.com"], ["istio-system/models"]]);
    expect([mesh.hosts, mesh.gateways]).toEqual([["fraud.models.svc.cluster.local"], ["mesh"]]);
  });

  it.each([
    [{ attempts: 0 }, { attempts: 0 }],
    [{ attempts: 5 }, { attempts: 5, retryOn: "connect-failure,refused-stream" }],
    [
      { afterFailures: true },
      { attempts: 2, retryOn: "connect-failure,refused-stream,reset,gateway-error,unavailable" },
    ],
  ] as const)("are taken again as retries %j says", (retries, emitted) => {
    const model = modelWith({ retries }, { stateless: true });
    expect(policies(entrySpec("fraud", model, at)).map((policy) => policy.retries)).toEqual([emitted]);
  });
});

describe("tokens", () => {
  const jwt: Jwt = { issuer: "https://auth.example.com", audiences: ["models"] };

  it("are asked for by the pods of every version", () => {
    expect(requestAuthenticationSpec("fraud", jwt).selector).toEqual({ matchLabels: { app: "fraud" } });
    expect(authorizationPolicySpec("fraud", jwt).selector).toEqual({ matchLabels: { app: "fraud" } });
  });

  it("are refused on the ports of requests alone, so that metrics are scraped", () => {
    expect(authorizationPolicySpec("fraud", jwt)).toMatchObject({
      action: "DENY",
      rules: [{ to: [{ operation: { ports: ["8000", "8001"] } }] }],
    });
  });
});

it("the rate limit is written where Istio reaches the gateway's pods, adopted ones by their labels", async () => {
  const gateway = { selector: { app: "edge" }, port: "8080", address: "edge.example.com:80" };
  expect(gatewayProxies({ install: {} })).toEqual({
    namespace: "istio-system",
    selector: { istio: "ingressgateway" },
  });
  const istio = { adopt: { gateway } };
  const environment = { ...shop, clusters: { site: shop.clusters.site }, platform: { ...shop.platform, istio } };
  const found = (await recordLayers(environment)).find(
    ({ type, name }) => type.endsWith(":EnvoyFilter") && name.includes("fraud"),
  );
  expect(shown(found?.props ?? {})).toMatchObject({
    metadata: { namespace: "istio-system", name: expect.stringContaining("-fraud-rate-limit") },
    spec: { workloadSelector: { labels: { app: "edge" } } },
  });
});

describe("traffic that cannot be", () => {
  const problems = (traffic: Partial<Traffic>, more: Partial<Model> = {}) =>
    validateModel("fraud", modelWith(traffic, more)).map(({ path }) => path);
  const key = { kty: "RSA", n: "sXch", e: "AQAB" };
  const keys = (...some: object[]) => JSON.stringify({ keys: some });
  const jwt = { issuer: "https://auth.example.com", audiences: ["models"] };

  it.each<[Partial<Traffic>, string[]]>([
    [{ rateLimit: { requestsPerSecond: 0 } }, ["traffic.rateLimit.requestsPerSecond"]],
    [{ rateLimit: { requestsPerSecond: 1.5 } }, ["traffic.rateLimit.requestsPerSecond"]],
    [{ rateLimit: { requestsPerSecond: Number.POSITIVE_INFINITY } }, ["traffic.rateLimit.requestsPerSecond"]],
    [{ retries: { attempts: -1 } }, ["traffic.retries.attempts"]],
    [{ retries: { attempts: 11 } }, ["traffic.retries.attempts"]],
    [{ outlierDetection: { maxEjectionPercent: 100 } }, ["traffic.outlierDetection.maxEjectionPercent"]],
    [{ outlierDetection: { consecutive5xxErrors: 0 } }, ["traffic.outlierDetection.consecutive5xxErrors"]],
    [
      { outlierDetection: { interval: "0ms", baseEjectionTime: "10m" } },
      ["traffic.outlierDetection.interval", "traffic.outlierDetection.baseEjectionTime"],
    ],
    [{ connectionPool: { http2MaxRequests: 0 } }, ["traffic.connectionPool.http2MaxRequests"]],
    [{ connectionPool: { http2MaxRequests: 2 ** 31 } }, ["traffic.connectionPool.http2MaxRequests"]],
    [{ warmup: "500ms" }, ["traffic.warmup"]],
    [{ jwt: { ...jwt, issuer: "" } }, ["traffic.jwt.issuer"]],
    [{ jwt: { ...jwt, issuer: "auth" } }, ["traffic.jwt.issuer"]],
    [{ jwt: { ...jwt, audiences: [] } }, ["traffic.jwt.audiences"]],
    [{ jwt: { ...jwt, audiences: [""] } }, ["traffic.jwt.audiences"]],
    [{ jwt: { ...jwt, jwksUri: "http://auth.example.com/keys" } }, ["traffic.jwt.jwksUri"]],
    [{ jwt: { ...jwt, jwksUri: "https://auth.example.com/keys", jwks: keys(key) } }, ["traffic.jwt.jwks"]],
    [{ jwt: { ...jwt, jwks: "keys" } }, ["traffic.jwt.jwks"]],
    [{ jwt: { ...jwt, jwks: keys() } }, ["traffic.jwt.jwks"]],
  ])("is refused: %j", (traffic, paths) => {
    expect(problems(traffic)).toEqual(paths);
  });

  it.each<Partial<Traffic>>([
    { rateLimit: "none", outlierDetection: "none", retries: { attempts: 0 } },
    { jwt },
    { jwt: { issuer: "auth", audiences: ["models"], jwks: keys(key) } },
  ])("is not what is right: %j", (traffic) => {
    expect(problems(traffic)).toEqual([]);
  });

  it("has a private key in a declaration, which is not quoted", () => {
    const found = validateModel("fraud", modelWith({ jwt: { ...jwt, jwks: keys({ ...key, d: "c2VjcmV0" }) } }));
    expect(found.map(({ path }) => path)).toEqual(["traffic.jwt.jwks"]);
    expect(JSON.stringify(found)).not.toContain("c2VjcmV0");
  });

  it("sends an inference again that may have taken effect, unless the model is stateless", () => {
    expect(problems({ retries: { afterFailures: true } })).toEqual(["traffic.retries.afterFailures"]);
    expect(problems({ retries: { afterFailures: true } }, { stateless: true })).toEqual([]);
  });
});

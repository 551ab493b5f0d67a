import { createSign, generateKeyPairSync } from "node:crypto";
import { createServer, request, type Server } from "node:http";
import { connect, createServer as createHttp2Server, type Http2Server, type IncomingHttpHeaders } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../components/model/model.ts";
import { rateLimitSpec } from "../../components/model/rateLimit.ts";
import type { Traffic } from "../../components/model/servedModel.ts";
import { authorizationPolicySpec, requestAuthenticationSpec } from "../../components/model/tokens.ts";
import {
  destinationRuleSpec,
  entrySpec,
  meshEntrySpec,
  releaseSpec,
  servicePorts,
} from "../../components/model/traffic.ts";
import { sound } from "../components/model/fixtures.ts";
import { eventually } from "./environmentRuns.ts";
import { Mesh } from "./mesh.ts";

// What models emit, on the real istiod with a stock Envoy as gateway and as sidecars.

const istio = "networking.istio.io/v1";
const security = "security.istio.io/v1";
const namespace = "models";
const domain = "models.local";
const grpcStatus = { ok: 0, permissionDenied: 7, resourceExhausted: 8, internal: 13, unauthenticated: 16 } as const;

let mesh: Mesh;
const servers: (Server | Http2Server)[] = [];

beforeAll(async () => {
  mesh = await Mesh.start();
  const port = { number: mesh.gateway.port, name: "http", protocol: "HTTP" };
  await mesh.make(istio, "Gateway", "istio-system", "models", {
    selector: { istio: "ingressgateway" },
    servers: [{ port, bind: mesh.gateway.address, hosts: ["*"] }],
  });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await mesh.stop();
});

/** A model's objects as they are in the middle of a release, with a route for a header that the controller has added. */
async function declare(name: string, traffic: Partial<Traffic>, canaryWeight = 0): Promise<void> {
  const model: Model = { ...sound, traffic: { ...sound.traffic, ...traffic } };
  await mesh.make("v1", "Service", namespace, name, { selector: { app: name }, ports: servicePorts });
  await mesh.make(istio, "DestinationRule", namespace, name, {
    ...destinationRuleSpec(name, namespace, model.traffic),
    subsets: [
      { name: "stable", labels: { app: name, version: "1" } },
      { name: "canary", labels: { app: name, version: "2" } },
    ],
  });
  const release = releaseSpec(name, namespace) as { http: { route: { weight: number }[] }[] };
  for (const [stable, canary] of release.http.map(({ route }) => route)) {
    if (stable !== undefined) stable.weight = 100 - canaryWeight;
    if (canary !== undefined) canary.weight = canaryWeight;
  }
  const host = `${name}.${namespace}.svc.cluster.local`;
  const managed = {
    name: "dark-launch",
    match: [{ headers: { "x-user-group": { exact: "internal-testers" } } }],
    route: [{ destination: { host, port: { number: 8000 }, subset: "canary" } }],
  };
  await mesh.make(istio, "VirtualService", namespace, `${name}-release`, { http: [managed, ...release.http] });
  const at = { namespace, domain, gateway: "istio-system/models" };
  await mesh.make(istio, "VirtualService", namespace, name, entrySpec(name, model, at));
  await mesh.make(istio, "VirtualService", namespace, `${name}-mesh`, meshEntrySpec(name, model, namespace));
}

/** A pod at 127.255.9.<number>, registered as the node agent of an embedded environment does it. */
async function pod(name: string, version: string, number: number): Promise<string> {
  const address = `127.255.9.${number}`;
  const ports = { http: 8000, grpc: 8001 };
  await mesh.make(istio, "WorkloadEntry", namespace, `${name}-${number}`, {
    address,
    labels: { app: name, version },
    ports,
  });
  return address;
}

interface Reply {
  readonly status: number;
  readonly text?: string;
  readonly afterMs?: number;
}

/** A server that answers with what `reply` says now; status 0 resets the connection once the request is there. */
function serveHttp(address: string, port: number, reply: () => Reply): void {
  const server = createServer(async (_, response) => {
    const { status, text = "", afterMs = 0 } = reply();
    await sleep(afterMs);
    if (status === 0) response.socket?.resetAndDestroy();
    else response.writeHead(status).end(text);
  });
  servers.push(server.listen(port, address));
}

/** Answers every call with a status in the headers, as Triton answers an error. */
function serveGrpc(address: string, port: number, status: () => number): void {
  const server = createHttp2Server((_, response) => {
    response.writeHead(200, { "content-type": "application/grpc", "grpc-status": String(status()) }).end();
  });
  servers.push(server.listen(port, address));
}

interface Visit {
  readonly headers?: Record<string, string>;
  /** The address that the client calls from. */
  readonly from?: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

function get(address: string, port: number, host: string, { headers = {}, from }: Visit = {}): Promise<Answer> {
  const options = {
    headers: { ...headers, host },
    agent: false,
    ...(from === undefined ? {} : { localAddress: from }),
  };
  return new Promise((resolve, reject) => {
    request(`http://${address}:${port}/`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, text, retryAfter: response.headers["retry-after"] }),
      );
    })
      .once("error", reject)
      .end();
  });
}

/** One gRPC call; resolves with its gRPC status. */
function call(address: string, port: number, authority: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}:${port}`);
    session.once("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": "/inference.GRPCInferenceService/ModelInfer",
      ":authority": authority,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const seen: IncomingHttpHeaders = {};
    stream.on("response", (found) => Object.assign(seen, found)).on("trailers", (found) => Object.assign(seen, found));
    stream.once("error", reject).once("close", () => {
      session.close();
      resolve(Number(seen["grpc-status"]));
    });
    stream.resume().end();
  });
}

const visit = (name: string, how?: Visit) => get(mesh.gateway.address, mesh.gateway.port, `${name}.${domain}`, how);
const callAtGateway = (name: string, headers?: Record<string, string>) =>
  call(mesh.gateway.address, mesh.gateway.port, `${name}.${domain}`, headers);

async function atOnce<T>(many: number, one: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: many }, one));
}

async function inTurn<T>(many: number, one: () => Promise<T>): Promise<T[]> {
  const found: T[] = [];
  for (let index = 0; index < many; index += 1) found.push(await one());
  return found;
}

const count = <T>(found: readonly T[], wanted: T) => found.filter((one) => one === wanted).length;

/** Until the gateway knows the model and its pods. */
async function reachable(name: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) await eventually(async () => expect((await visit(name)).text).toBe(text));
}

describe("the rate limit", () => {
  const limit = 20;
  const burst = 10 * limit;
  /** A client's bucket is full again after a second. */
  const refilled = () => sleep(1_500);

  beforeAll(async () => {
    for (const [index, name] of ["limited", "open"].entries()) {
      await declare(name, {});
      for (const [offset, version] of ["1", "2"].entries()) {
        const address = await pod(name, version, 10 * index + offset + 1);
        serveHttp(address, 8000, () => ({ status: 200, text: version }));
        serveGrpc(address, 8001, () => grpcStatus.ok);
      }
    }
    await mesh.make(
      "networking.istio.io/v1alpha3",
      "EnvoyFilter",
      "istio-system",
      "models-limited-rate-limit",
      rateLimitSpec(
        "models-limited-rate-limit",
        `limited.${domain}`,
        { requestsPerSecond: limit },
        { selector: { istio: "ingressgateway" } },
      ),
    );
    await reachable("limited", ["1"]);
    await reachable("open", ["1"]);
    await eventually(async () => {
      const answers = await atOnce(burst, () => visit("limited"));
      expect(answers.map(({ status }) => status)).toContain(429);
    });
  });

  /** As many requests as ten seconds have tokens for, and the most that may be served while they are on their way. */
  async function burstOf<T>(one: () => Promise<T>): Promise<{ found: T[]; most: number }> {
    await refilled();
    const began = performance.now();
    const found = await atOnce(burst, one);
    const elapsedSeconds = (performance.now() - began) / 1_000;
    return { found, most: limit * (1 + elapsedSeconds) + 1 };
  }

  it("answers what is too many with 429 and when to come back", async () => {
    const { found, most } = await burstOf(() => visit("limited"));
    const refused = found.filter(({ status }) => status !== 200);
    const served = burst - refused.length;
    expect(served).toBeGreaterThanOrEqual(limit);
    expect(served).toBeLessThanOrEqual(most);
    expect(refused).toEqual(refused.map(() => ({ status: 429, text: "local_rate_limited", retryAfter: "1" })));
  });

  it("holds on a route that the Rollouts controller added", async () => {
    const { found, most } = await burstOf(() => visit("limited", { headers: { "x-user-group": "internal-testers" } }));
    const served = found.filter(({ status }) => status === 200);
    expect(new Set(served.map(({ text }) => text))).toEqual(new Set(["2"]));
    expect(served.length).toBeLessThanOrEqual(most);
    expect(found.length - served.length).toBe(found.filter(({ status }) => status === 429).length);
  });

  it("is RESOURCE_EXHAUSTED over gRPC", async () => {
    const { found, most } = await burstOf(() => callAtGateway("limited"));
    expect(new Set(found)).toEqual(new Set([grpcStatus.ok, grpcStatus.resourceExhausted]));
    expect(count(found, grpcStatus.ok)).toBeLessThanOrEqual(most);
  });

  it("counts each client by the address it connects from, whatever it says of itself", async () => {
    let sent = 0;
    const { found, most } = await burstOf(() => {
      sent += 1;
      return visit("limited", sent % 2 === 0 ? {} : { headers: { "x-forwarded-for": "10.1.2.3" } });
    });
    // With a bucket for what a client says of itself, it would be served twice as often.
    expect(found.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(most);
    expect((await visit("limited", { from: "127.255.0.99" })).status).toBe(200);
    const [another] = await Promise.all([
      visit("limited", { from: "127.255.0.98" }),
      atOnce(burst, () => visit("limited")),
    ]);
    expect(another.status).toBe(200);
  });

  it("is that of one model", async () => {
    const statuses = (await atOnce(burst, () => visit("open"))).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

describe("a pod that goes on failing", () => {
  /** Long enough for the next look of the outlier detection, and for either pod to have its turn. */
  const turns = 40;

  it("gets no requests after three failures in a row, over HTTP and gRPC, and the last pod of a version keeps its own", async () => {
    await declare("outlier", { rateLimit: "none" });
    const failing = { http: new Set<string>(), grpc: new Set<string>() };
    const pods = [await pod("outlier", "1", 31), await pod("outlier", "1", 32)];
    for (const address of pods) {
      serveHttp(address, 8000, () => ({ status: failing.http.has(address) ? 500 : 200, text: address }));
      serveGrpc(address, 8001, () => (failing.grpc.has(address) ? grpcStatus.internal : grpcStatus.ok));
    }
    const [bad = "", good = ""] = pods;
    await reachable("outlier", [bad, good]);
    expect(await callAtGateway("outlier")).toBe(grpcStatus.ok);

    failing.http.add(bad);
    failing.grpc.add(bad);
    const statuses = (await inTurn(turns, () => visit("outlier"))).map(({ status }) => status);
    expect(count(statuses, 500)).toBe(3);
    expect(count(await inTurn(turns, () => callAtGateway("outlier")), grpcStatus.internal)).toBe(3);

    failing.http.add(good);
    const last = await inTurn(turns, () => visit("outlier"));
    expect(new Set(last.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set([`500 ${good}`]));
  });
});

describe("requests that a version cannot take", () => {
  it("are refused at once when as many wait as may", async () => {
    await declare("slow", { rateLimit: "none", connectionPool: { http2MaxRequests: 2 } });
    const address = await pod("slow", "1", 41);
    let afterMs = 0;
    serveHttp(address, 8000, () => ({ status: 200, text: "slow", afterMs }));
    await reachable("slow", ["slow"]);
    afterMs = 3_000;
    const order: number[] = [];
    const noted = async () => order.push((await visit("slow")).status);
    const waits = atOnce(2, noted);
    await sleep(1_000);
    await noted();
    await waits;
    expect(order).toEqual([503, 200, 200]);
  });

  it("are given up after the model's timeout", async () => {
    await declare("late", { rateLimit: "none", timeout: "500ms" });
    serveHttp(await pod("late", "1", 42), 8000, () => ({ status: 200, text: "late", afterMs }));
    let afterMs = 0;
    await reachable("late", ["late"]);
    afterMs = 3_000;
    expect((await visit("late")).status).toBe(504);
  });

  it.each([
    ["once where an inference may not run twice", "counted", {}, 1],
    ["again where it may", "repeated", { retries: { attempts: 1, afterFailures: true } }, 2],
  ] as const)("have reached a pod %s, when the pod resets the connection", async (_, name, traffic, times) => {
    await declare(name, { rateLimit: "none", outlierDetection: "none", ...traffic });
    const address = await pod(name, "1", times === 1 ? 43 : 44);
    let resets = false;
    let reached = 0;
    serveHttp(address, 8000, () => {
      reached += 1;
      return { status: resets ? 0 : 200, text: "served" };
    });
    await reachable(name, ["served"]);
    resets = true;
    reached = 0;
    expect((await visit(name)).status).toBe(503);
    expect(reached).toBe(times);
  });
});

describe("callers in the mesh, and tokens", () => {
  const caller = "127.255.9.90";
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" };
  const jwt = {
    issuer: "https://auth.example.com",
    audiences: ["models"],
    jwks: JSON.stringify({ keys: [jwk] }),
  };

  const bearer = (claims: { iss?: string; aud?: string; exp?: number }, key = privateKey) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;
    const body = { iss: jwt.issuer, aud: "models", exp: inAnHour, ...claims };
    const signed = `${part({ alg: "RS256", kid: "one", typ: "JWT" })}.${part(body)}`;
    return `Bearer ${signed}.${createSign("RSA-SHA256").update(signed).sign(key).toString("base64url")}`;
  };

  /** The sidecar of a pod takes its ports and passes on to those of the server behind it. */
  async function sidecarOf(name: string, version: string, number: number): Promise<void> {
    const address = await pod(name, version, number);
    const ingress = ([8000, 8001] as const).map((port) => ({
      port: { number: port, protocol: port === 8000 ? "HTTP" : "GRPC", name: `port-${port}` },
      bind: address,
      captureMode: "NONE",
      defaultEndpoint: `0.0.0.0:1${port}`,
    }));
    const labels = { app: name, version };
    await mesh.make(istio, "Sidecar", namespace, `${name}-${version}`, {
      workloadSelector: { labels },
      ingress,
      egress: [{ hosts: ["~/*"] }],
    });
    serveHttp(address, 18_000, () => ({ status: 200, text: version }));
    serveGrpc(address, 18_001, () => grpcStatus.ok);
    await mesh.sidecar(`${name}-${version}`, address, labels);
  }

  const byService = (name: string, headers: Record<string, string> = {}) =>
    get(caller, 8000, `${name}.${namespace}.svc.cluster.local:8000`, { headers });

  beforeAll(async () => {
    await declare("guarded", { rateLimit: "none" }, 0);
    await sidecarOf("guarded", "1", 51);
    await sidecarOf("guarded", "2", 52);
    await mesh.make(security, "RequestAuthentication", namespace, "guarded", requestAuthenticationSpec("guarded", jwt));
    await mesh.make(security, "AuthorizationPolicy", namespace, "guarded", authorizationPolicySpec("guarded", jwt));
    await declare("shifted", { rateLimit: "none" }, 100);
    for (const [index, version] of ["1", "2"].entries()) {
      const address = await pod("shifted", version, 61 + index);
      serveHttp(address, 8000, () => ({ status: 200, text: version }));
      serveGrpc(address, 8001, () => (version === "2" ? grpcStatus.ok : grpcStatus.internal));
    }
    await mesh.make(istio, "Sidecar", namespace, "caller", {
      workloadSelector: { labels: { app: "caller" } },
      egress: ([8000, 8001] as const).map((port) => ({
        port: { number: port, protocol: port === 8000 ? "HTTP" : "GRPC", name: `port-${port}` },
        bind: caller,
        captureMode: "NONE",
        hosts: ["./*"],
      })),
    });
    await mesh.sidecar("caller", caller, { app: "caller" });
    await eventually(async () => expect((await byService("shifted")).status).toBe(200));
    await eventually(async () => expect((await byService("guarded")).status).toBe(403));
  });

  it("callers in the mesh who name the Service take the routes of the release, over HTTP and gRPC", async () => {
    const answers = await inTurn(20, () => byService("shifted"));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["2"]));
    expect((await get(caller, 8000, `shifted.${namespace}:8000`)).text).toBe("2");
    const statuses = await inTurn(20, () => call(caller, 8001, `shifted.${namespace}.svc.cluster.local:8001`));
    expect(new Set(statuses)).toEqual(new Set([grpcStatus.ok]));
    const right = { authorization: bearer({}) };
    expect((await byService("guarded", right)).text).toBe("1");
    expect((await byService("guarded", { ...right, "x-user-group": "internal-testers" })).text).toBe("2");
  });

  it("the gateway does not know a model by its Service's name", async () => {
    const host = `shifted.${namespace}.svc.cluster.local`;
    expect((await get(mesh.gateway.address, mesh.gateway.port, host)).status).toBe(404);
  });

  const strangers = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  it.each<[string, () => Record<string, string>, number, number]>([
    ["the right one", () => ({ authorization: bearer({}) }), 200, grpcStatus.ok],
    ["none", () => ({}), 403, grpcStatus.permissionDenied],
    ["one that is no token", () => ({ authorization: "Bearer a.b.c" }), 401, grpcStatus.unauthenticated],
    [
      "one that somebody else signed",
      () => ({ authorization: bearer({}, strangers) }),
      401,
      grpcStatus.unauthenticated,
    ],
    ["an old one", () => ({ authorization: bearer({ exp: 1_000_000_000 }) }), 401, grpcStatus.unauthenticated],
    [
      "one of another issuer",
      () => ({ authorization: bearer({ iss: "https://other.example.com" }) }),
      401,
      grpcStatus.unauthenticated,
    ],
    ["one for another service", () => ({ authorization: bearer({ aud: "shop" }) }), 403, grpcStatus.permissionDenied],
  ])("pods of both versions answer a token: %s", async (_, headers, status, overGrpc) => {
    const testers = { ...headers(), "x-user-group": "internal-testers" };
    const answers = [
      await visit("guarded", { headers: headers() }),
      await visit("guarded", { headers: testers }),
      await byService("guarded", headers()),
      await byService("guarded", testers),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, status, status]);
    expect(await callAtGateway("guarded", headers())).toBe(overGrpc);
    expect(await call(caller, 8001, `guarded.${namespace}.svc.cluster.local:8001`, headers())).toBe(overGrpc);
  });

  it("models without a token's rule take requests with and without one", async () => {
    expect((await visit("shifted", { headers: { authorization: "Bearer a.b.c" } })).status).toBe(200);
    expect((await visit("shifted")).status).toBe(200);
  });
});

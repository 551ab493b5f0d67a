import { createServer, request, type Server } from "node:http";
import { connect, createServer as createHttp2Server, type Http2Server } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failedRequests } from "../../components/model/analysis/counters.ts";
import { destinationRuleSpec, entrySpec, releaseSpec, servicePorts } from "../../components/model/traffic.ts";
import { gatewayTelemetry } from "../../components/platform/istio.ts";
import { gatewayMetrics } from "../../embedded/mesh/gatewayMetrics.ts";
import { sound } from "../components/model/fixtures.ts";
import { eventually } from "./environmentRuns.ts";
import { Mesh } from "./mesh.ts";
import { counted, istioSamples, type Sample } from "./proxyStatistics.ts";

// What the gateway counts of a release, on the real istiod with a stock Envoy as gateway.

const istio = "networking.istio.io/v1";
const namespace = "models";
const timeoutMs = 500;
let mesh: Mesh;
const servers: (Server | Http2Server)[] = [];

beforeAll(async () => {
  mesh = await Mesh.start();
  const port = { number: mesh.gateway.port, name: "http", protocol: "HTTP" };
  await mesh.make(istio, "Gateway", "istio-system", "models", {
    selector: { istio: "ingressgateway" },
    servers: [{ port, bind: mesh.gateway.address, hosts: ["*"] }],
  });
  const { apiVersion, kind, metadata, spec } = gatewayMetrics() as ReturnType<typeof gatewayMetrics> & {
    spec: unknown;
  };
  await mesh.make(apiVersion, kind, metadata.namespace ?? "", metadata.name, spec);
});

afterAll(async () => {
  for (const server of servers) server.close();
  await mesh.stop();
});

/** A model in the middle of a release: half of its requests go to the canary at an address. */
async function declare(name: string, canary: string | undefined): Promise<void> {
  await mesh.make("v1", "Service", namespace, name, { selector: { app: name }, ports: servicePorts });
  await mesh.make(istio, "DestinationRule", namespace, name, {
    ...destinationRuleSpec(name, namespace, sound.traffic),
    subsets: [
      { name: "stable", labels: { app: name, version: "1" } },
      { name: "canary", labels: { app: name, version: "2" } },
    ],
  });
  const release = releaseSpec(name, namespace) as { http: { route: { weight: number }[] }[] };
  for (const [stable, version] of release.http.map(({ route }) => route)) {
    if (stable !== undefined) stable.weight = 0;
    if (version !== undefined) version.weight = 100;
  }
  await mesh.make(istio, "VirtualService", namespace, `${name}-release`, release);
  const model = { ...sound, traffic: { ...sound.traffic, timeout: `${timeoutMs}ms` as const } };
  const at = { namespace, domain: "models.local", gateway: "istio-system/models" };
  await mesh.make(istio, "VirtualService", namespace, name, entrySpec(name, model, at));
  if (canary === undefined) return;
  await mesh.make(istio, "WorkloadEntry", namespace, `${name}-2`, {
    address: canary,
    labels: { app: name, version: "2" },
    ports: { http: 8000, grpc: 8001 },
  });
}

/** Status 0: no answer. */
function serve(address: string, status: () => number): void {
  const server = createServer((_, response) => {
    if (status() > 0) response.writeHead(status()).end();
  });
  servers.push(server.listen(8_000, address));
  const grpc = createHttp2Server((_, response) => {
    if (status() > 0) response.writeHead(200, { "content-type": "application/grpc", "grpc-status": "13" }).end();
  });
  servers.push(grpc.listen(8_001, address));
}

const call = (name: string, giveUpMs = 5_000): Promise<number> =>
  new Promise((resolve) => {
    const { address, port } = mesh.gateway;
    const sent = request({ host: address, port, path: "/", headers: { host: `${name}.models.local` }, agent: false });
    sent.setTimeout(giveUpMs, () => sent.destroy());
    sent.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", () => resolve(0));
    sent.end();
  });

const callGrpc = (name: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const session = connect(`http://${mesh.gateway.address}:${mesh.gateway.port}`);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": "/inference.GRPCInferenceService/ModelInfer",
      ":authority": `${name}.models.local`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("response", (headers) => resolve(String(headers["grpc-status"])));
    stream.on("error", reject);
    stream.on("close", () => session.close());
    stream.resume();
    stream.end();
  });

const samples = (): Promise<Sample[]> => istioSamples(`${mesh.gateway.address}:15000`);
const undelivered = async (name: string, version: "canary" | "stable" = "canary") => {
  const { gateway } = failedRequests({ name, namespace })[version].bad;
  return counted(await samples(), gateway);
};

it("Istio's definitions accept the label that the platform adds to its own gateway's metrics", async () => {
  await mesh.make("telemetry.istio.io/v1", "Telemetry", "istio-system", "models", gatewayTelemetry);
});

describe("the gateway counts as failures of the canary", () => {
  it("requests that it gave up after the timeout, over HTTP and gRPC", async () => {
    let status = 200;
    serve("127.255.8.1", () => status);
    await declare("hanging", "127.255.8.1");
    await eventually(async () => expect(await call("hanging")).toBe(200));
    await eventually(async () => expect(await callGrpc("hanging")).toBe("13"));
    expect(await undelivered("hanging")).toBe(0);

    status = 0;
    expect(await call("hanging")).toBe(504);
    expect(await callGrpc("hanging")).not.toBe("0");
    await eventually(async () => expect(await undelivered("hanging")).toBe(2));
    expect(await undelivered("hanging", "stable")).toBe(0);

    // A caller that does not wait is no failure.
    expect(await call("hanging", 100)).toBe(0);
    status = 500;
    expect(await call("hanging")).toBe(500);
    status = 400;
    expect(await call("hanging")).toBe(400);
    expect(await undelivered("hanging")).toBe(2);
  });

  it("requests for which there is no pod, and those whose pod cannot be reached", async () => {
    await declare("absent", undefined);
    const isUndelivered = async (name: string) => {
      // Again each time: a route without its cluster yet answers 503, too, and says nothing of a cluster.
      expect(await call(name)).toBe(503);
      expect(await undelivered(name)).toBeGreaterThan(0);
    };
    await eventually(() => isUndelivered("absent"));

    await declare("refusing", "127.255.8.2");
    await eventually(() => isUndelivered("refusing"));
    // A request is counted a moment after its answer.
    await sleep(500);
    const before = await undelivered("refusing");
    expect(await call("refusing")).toBe(503);
    // Retries of a connection are one request.
    await eventually(async () => expect(await undelivered("refusing")).toBe(before + 1));
  });
});

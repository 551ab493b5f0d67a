import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AgentClient } from "../../embedded/nodeAgent/agentClient.ts";
import { type PodHost, PodWorker } from "../../embedded/nodeAgent/podWorker.ts";
import type { Sidecars } from "../../embedded/nodeAgent/sidecar.ts";
import { tritonPod } from "../embedded/nodeAgent/pods.ts";

const address = "127.0.0.9";
let directory: string;
let sidecar: Server;
let worker: PodWorker | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "serin-drain-"));
  mkdirSync(join(directory, "store/fraud/1"), { recursive: true });
});

afterEach(async () => {
  worker?.abandon();
  await worker?.done;
  sidecar.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A server that answers Triton's probes on the port it is given, also after SIGTERM: it has requests to finish. */
function serverThatFinishesItsRequests(): string {
  const path = join(directory, "tritonserver");
  const script = `#!${process.execPath}
const port = process.argv.find((word) => word.startsWith("--http-port=")).split("=")[1];
require("node:http").createServer((_request, response) => response.end()).listen(Number(port), "${address}");
process.on("SIGTERM", () => setTimeout(() => process.exit(0), 2_500));
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

/** Runs a pod whose server is ready, and returns what the node agent has told the mesh of it, in order. */
async function readyPod() {
  const plain = tritonPod("a");
  const [container] = plain.spec?.containers ?? [];
  if (container === undefined) throw new Error("no container");
  const readinessProbe = { httpGet: { path: "/v2/health/ready", port: "http" }, periodSeconds: 1 };
  const pod: V1Pod = {
    ...plain,
    spec: { ...plain.spec, terminationGracePeriodSeconds: 10, containers: [{ ...container, readinessProbe }] },
  };
  const told: string[] = [];
  const cluster: Partial<AgentClient> = {
    claim: async () => ({ spec: { volumeName: "pv" }, status: { phase: "Bound" } }),
    volume: async () => ({ spec: { hostPath: { path: join(directory, "store") } } }),
    patchPodStatus: async () => undefined,
    warn: async () => undefined,
    register: async () => void told.push("register"),
    withdraw: async () => void told.push("withdraw"),
    removePod: async () => void told.push("remove pod"),
  };
  const sidecars = {
    add: async ({ ports }: { ports: { http: number } }) => {
      sidecar = createServer().listen(ports.http, address);
      return { stats: `${address}:15090` };
    },
    remove: async () => undefined,
  };
  worker = new PodWorker(pod, {
    cluster: cluster as AgentClient,
    sidecars: sidecars as unknown as Sidecars,
    loopback: { allocate: () => address, release: () => undefined } as unknown as PodHost["loopback"],
    triton: { bin: serverThatFinishesItsRequests(), backends: "", env: {} },
    podsDirectory: join(directory, "pods"),
    logsDirectory: join(directory, "logs"),
    sharedMemoryPrefix: "serin-drain-test-",
    onScrapeChange: () => undefined,
    log: () => undefined,
  });
  await vi.waitFor(() => expect(told).toEqual(["register"]), { timeout: 10_000, interval: 50 });
  return { worker, pod, told };
}

describe("a pod that ends", () => {
  it("leaves the mesh once and stays out, though its server answers probes until it has finished", async () => {
    const { worker, pod, told } = await readyPod();
    const metadata = { ...pod.metadata, deletionTimestamp: new Date(), deletionGracePeriodSeconds: 10 };
    worker.update({ ...pod, metadata });
    await worker.done;
    expect(told).toEqual(["register", "withdraw", "remove pod"]);
  });
});

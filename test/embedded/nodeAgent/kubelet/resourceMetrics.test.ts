import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { matchesLabels } from "../../../../embedded/nodeAgent/kubelet/labelQuery.ts";
import { memoryOf, parseUsage } from "../../../../embedded/nodeAgent/kubelet/processUsage.ts";
import { ResourceMetrics } from "../../../../embedded/nodeAgent/kubelet/resourceMetrics.ts";
import type { ServedPod } from "../../../../embedded/nodeAgent/kubelet/servedPod.ts";

const root = "/apis/metrics.k8s.io/v1beta1";
let children: ChildProcess[] = [];
let pods: ServedPod[] = [];
let server: Server;
const metrics = () =>
  new ResourceMetrics({
    pods: () => pods,
    nodes: async () => [
      { name: "cpu-1", labels: { tier: "cpu" } },
      { name: "gpu-1", labels: { tier: "gpu" } },
    ],
  });
let measured: ResourceMetrics;

beforeEach(async () => {
  measured = metrics();
  server = createServer((request, response) => void measured.answer(new URL(request.url ?? "", "http://a"), response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  measured.stop();
  server.close();
  for (const { pid } of children) if (pid !== undefined) process.kill(-pid, "SIGKILL");
  children = [];
  pods = [];
});

/** A pod whose processes run a shell script. */
async function running(name: string, script: string, node = "cpu-1"): Promise<ServedPod> {
  const child = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  await once(child.stdout, "data");
  const processes = { container: "triton", processGroup: child.pid ?? 0, directory: "/", env: {}, address: "" };
  return {
    ...{ namespace: "models", name, labels: { app: name }, node, createdAt: "2026-11-28T08:00:00Z" },
    log: () => undefined,
    server: { ...processes, ports: new Map(), ended: new AbortController().signal },
  };
}

async function read(path: string) {
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${root}${path}`);
  return { status: answer.status, body: (await answer.json()) as never };
}

const cores = (usage: { cpu: string }) => Number(usage.cpu.replace(/n$/, "")) / 1e9;
const kibibytes = (usage: { memory: string }) => Number(usage.memory.replace(/Ki$/, ""));
interface Item {
  metadata: { name: string };
  containers: { name: string; usage: { cpu: string; memory: string } }[];
  usage: { cpu: string; memory: string };
}

describe("what kubectl top reads", () => {
  it("is the CPU and memory of all processes of a pod, and a node's is that of its pods", {
    timeout: 20_000,
  }, async () => {
    // The work is in a child, as that of a Python model is.
    pods = [
      await running("busy", "(echo; while :; do :; done) & wait"),
      await running("idle", "echo; sleep 60", "gpu-1"),
    ];
    measured.start();
    expect((await read("/pods")).body).toMatchObject({ kind: "PodMetricsList", items: [] });
    const items = await vi.waitFor(
      async () => {
        const { items } = (await read("/namespaces/models/pods")).body as { items: Item[] };
        expect(items).toHaveLength(2);
        return items;
      },
      { timeout: 10_000, interval: 200 },
    );
    const [busy, idle] = items.map(({ containers }) => containers[0]?.usage ?? { cpu: "", memory: "" });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["busy", "idle"]);
    if (busy === undefined || idle === undefined) throw new Error("expected two pods");
    expect(cores(busy)).toBeGreaterThan(0.02);
    expect(cores(idle)).toBeLessThan(0.02);
    expect(kibibytes(idle)).toBeGreaterThan(50);
    const nodes = ((await read("/nodes")).body as { items: Item[] }).items;
    expect(nodes.map(({ metadata }) => metadata.name)).toEqual(["cpu-1", "gpu-1"]);
    expect(cores(nodes[0]?.usage ?? busy)).toBeGreaterThan(0.02);
    expect(kibibytes(nodes[1]?.usage ?? busy)).toBeGreaterThan(50);
    expect((await read("/namespaces/models/pods?labelSelector=app%3Didle")).body).toMatchObject({
      items: [{ metadata: { name: "idle" } }],
    });
    expect((await read("/pods?fieldSelector=metadata.name%3Dbusy")).body).toMatchObject({
      items: [{ metadata: { name: "busy" } }],
    });
    expect((await read("/namespaces/models/pods/idle")).body).toMatchObject({
      kind: "PodMetrics",
      window: expect.stringMatching(/^[\d.]+s$/),
    });
    expect((await read("/namespaces/other/pods")).body).toMatchObject({ items: [] });
  });

  it("is described, without types, for the API server that asks every API", async () => {
    for (const [path, expected] of [
      ["/openapi/v2", { swagger: "2.0" }],
      ["/openapi/v3", { paths: {} }],
    ] as const) {
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
      expect([answer.status, await answer.json()]).toMatchObject([200, expected]);
    }
  });

  it("is nothing of a pod whose process does not run", async () => {
    const pod = await running("gone", "echo; sleep 60");
    pods = [{ ...pod, server: undefined }];
    measured.start();
    expect((await read("/pods")).body).toMatchObject({ items: [] });
    expect((await read("/namespaces/models/pods/gone")).status).toBe(404);
  });
});

describe("what /proc says", () => {
  it("is read past a program's name", () => {
    const fields = ["S", "1", "77", "77", "0", "-1", "4194560", "1", "0", "0", "0", "10", "20", "3", "4", "20", "0"];
    expect(parseUsage(`123 (a) b (c d) ${fields.join(" ")}`)).toEqual({ group: 77, ticks: 37 });
    expect(parseUsage("")).toBeUndefined();
  });

  it("counts no memory of a process that has ended", () => {
    expect(memoryOf([2 ** 22 + 1])).toBe(0);
    expect(memoryOf([process.pid])).toBeGreaterThan(10_000_000);
  });
});

it.each([
  ["", true],
  ["app=fraud", true],
  ["app==fraud,version!=2", true],
  ["app=other", false],
  ["version in (1, 3)", true],
  ["version notin (1,3),app", false],
  ["!canary,app", true],
  ["canary", false],
  ["serin.dev/server=triton", true],
  ["a=b=c", false],
])("the selector %s", (selector, expected) => {
  expect(matchesLabels(selector, { app: "fraud", version: "1", "serin.dev/server": "triton" })).toBe(expected);
});

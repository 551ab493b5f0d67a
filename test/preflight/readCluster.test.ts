import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSilentServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readCluster } from "../../preflight/readCluster.ts";

// What never answers is given up in a moment; the tests look at what is said then.
vi.mock(import("../../engine/kubernetes/patience.ts"), () => ({ patience: { known: 300, unknown: 300 } }));

const signal = new AbortController().signal;
const access = [
  { verb: "create", group: "", resource: "namespaces" },
  { verb: "escalate", group: "rbac.authorization.k8s.io", resource: "clusterroles" },
];
let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

/** What an API server answers by path; anything else is empty. */
const answers: Readonly<Record<string, unknown>> = {
  "/version": { gitVersion: "v1.35.3" },
  "/api/v1/nodes": {
    items: [
      {
        metadata: { name: "gpu-1", labels: { a: "b" } },
        spec: { taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }], providerID: "kind://x" },
        status: {
          capacity: { cpu: "8" },
          allocatable: { cpu: "7910m" },
          nodeInfo: { osImage: "Ubuntu 24.04.3 LTS", kubeletVersion: "v1.35.3" },
          conditions: [{ type: "Ready", status: "True" }],
        },
      },
    ],
  },
  "/apis": {
    items: [
      {
        metadata: { name: "argoproj.io" },
        versions: [{ version: "v1alpha1", resources: [{ resource: "rollouts" }] }],
      },
    ],
  },
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
    items: [
      {
        metadata: {
          name: "rollouts.argoproj.io",
          managedFields: [{ manager: "helm" }, { manager: "kube-apiserver" }, { manager: "helm" }],
        },
      },
    ],
  },
  "/apis/apps/v1/deployments": {
    items: [
      { metadata: { namespace: "istio-system", name: "istiod", labels: { "app.kubernetes.io/version": "1.30.5" } } },
      { metadata: { namespace: "a", name: "b" } },
    ],
  },
  "/api/v1/services": {
    items: [
      { metadata: { namespace: "a", name: "inside" }, spec: { type: "ClusterIP" } },
      {
        metadata: { namespace: "a", name: "outside" },
        spec: { type: "LoadBalancer", ports: [{ port: 80, nodePort: 30080 }] },
        status: { loadBalancer: { ingress: [{ ip: "10.0.0.9" }] } },
      },
    ],
  },
  "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases": {
    items: [
      { metadata: { name: "gpu-1" }, spec: { renewTime: "2026-11-22T12:00:00.000001Z", leaseDurationSeconds: 40 } },
    ],
  },
};

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const created = createServer({ keepAlive: false }, answer);
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  return kubeconfig((created.address() as AddressInfo).port);
}

function kubeconfig(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: { token: "t0ken" } }],
    contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
    "current-context": "one",
  });
}

/** An API server that refuses some paths. */
function apiServer(refused: readonly string[] = []) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    if (refused.includes(path)) response.writeHead(403).end('{"message":"nodes is forbidden"}');
    else if (request.method === "POST") review(request, response);
    else response.end(JSON.stringify(answers[path] ?? { items: [] }));
  };
}

/** Everything but `escalate` is allowed. */
function review(request: IncomingMessage, response: ServerResponse): void {
  let text = "";
  request.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  request.on("end", () => {
    const { spec } = JSON.parse(text) as { spec: { resourceAttributes: { verb: string } } };
    response.writeHead(201).end(JSON.stringify({ status: { allowed: spec.resourceAttributes.verb !== "escalate" } }));
  });
}

describe("what an API server says", () => {
  it("becomes plain facts, its clock and the person's rights among them", async () => {
    const { api } = await readCluster(await serve(apiServer()), { signal, access });
    expect(JSON.parse(JSON.stringify(api))).toEqual(api);
    expect(api).toMatchObject({ reachable: true, version: "v1.35.3", refused: {} });
    if (!api.reachable) return;
    expect(api.clock?.server).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(Math.abs(Date.parse(api.clock?.server ?? "") - Date.now())).toBeLessThan(10_000);
    expect(api.contents).toMatchObject({
      nodes: [
        {
          name: "gpu-1",
          labels: { a: "b" },
          taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }],
          unschedulable: false,
          providerId: "kind://x",
          capacity: { cpu: "8" },
          conditions: { Ready: "True" },
        },
      ],
      access: [{ allowed: true }, { verb: "escalate", allowed: false }],
      definitions: [{ name: "rollouts.argoproj.io", versions: ["v1alpha1"], managers: ["helm"] }],
      deployments: [
        { namespace: "istio-system", name: "istiod", version: "1.30.5" },
        { namespace: "a", name: "b" },
      ],
      services: [
        { namespace: "a", name: "outside", type: "LoadBalancer", ports: [80], nodePorts: [30080], hasAddress: true },
      ],
      leases: [{ node: "gpu-1", durationSeconds: 40 }],
      storageClasses: [],
    });
  });

  it("is told apart from what it refuses to say", async () => {
    const { api } = await readCluster(await serve(apiServer(["/api/v1/nodes"])), { signal, access });
    if (!api.reachable) throw new Error(api.reason);
    expect(api.refused).toEqual({ nodes: "nodes is forbidden" });
    expect(api.contents.nodes).toBeUndefined();
    expect(api.contents.namespaces).toEqual([]);
  });
});

describe("a server is out of reach", () => {
  const reach = async (text: string, first = 2_000) =>
    (await readCluster(text, { signal, access, timeoutsMs: { first, all: 2_000 } })).api;

  it("when nothing listens", { timeout: 20_000 }, async () => {
    const text = await serve(() => {});
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    const api = await reach(text, 10_000);
    expect(api).toMatchObject({ reachable: false });
    expect(JSON.stringify(api)).toContain("ECONNREFUSED");
  });

  it("when it says nothing in time", async () => {
    const silent = createSilentServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const api = await reach(kubeconfig((silent.address() as AddressInfo).port), 200);
    expect(api).toEqual({ reachable: false, reason: "no answer within 0.2 s" });
    silent.close();
  });

  it("when it does not know who asks", async () => {
    const api = await reach(await serve((_, response) => response.writeHead(401).end('{"message":"Unauthorized"}')));
    expect(api).toEqual({ reachable: false, reason: "Unauthorized" });
  });

  it("when the kubeconfig leads nowhere", async () => {
    const { server: named, api } = await readCluster("{}", { signal, access });
    expect(named).toBe("kubeconfig");
    expect(api).toMatchObject({ reachable: false });
  });
});

it("ends with the run", async () => {
  const text = await serve(() => {});
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("ended")), 20);
  await expect(readCluster(text, { signal: controller.signal, access })).rejects.toThrow("ended");
});

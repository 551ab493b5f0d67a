import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import type { Invocation } from "../../cli/run.ts";
import { doctor } from "../../cli/verbs/doctor.ts";
import { kubeconfigOf } from "../engine/kubernetes/kubeconfig.fixture.ts";

// What never answers is given up in a moment.
vi.mock(import("../../engine/kubernetes/patience.ts"), () => ({ patience: { known: 300, unknown: 300 } }));

const folder = mkdtempSync(join(tmpdir(), "serin-doctor-"));
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const shown: Invocation = { signal: new AbortController().signal, json: false };
const iso = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1_000).toISOString();
const running = (name: string) => ({
  name,
  ready: true,
  started: true,
  restartCount: 0,
  state: { running: { startedAt: iso(600) } },
  lastState: {},
});
const list = (...items: readonly object[]) => ({ items });
const virtualService = (name: string, spec: object) => ({ metadata: { name, namespace: "models" }, spec });
const deployment = (namespace: string, name: string, labels: object, readyReplicas: number) => ({
  metadata: { namespace, name, labels },
  spec: { replicas: 2, template: {} },
  status: {
    readyReplicas,
    conditions: [
      {
        type: "Available",
        status: readyReplicas > 0 ? "True" : "False",
        message: "Deployment does not have minimum availability.",
      },
    ],
  },
});

/** A cluster with one model that serves; what the API answers, by the end of its path. */
const sound: Readonly<Record<string, unknown>> = {
  "/namespaces/models/pods": list({
    metadata: {
      name: "fraud-a-1",
      namespace: "models",
      uid: "u",
      creationTimestamp: iso(600),
      labels: { app: "fraud", version: "1", "rollouts-pod-template-hash": "a" },
    },
    spec: { nodeName: "n1" },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [running("istio-proxy"), running("triton")],
    },
  }),
  "/rollouts/fraud": {
    metadata: { name: "fraud", generation: 1 },
    spec: { replicas: 1, template: { metadata: { labels: { version: "1" } } } },
    status: { phase: "Healthy", readyReplicas: 1, stableRS: "a", currentPodHash: "a", observedGeneration: "1" },
  },
  "/events": list(),
  "/nodes": list({
    metadata: { name: "n1" },
    spec: {},
    status: { conditions: [{ type: "Ready", status: "True" }], allocatable: { "nvidia.com/gpu": "4" } },
  }),
  "/analysisruns": list(),
  "/virtualservices": list(
    virtualService("fraud", { hosts: ["fraud.models.local"], gateways: ["istio-ingress/models"] }),
    virtualService("fraud-release", {}),
  ),
  "/gateways": list({
    metadata: { name: "models", namespace: "istio-ingress" },
    spec: { servers: [{ hosts: ["*.models.local"] }] },
  }),
  "/certificates": list({
    metadata: { namespace: "istio-ingress", name: "models" },
    status: { notAfter: iso(-86_400), conditions: [{ type: "Ready", status: "True", message: "up to date" }] },
  }),
  "/mutatingwebhookconfigurations": list({
    metadata: { name: "istio-sidecar-injector" },
    webhooks: [
      {
        name: "namespace.sidecar-injector.istio.io",
        failurePolicy: "Fail",
        clientConfig: { service: { namespace: "istio-system", name: "istiod" } },
        rules: [{ resources: ["pods"] }],
      },
    ],
  }),
  "/validatingwebhookconfigurations": list(),
  "/endpointslices": list({ endpoints: [{ conditions: { ready: true } }, { conditions: {} }] }),
  "/deployments": list(
    deployment("argo-rollouts", "argo-rollouts", { "app.kubernetes.io/name": "argo-rollouts" }, 2),
    deployment("other", "shop", {}, 0),
  ),
  "/analysistemplates/fraud-guard": {
    spec: {
      metrics: [
        { provider: { prometheus: { address: "http://prometheus-operated.monitoring.svc.cluster.local:9090" } } },
      ],
    },
  },
  "/services/http:prometheus-operated:9090/proxy/api/v1/targets": {
    data: {
      activeTargets: [
        { labels: { namespace: "models", pod: "fraud-a-1" }, health: "up", lastError: "", lastScrape: iso(5) },
        { labels: { namespace: "other" }, health: "down" },
      ],
    },
  },
};

async function cluster(changed: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const answers = { ...sound, ...changed };
  const api = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").split("?")[0] ?? "";
    const [, found] = Object.entries(answers).find(([end]) => path.endsWith(end)) ?? [];
    response.writeHead(typeof found === "number" ? found : found === undefined ? 404 : 200);
    response.end(JSON.stringify(typeof found === "object" ? found : { message: `no ${path}` }));
  });
  server = api;
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const file = join(mkdtempSync(join(tmpdir(), "serin-doctor-")), "kubeconfig");
  writeFileSync(file, kubeconfigOf(`http://127.0.0.1:${(api.address() as AddressInfo).port}`));
  return file;
}

async function said(changed: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { text } = await doctor("fraud", { environment: "local", kubeconfig: await cluster(changed) }, shown);
  return text ?? "";
}

it("of a cluster where everything is well it says that, and what it looked at", async () => {
  expect(await said()).toBe(
    [
      "fraud on embedded: nothing wrong is found",
      "",
      "  looked at 1 pod, 0 events, 1 node, 0 analyses, the route, 1 certificate, 2",
      "            targets of Prometheus, 1 webhook, 1 controller, the clocks.",
    ].join("\n"),
  );
});

it("what it may not read it says, and goes on", async () => {
  const text = await said({ "/nodes": 403, "/deployments": 403 });
  expect(text).toContain("nothing wrong is found");
  expect(text).toMatch(/not read {2}nodes \(no \/api\/v1\/nodes.*\)/);
  expect(text).toContain("controllers (no /apis/apps/v1/deployments");
});

it.each<[string, Readonly<Record<string, unknown>>, string]>([
  [
    "a controller without pods",
    {
      "/deployments": list(
        deployment("argo-rollouts", "argo-rollouts", { "app.kubernetes.io/name": "argo-rollouts" }, 0),
      ),
    },
    "Rollouts controller does not run: no release goes on, and none goes back.",
  ],
  [
    "a webhook with nothing behind it",
    { "/endpointslices": list({ endpoints: [{ conditions: { ready: false } }] }) },
    "Webhook istio-sidecar-injector/namespace.sidecar-injector.istio.io has",
  ],
  [
    "no target of the model",
    { "/services/http:prometheus-operated:9090/proxy/api/v1/targets": { data: { activeTargets: [] } } },
    "Prometheus scrapes no pod of the model",
  ],
  [
    "a Prometheus that does not answer",
    { "/services/http:prometheus-operated:9090/proxy/api/v1/targets": 500 },
    "does not answer",
  ],
  [
    "a Gateway for other hosts",
    {
      "/gateways": list({
        metadata: { name: "models", namespace: "istio-ingress" },
        spec: { servers: [{ hosts: ["other.example.com"] }] },
      }),
    },
    "Gateway istio-ingress/models does not take the host fraud.models.local.",
  ],
  [
    "a node that is not ready",
    {
      "/nodes": list({
        metadata: { name: "n1" },
        status: { conditions: [{ type: "Ready", status: "Unknown", message: "Kubelet stopped posting node status." }] },
      }),
    },
    "Node n1 is not ready.",
  ],
  [
    "a certificate that was never made",
    { "/certificates": list({ metadata: { namespace: "istio-ingress", name: "models" } }) },
    "Certificate istio-ingress/models is not made: cert-manager has not looked at it",
  ],
])("it names %s", async (_, changed, cause) => {
  const text = await said(changed);
  expect(text).toContain("one thing is wrong");
  expect(text.replaceAll(/\n {12}/g, " ")).toContain(cause);
  // An address is something to copy, and stays whole.
  for (const line of text.split("\n").filter((one) => !/^ {2}next|^.{12}\S+$/.test(one))) {
    expect(line.length).toBeLessThanOrEqual(80);
  }
});

it("a cluster that cannot be reached is the one thing that is wrong", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "serin-doctor-")), "kubeconfig");
  writeFileSync(file, kubeconfigOf("http://127.0.0.1:1"));
  const { result } = await doctor(undefined, { environment: "local", kubeconfig: file }, shown);
  expect(result).toMatchObject({ models: [{ model: "fraud", findings: [{ rule: "api-server" }] }] });
});

it("a program gets the evidence, too", async () => {
  const { result } = await doctor(
    "fraud",
    { environment: "local", kubeconfig: await cluster() },
    { ...shown, json: true },
  );
  expect(result).toMatchObject({
    cluster: "embedded",
    models: [{ findings: [], evidence: { nodes: [{ name: "n1", gpus: 4 }], notRead: {} } }],
  });
});

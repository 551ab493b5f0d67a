import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureAuthority } from "../../embedded/controlPlane/certificates.ts";
import {
  type Environment,
  environmentStatus,
  findEnvironment,
  startEnvironment,
  stopEnvironment,
} from "../../embedded/environment/environment.ts";
import { environmentFiles } from "../../embedded/machine/paths.ts";
import { isReady } from "../../embedded/process/readiness.ts";
import {
  ask,
  clientOf,
  eventually,
  listenersOf,
  processesOf,
  running,
  TestEnvironments,
  tokenOf,
} from "./environmentRuns.ts";

const environments = new TestEnvironments();
let first: Environment;
beforeAll(async () => {
  // Two people, or one who is impatient: both get the one environment.
  const [one, other] = await Promise.all([environments.start("first"), environments.start("first")]);
  expect(other).toEqual(one);
  first = one;
});
afterAll(() => environments.dispose());

const server = (environment: Environment) =>
  /server: (\S+)/.exec(readFileSync(environment.kubeconfigPath, "utf8"))?.[1] ?? "";

describe("a running environment", () => {
  it("is found as it was returned, with every process ready", () => {
    expect(findEnvironment("first")).toEqual(first);
    expect(environmentStatus("first").map(({ name, ready, restarts }) => [name, ready, restarts])).toEqual(
      [
        ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "istiod"],
        ...["argo-rollouts", "prometheus", "kwok", "gateway", "node-agent"],
      ].map((name) => [name, true, 0]),
    );
  });

  it("stays as it is when started again, at once and without a word", async () => {
    const before = processesOf("first").sort();
    const events: unknown[] = [];
    const began = performance.now();
    const again = await startEnvironment("first", {
      modelStore: environments.modelStore,
      onProgress: (event) => events.push(event),
    });
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(again).toEqual(first);
    expect(events).toEqual([]);
    expect(processesOf("first").sort()).toEqual(before);
  });

  it("does not move its gateway while it runs", async () => {
    await expect(environments.start("first", { gatewayPort: 18_080 })).rejects.toThrow(
      /listens on port \d+, not 18080/,
    );
  });

  it("listens on its own loopback addresses and nowhere else", () => {
    const listeners = listenersOf(processesOf("first"));
    expect(listeners.length).toBeGreaterThanOrEqual(12);
    const block = first.gateway.address.split(".").slice(0, 2).join(".");
    expect(listeners.filter((address) => !address.startsWith(`${block}.`))).toEqual([]);
  });

  it("shows its certificate to those who verify it, and serves nobody without a token", async () => {
    const url = `${server(first)}/readyz`;
    const ca = readFileSync(join(first.dataDir, "secrets", "cluster-ca.crt"), "utf8");
    const stranger = await ensureAuthority(join(environments.home, "stranger"), "serin first");
    expect(await isReady({ url, tls: { ca }, token: tokenOf(first) })).toBe(true);
    expect(await isReady({ url, tls: { ca: stranger.certificate }, token: tokenOf(first) })).toBe(false);
    expect(await isReady({ url, tls: { ca } })).toBe(false);
    expect(await isReady({ url, tls: { ca }, token: "0".repeat(64) })).toBe(false);
  });

  it("has the custom resources, the machines and the model store a platform builds on", async () => {
    const api = clientOf(first);
    for (const [apiVersion, kind] of [
      ["argoproj.io/v1alpha1", "Rollout"],
      ["networking.istio.io/v1", "VirtualService"],
      ["networking.istio.io/v1alpha3", "EnvoyFilter"],
      ["security.istio.io/v1", "RequestAuthentication"],
      ["monitoring.coreos.com/v1", "PodMonitor"],
      ["monitoring.coreos.com/v1", "ServiceMonitor"],
    ] as const) {
      expect((await api.list(apiVersion, kind, "models")).items).toEqual([]);
    }
    const claim = await api.read({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "model-store", namespace: "models" },
    });
    expect(claim).toMatchObject({ status: { phase: "Bound" } });
    const addresses = await api.read({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "serin-embedded", namespace: "serin-system" },
    });
    expect(addresses).toMatchObject({ data: { environment: "first", gatewayBind: first.gateway.address } });
  });

  it("places GPU pods on the GPU machine, runs them, and leaves the node agent's pods to it", async () => {
    const api = clientOf(first);
    const pod = (name: string, labels: Record<string, string>) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "models", labels },
      spec: {
        containers: [{ name: "main", image: "none", resources: { limits: { "nvidia.com/gpu": "4" } } }],
        tolerations: [{ key: "nvidia.com/gpu", operator: "Equal", value: "present", effect: "NoSchedule" }],
      },
    });
    const simulated = pod("simulated", { app: "a" });
    const real = pod("real", { app: "b", "serin.dev/server": "triton" });
    const refused = pod("refused", { app: "c" });
    await eventually(() => api.create(simulated));
    await api.create(real);
    const read = (object: ReturnType<typeof pod>) => api.read<typeof object & { status: { phase: string } }>(object);
    await eventually(async () => {
      expect(await read(simulated)).toMatchObject({ spec: { nodeName: "gpu-1" }, status: { phase: "Running" } });
      expect(await read(real)).toMatchObject({ spec: { nodeName: "gpu-1" } });
    });
    await api.create(refused);
    await eventually(async () => {
      expect(JSON.stringify((await read(refused)).status)).toContain("Insufficient nvidia.com/gpu");
    });
    for (const object of [simulated, real, refused]) {
      await api.delete(object, undefined, undefined, 0);
    }
  });

  it("scrapes what is listed for it", async () => {
    const target = first.prometheusUrl.replace("http://", "");
    const file = join(environmentFiles(first.dataDir).prometheusTargets, "self.json");
    writeFileSync(file, JSON.stringify([{ targets: [target], labels: { job: "self" } }]));
    await eventually(async () => {
      const { text } = await ask(`${first.prometheusUrl}/api/v1/query?query=up{job="self"}`);
      expect(JSON.parse(text).data.result[0].value[1]).toBe("1");
    });
  });
});

describe("the gateway", () => {
  const backends: Server[] = [];
  afterAll(() => {
    for (const backend of backends) backend.close();
  });

  it("routes by what istiod tells it: by weight, and by header to the canary", async () => {
    const api = clientOf(first);
    const [prefix] = first.gateway.address.split(".0.1");
    const namespace = "models";
    const host = "sample.models.svc.cluster.local";
    const entries = await Promise.all(
      ["stable", "canary"].map(async (version, index) => {
        const address = `${prefix}.9.${index + 1}`;
        const backend = createServer((_, response) => response.end(version)).listen(8000, address);
        backends.push(backend);
        return {
          apiVersion: "networking.istio.io/v1",
          kind: "WorkloadEntry",
          metadata: { name: version, namespace },
          spec: { address, labels: { app: "sample", version } },
        };
      }),
    );
    const route = (stable: number) => ({
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "sample", namespace },
      spec: {
        hosts: ["sample.models.local"],
        gateways: ["istio-system/sample"],
        http: [
          {
            match: [{ headers: { "x-user-group": { exact: "internal-testers" } } }],
            route: [{ destination: { host, subset: "canary" } }],
          },
          {
            route: [
              { destination: { host, subset: "stable" }, weight: stable },
              { destination: { host, subset: "canary" }, weight: 100 - stable },
            ],
          },
        ],
      },
    });
    const port = { number: first.gateway.port, name: "http", protocol: "HTTP" };
    for (const object of [
      {
        apiVersion: "networking.istio.io/v1",
        kind: "Gateway",
        metadata: { name: "sample", namespace: "istio-system" },
        spec: {
          selector: { istio: "ingressgateway" },
          servers: [{ port, bind: first.gateway.address, hosts: ["*"] }],
        },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "sample", namespace },
        spec: { selector: { app: "sample" }, ports: [{ name: "http", port: 8000, targetPort: 8000 }] },
      },
      {
        apiVersion: "networking.istio.io/v1",
        kind: "DestinationRule",
        metadata: { name: "sample", namespace },
        spec: {
          host,
          subsets: ["stable", "canary"].map((version) => ({ name: version, labels: { app: "sample", version } })),
        },
      },
      route(70),
      ...entries,
    ]) {
      await api.create(object);
    }
    const url = `http://${first.gateway.address}:${first.gateway.port}/`;
    const visit = (headers: Record<string, string> = {}) => ask(url, { host: "sample.models.local", ...headers });
    await eventually(async () => expect((await visit()).status).toBe(200));
    await eventually(async () => expect((await visit({ "x-user-group": "internal-testers" })).text).toBe("canary"));
    const answers = await Promise.all(Array.from({ length: 200 }, () => visit()));
    const stable = answers.filter(({ status, text }) => status === 200 && text === "stable").length;
    // 200 draws with p = 0.7: outside 5 standard deviations about once in two million runs.
    expect(stable).toBeGreaterThan(140 - 33);
    expect(stable).toBeLessThan(140 + 33);
    expect((await ask(url, { host: "unknown.models.local" })).status).toBe(404);
    expect(listenersOf(processesOf("first"))).toContain(`${first.gateway.address}:${first.gateway.port}`);
  });
});

describe("a second environment", () => {
  it("runs beside the first on addresses of its own, and stopping it leaves the first alone", async () => {
    const second = await environments.start("second");
    expect(second.gateway.address).not.toBe(first.gateway.address);
    expect(tokenOf(second)).not.toBe(tokenOf(first));
    const mine = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "mine", namespace: "models" } };
    await clientOf(second).create(mine);
    await expect(clientOf(first).read(mine)).rejects.toThrow();
    const processes = processesOf("second");
    const listeners = listenersOf(processes);
    expect(listeners.length).toBeGreaterThanOrEqual(12);

    expect(await stopEnvironment("second")).toBe(true);

    expect(processesOf("second")).toEqual([]);
    expect(running(processes)).toEqual([]);
    for (const listener of listeners) await expect(ask(`http://${listener}/`)).rejects.toThrow();
    expect(existsSync(second.dataDir)).toBe(false);
    expect(readdirSync(join(environments.home, "environments"))).toEqual(["first"]);
    expect(findEnvironment("second")).toBeUndefined();
    expect(await stopEnvironment("second")).toBe(false);
    expect((await clientOf(first).list("v1", "Node")).items).toHaveLength(2);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { charts } from "../../components/core/charts.ts";
import { type ChartFiles, readChart } from "./chartFiles.ts";
import {
  bestEffort,
  changed,
  faultsOf,
  hooks,
  intolerant,
  kept,
  unknownValues,
  unmirrored,
  webhookPortsOf,
} from "./checks.ts";
import type { DeclaredChart } from "./declaredCharts.ts";
import { type ChartObject, objectsIn } from "./renderChart.ts";

const folder = mkdtempSync(join(tmpdir(), "serin-charts-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

/** Writes and reads a chart of these files. */
function chart(files: Readonly<Record<string, string>>): Promise<ChartFiles> {
  const directory = join(folder, String(made++));
  for (const [file, text] of Object.entries({ "Chart.yaml": "name: widgets\nversion: 1.2.3\n", ...files })) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  return readChart(directory);
}

function one(object: object): ChartObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, ...object } as ChartObject;
}

const address = "registry.example.com:5000/m";
const mirror = { images: address };

describe("an unknown value", () => {
  const defaults = `
replicas: 1
image: { tag: v1 }
resources: {}
nothing: null
# free: 2
server:
  # -- Memory of the server
  # memory: 1Gi
  port: 80
other: { size: 1 }
`;

  it("is one that neither the defaults, nor a comment in them, nor a template has", async () => {
    const files = await chart({ "values.yaml": defaults, "templates/a.yaml": "a: {{ .Values.server.cpu }}" });
    expect(
      unknownValues({ replicas: 2, image: { tag: "v2" }, free: 3, server: { memory: "2Gi", cpu: 1 } }, files),
    ).toEqual([]);
    const wrong = { replicaz: 2, image: { tga: "v2" }, server: { size: 1 }, other: { memory: "1Gi" } };
    expect(unknownValues(wrong, files)).toEqual(["replicaz", "image.tga", "server.size", "other.memory"]);
  });

  it("is none below what the chart leaves open or writes out as a whole", async () => {
    const files = await chart({
      "values.yaml": `${defaults}securityContext: { runAsUser: 1 }\nmesh: { a: 1 }\nlist: [1]\n`,
      "templates/a.yaml":
        "a: {{- toYaml .Values.securityContext | nindent 2 }}\nb: {{ $m := mergeOverwrite $x .Values.mesh }}",
    });
    const values = {
      resources: { limits: {} },
      nothing: { a: 1 },
      securityContext: { x: 1 },
      mesh: { b: 2 },
      list: [],
    };
    expect(unknownValues(values, files)).toEqual([]);
  });

  it("is looked for in the subchart that it is for, under the name that the chart gives it", async () => {
    const files = await chart({
      "Chart.yaml": "name: widgets\nversion: 1.2.3\ndependencies: [{ name: gadgets, alias: tools }]\n",
      "charts/gadgets/Chart.yaml": "name: gadgets\nversion: 4.5.6\n",
      "charts/gadgets/values.yaml": "size: 1\n",
      "charts/gadgets/templates/a.yaml": "a: {{ .Values.global.registry }}",
    });
    expect(unknownValues({ tools: { size: 2 }, global: { registry: "r" } }, files)).toEqual([]);
    expect(unknownValues({ tools: { weight: 2 }, gadgets: {} }, files)).toEqual(["tools.weight", "gadgets"]);
  });

  it("is Helm's to refuse where a schema is closed, and ours where it takes any key", async () => {
    const closed = JSON.stringify({ $ref: "#/$defs/values", $defs: { values: { additionalProperties: false } } });
    const open = JSON.stringify({ properties: { image: { additionalProperties: false } } });
    expect(unknownValues({ typo: 1 }, await chart({ "values.schema.json": closed }))).toEqual([]);
    expect(unknownValues({ typo: 1 }, await chart({ "values.schema.json": open }))).toEqual(["typo"]);
  });

  it("is none of those that Istio's charts keep apart as defaults", async () => {
    const files = await chart({ "values.yaml": "_internal_defaults_do_not_set: { autoscaleMin: 1 }\n" });
    expect(unknownValues({ autoscaleMin: 2, autoscaleMax: 3 }, files)).toEqual(["autoscaleMax"]);
  });
});

describe("a rendered object", () => {
  it("is a hook, unless for `helm test`", () => {
    const hook = (when: string) => one({ metadata: { name: when, annotations: { "helm.sh/hook": when } } });
    const found = hooks([
      hook("pre-install,pre-upgrade"),
      hook("post-delete"),
      hook("test"),
      hook("test-success"),
      one({}),
    ]);
    expect(found.map(({ metadata }) => metadata.name)).toEqual(["pre-install,pre-upgrade", "post-delete"]);
  });

  it("is kept by Helm with the annotation for it alone", () => {
    const policy = (value: string) =>
      one({ metadata: { name: value, annotations: { "helm.sh/resource-policy": value } } });
    expect(kept([policy("keep"), policy("delete"), one({})])).toEqual([policy("keep")]);
  });

  it("is missing on GPU nodes where it is a DaemonSet or a ClusterPolicy without a toleration of their taint", () => {
    const daemonSet = (...tolerations: object[]) =>
      one({ kind: "DaemonSet", spec: { template: { spec: { tolerations } } } });
    const policy = (...tolerations: object[]) => one({ kind: "ClusterPolicy", spec: { daemonsets: { tolerations } } });
    const gpu = { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" };
    const right = [
      daemonSet({ operator: "Exists" }),
      daemonSet({ effect: "NoSchedule", operator: "Exists" }),
      daemonSet({ key: "nvidia.com/gpu", value: "present" }),
      policy(gpu),
      one({ kind: "Deployment" }),
    ];
    const wrong = [
      daemonSet(),
      daemonSet({ key: "nvidia.com/gpu", operator: "Exists", effect: "NoExecute" }),
      daemonSet({ key: "nvidia.com/gpu", value: "true" }),
      policy({ key: "node-role.kubernetes.io/control-plane", operator: "Exists" }),
    ];
    expect(intolerant([...right, ...wrong])).toEqual(wrong);
  });

  it("has images that a mirror does not stand for, also in arguments and configuration", () => {
    const pod = (image: string, ...args: string[]) => one({ spec: { containers: [{ name: "a", image, args }] } });
    const images = (object: ChartObject) => unmirrored([object], mirror).map(({ image }) => image);
    expect(images(pod(`${address}/a:1`, "--also=1"))).toEqual([]);
    expect(images(pod("nginx:1"))).toEqual(["nginx:1"]);
    expect(images(pod(`${address}/a:1`, "--reloader=quay.io/b/c:2"))).toEqual(["quay.io/b/c"]);
    expect(images(one({ data: { template: "image: docker.io/istio/proxyv2" } }))).toEqual(["docker.io/istio/proxyv2"]);
    expect(images(pod("auto"))).toEqual([]);
    expect(images(one({ kind: "CustomResourceDefinition", spec: { description: "as quay.io/b/c" } }))).toEqual([]);
  });

  it("has images that a mirror of some registries need not stand for", () => {
    const some = { images: { "docker.io": `${address}/docker.io` } };
    const found = ["nginx:1", `${address}/docker.io/library/nginx:1`, "quay.io/b/c:2"].filter(
      (image) => unmirrored([one({ spec: { containers: [{ image }] } })], some).length > 0,
    );
    expect(found).toEqual(["nginx:1"]);
  });

  it("has no images where a ClusterPolicy does not run the operand", () => {
    const nvidia = { repository: "nvcr.io/nvidia", image: "x" };
    const spec = {
      sandboxWorkloads: { enabled: false },
      vfioManager: { enabled: true, ...nvidia },
      dcgm: { enabled: false, ...nvidia },
      driver: { enabled: true, repository: `${address}/nvidia`, image: "driver" },
    };
    expect(unmirrored([one({ kind: "ClusterPolicy", spec })], mirror)).toEqual([]);
    const on = { ...spec, sandboxWorkloads: { enabled: true } };
    expect(unmirrored([one({ kind: "ClusterPolicy", spec: on })], mirror).map(({ image }) => image)).toEqual([
      "nvcr.io/nvidia/x",
      "nvcr.io/nvidia",
    ]);
  });

  it("differs between two renderings where something in it is random", () => {
    expect(changed([one({ data: { password: "a" } }), one({})], [one({ data: { password: "b" } }), one({})])).toEqual([
      one({ data: { password: "a" } }),
    ]);
  });

  it("is the first that a full node ends where a container of its pods asks for no memory", () => {
    const pods = (...containers: object[]) =>
      one({ kind: "Deployment", metadata: { name: "d" }, spec: { template: { spec: { containers } } } });
    const asking = { name: "a", resources: { requests: { memory: "64Mi" } } };
    expect(bestEffort([pods(asking)])).toEqual([]);
    expect(bestEffort([pods(asking, { name: "b", resources: { requests: { cpu: "1" } } })])).toHaveLength(1);
    expect(bestEffort([one({ kind: "Service", metadata: { name: "s" } })])).toEqual([]);
  });

  it("is called by the control plane on the port of the pods, by number or by name", () => {
    const service = { name: "w", namespace: "widgets" };
    const webhook = (clientConfig: object) =>
      one({ kind: "MutatingWebhookConfiguration", metadata: { name: "m" }, webhooks: [{ clientConfig }] });
    const behind = (targetPort: number | string) =>
      one({ kind: "Service", metadata: { name: "w" }, spec: { ports: [{ port: 443, targetPort }] } });
    const ports = [{ name: "hook", containerPort: 9443 }];
    const pods = one({ kind: "Deployment", spec: { template: { spec: { containers: [{ name: "a", ports }] } } } });
    expect(webhookPortsOf([webhook({ service }), behind(15017)])).toEqual([15017]);
    expect(webhookPortsOf([webhook({ service: { ...service, port: 443 } }), behind("hook"), pods])).toEqual([9443]);
    // The Service is another chart's, or the webhook is somewhere else.
    expect(webhookPortsOf([webhook({ service }), webhook({ url: "https://example.com" })])).toEqual([]);
  });

  it("is read out of lists", () => {
    expect(
      objectsIn("---\n# none\n---\nkind: List\nitems: [{kind: A}]\n---\nkind: B\n").map(({ kind }) => kind),
    ).toEqual(["A", "B"]);
  });
});

describe("the faults of a chart", () => {
  const declared: DeclaredChart = {
    at: "prod/site",
    pin: charts.metricsServer,
    release: "widgets",
    namespace: "widgets",
    values: { typo: 1 },
    kubernetesVersion: "1.35",
    hasGpuNodes: true,
    webhookPorts: [15017],
    mirror,
    upserts: false,
  };
  const bad = one({
    kind: "DaemonSet",
    metadata: { name: "d", annotations: { "helm.sh/hook": "pre-install", "helm.sh/resource-policy": "keep" } },
    spec: { template: { spec: { containers: [{ image: "nginx" }] } } },
  });

  it("are one sentence each", async () => {
    const found = faultsOf({ declared, files: await chart({}), objects: [bad], again: [] });
    expect(found).toEqual([
      expect.stringContaining('knows no value "typo"'),
      expect.stringContaining('DaemonSet "d" is a hook'),
      expect.stringContaining('DaemonSet "d" stays when the chart is removed'),
      expect.stringContaining('DaemonSet "d" does not tolerate nvidia.com/gpu:NoSchedule'),
      expect.stringContaining('DaemonSet "d" asks for no memory'),
      expect.stringContaining('DaemonSet "d" has "nginx"'),
      expect.stringContaining('DaemonSet "d" differs between two renderings'),
    ]);
  });

  it("leave out what the cluster has no need of: GPU tolerations, a mirror, and removal where the provider takes over", async () => {
    const { mirror: _, ...open } = declared;
    const at = { ...open, values: {}, hasGpuNodes: false, upserts: true };
    const found = faultsOf({ declared: at, files: await chart({}), objects: [bad], again: [bad] });
    expect(found).toEqual([expect.stringContaining("is a hook"), expect.stringContaining("asks for no memory")]);
  });
});

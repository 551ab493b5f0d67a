import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chart } from "@pulumi/kubernetes/helm/v4/chart.js";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureHelm } from "../../embedded/toolchain/index.ts";
import { configMapPath, failureOf, live, namespace, up, usesControlPlane } from "./liveRuns.ts";

usesControlPlane();

let helm: string;
let chart: string;

/** A chart with a definition, an object of its kind, a hook and an object that outlives the release. */
const files = {
  "Chart.yaml": "apiVersion: v2\nname: widgets\nversion: 1.2.3\n",
  "values.yaml": "size: 1\nkept: true\n",
  "crds/widgets.yaml": `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.chart.test }
spec:
  group: chart.test
  scope: Namespaced
  names: { plural: gadgets, singular: gadget, kind: Gadget }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`,
  "templates/all.yaml": `
apiVersion: chart.test/v1
kind: Gadget
metadata: { name: {{ .Release.Name }} }
spec: { size: {{ .Values.size }}, secret: {{ .Values.secret | quote }} }
---
apiVersion: batch/v1
kind: Job
metadata: { name: hook, annotations: { helm.sh/hook: pre-install } }
---
{{- if and .Values.kept (.Capabilities.APIVersions.Has "networking.istio.io/v1") }}
apiVersion: v1
kind: ConfigMap
metadata: { name: kept, annotations: { helm.sh/resource-policy: keep } }
data: { version: {{ .Capabilities.KubeVersion.Version | quote }} }
{{- end }}
`,
};

beforeAll(async () => {
  helm = await ensureHelm();
  chart = await mkdtemp(join(tmpdir(), "serin-chart-"));
  await mkdir(join(chart, "crds"));
  await mkdir(join(chart, "templates"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(chart, name), text);
});

afterAll(() => rm(chart, { recursive: true, force: true }));

function widgets(values: pulumi.Inputs) {
  return (opts: pulumi.ComponentResourceOptions) =>
    void new Chart("widgets", { chart, namespace, values, resourcePrefix: "w" }, opts);
}

describe("a chart", () => {
  it("is rendered by helm for this cluster and applied, definitions first, hooks left out", async () => {
    const program = widgets({ size: 3, secret: pulumi.secret("s") });
    const { events } = await up(program, { helm });
    expect(events).toEqual([
      "created w:gadgets.chart.test",
      `created w:${namespace}/kept`,
      `created w:${namespace}/widgets`,
    ]);
    const gadget = `/apis/chart.test/v1/namespaces/${namespace}/gadgets/widgets`;
    expect(await live(gadget)).toMatchObject({ spec: { size: 3, secret: "s" } });
    expect((await live(configMapPath("kept")))?.data).toEqual({ version: expect.stringMatching(/^v1\./) });
    expect((await up(program, { helm })).events.every((event) => event.startsWith("unchanged"))).toBe(true);
    expect((await up(() => {})).events).toEqual(["deleted widgets", "retained kept", "deleted gadgets.chart.test"]);
  });

  it("leaves in the cluster what helm would keep, and removes the rest", async () => {
    await up(widgets({}), { helm });
    const { events } = await up(widgets({ kept: false }), { helm });
    expect(events).toContain("retained kept");
    expect(await live(configMapPath("kept"))).toBeDefined();
    expect((await up(() => {})).events).toContain("deleted widgets");
  });

  it("ends clearly without helm and where helm refuses it", async () => {
    expect((await failureOf(up(widgets({})))).message).toContain("helm 3 is needed for it");
    const missing = (opts: pulumi.ComponentResourceOptions) => void new Chart("x", { chart: "/nowhere/chart" }, opts);
    expect((await failureOf(up(missing, { helm }))).message).toMatch(
      /The chart "x" cannot be rendered:\n.*\/nowhere\/chart/,
    );
  });
});

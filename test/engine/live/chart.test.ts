import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../../../components/core/problem.ts";
import { ClusterObjects } from "../../../engine/kubernetes/clusterObjects.ts";
import { KubernetesClient } from "../../../engine/kubernetes/kubernetesClient.ts";
import { chartPhases, manifestsIn, renderChart } from "../../../engine/live/chart.ts";

describe("manifestsIn", () => {
  it("reads a stream: empty documents and hooks left out, lists opened, namespaces filled in", () => {
    const stream = `
---
# only a comment
---
{kind: ConfigMap, metadata: {name: a}}
---
{kind: Job, metadata: {name: b, annotations: {helm.sh/hook: pre-install}}}
---
{kind: List, items: [{kind: Secret, metadata: {name: c, namespace: own}}]}
`;
    expect(manifestsIn(stream, "models")).toEqual([
      { kind: "ConfigMap", metadata: { name: "a", namespace: "models" } },
      { kind: "Secret", metadata: { name: "c", namespace: "own" } },
    ]);
  });
});

describe("chartPhases", () => {
  it("puts definitions and namespaces first, then what others refer to, and webhooks last", () => {
    const kinds = [
      "MutatingWebhookConfiguration",
      "Deployment",
      "ServiceAccount",
      "CustomResourceDefinition",
      "Gadget",
    ];
    const phases = chartPhases(kinds.map((kind) => ({ kind })));
    expect(phases.map((phase) => phase.map(({ kind }) => kind))).toEqual([
      ["CustomResourceDefinition"],
      ["ServiceAccount"],
      ["Deployment", "Gadget"],
      ["MutatingWebhookConfiguration"],
    ]);
  });
});

describe("renderChart", () => {
  it("says that helm is needed before it asks the cluster anything", async () => {
    const kubeconfig = JSON.stringify({
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    });
    const cluster = new ClusterObjects(new KubernetesClient(kubeconfig));
    const rendering = renderChart(
      "istio-base",
      { chart: "base" },
      {
        helm: undefined,
        cluster,
        namespace: "default",
        signal: new AbortController().signal,
      },
    );
    await expect(rendering).rejects.toMatchObject({
      exitCode: exitCodes.unavailable,
      message: expect.stringContaining("helm 3 is needed for it"),
    });
  });

  it("sends the stream through what the chart says, and `node` is the one that runs", async () => {
    const helm = join(await mkdtemp(join(tmpdir(), "serin-helm-")), "helm");
    // It answers with its arguments.
    const script = `console.log(JSON.stringify({ kind: "Arguments", list: process.argv.slice(2) }))`;
    await writeFile(helm, `#!${process.execPath}\n${script}\n`, { mode: 0o755 });
    const capabilities = () => Promise.resolve({ gitVersion: "v1.35.0", apiVersions: [] });
    const [answer] = await renderChart(
      "istio-base",
      { chart: "base", postRenderer: { command: "node", args: ["-e", "a, b"] } },
      {
        helm,
        cluster: { capabilities } as unknown as ClusterObjects,
        namespace: "default",
        signal: new AbortController().signal,
      },
    );
    expect(answer?.list).toEqual(
      expect.arrayContaining([
        `--post-renderer=${process.execPath}`,
        "--post-renderer-args=-e",
        "--post-renderer-args=a, b",
      ]),
    );
    await rm(dirname(helm), { recursive: true });
  });
});

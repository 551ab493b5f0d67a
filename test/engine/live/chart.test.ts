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
});

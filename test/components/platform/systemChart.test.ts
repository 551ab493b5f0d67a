import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { removedWithChart } from "../../../components/platform/systemChart.ts";
import { shown } from "../../../plan/shownValues.ts";
import { record } from "../../stacks/record.ts";

describe("a platform comes back after it was removed, since no chart leaves anything behind (pulumi-kubernetes #2926):", () => {
  it("what Helm would keep is no longer kept, and nothing else changes", () => {
    const stream = `
kind: CustomResourceDefinition
metadata:
  annotations:
    "helm.sh/resource-policy": keep
    controller-gen.kubebuilder.io/version: v0.19.0
  name: rollouts.argoproj.io
---
kind: CustomResourceDefinition
metadata:
  annotations:
    helm.sh/resource-policy: keep
  name: gateways.networking.istio.io
spec:
  description: "what helm.sh/resource-policy: keep means, ä"
`;
    const output = execFileSync(process.execPath, removedWithChart.args, { input: stream, encoding: "utf8" });
    const removed = { "serin.dev/removed-with-chart": "true" };
    expect(parseAllDocuments(output).map((document) => document.toJS())).toEqual([
      {
        kind: "CustomResourceDefinition",
        metadata: {
          annotations: { ...removed, "controller-gen.kubebuilder.io/version": "v0.19.0" },
          name: "rollouts.argoproj.io",
        },
      },
      {
        kind: "CustomResourceDefinition",
        metadata: { annotations: removed, name: "gateways.networking.istio.io" },
        spec: { description: "what helm.sh/resource-policy: keep means, ä" },
      },
    ]);
  });

  it("every chart of an environment is rendered so", async () => {
    const charts = (await record("prod"))
      .flatMap(({ resources }) => resources)
      .filter(({ type }) => type === "kubernetes:helm.sh/v4:Chart");
    expect(charts.length).toBeGreaterThan(20);
    for (const { name, props } of charts) {
      expect((shown(props) as { postRenderer: object }).postRenderer, name).toEqual(removedWithChart);
    }
  });
});

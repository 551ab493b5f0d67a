import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { chartRenderer } from "../../../components/platform/systemChart.ts";
import { shown } from "../../../plan/shownValues.ts";
import { record } from "../../stacks/record.ts";

/** The objects of a stream after it went through the renderer, which runs as Helm runs it. */
function rendered(stream: string): unknown[] {
  const output = execFileSync(process.execPath, chartRenderer.args, { input: stream, encoding: "utf8" });
  return parseAllDocuments(output).map((document) => document.toJS());
}

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
    const removed = { "serin.dev/removed-with-chart": "true" };
    expect(rendered(stream)).toEqual([
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
      expect((shown(props) as { postRenderer: object }).postRenderer, name).toEqual(chartRenderer);
    }
  });
});

describe("the texts of definitions, most of a platform's state,", () => {
  const schema = `
          openAPIV3Schema:
            description: |-
              A gadget.

              description: of it
            properties:
              description:
                description: 'What it is
                  for.'
                type: string
              size:
                description: "how: large"
                default: 1
                # description: a comment
                type: integer
            required:
            - description
            type: object`;
  const definition = (kind: string) => `---
apiVersion: apiextensions.k8s.io/v1
kind: ${kind}
spec:
  versions:
    - additionalPrinterColumns:
        - description: How large
          jsonPath: .spec.size
          name: Size
      schema:${schema}
      served: true
      storage: true
    - name: v2
      schema:
        openAPIV3Schema:
          type: object
          description: the last line
`;

  it("are left out, and nothing else of them is", () => {
    const other = "kind: PrometheusRule\nspec:\n  annotations:\n    description: an alarm\n";
    expect(rendered(`${definition("CustomResourceDefinition")}---\n${other}`)).toEqual([
      {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        spec: {
          versions: [
            {
              additionalPrinterColumns: [{ description: "How large", jsonPath: ".spec.size", name: "Size" }],
              schema: {
                openAPIV3Schema: {
                  properties: { description: { type: "string" }, size: { default: 1, type: "integer" } },
                  required: ["description"],
                  type: "object",
                },
              },
              served: true,
              storage: true,
            },
            { name: "v2", schema: { openAPIV3Schema: { type: "object" } } },
          ],
        },
      },
      { kind: "PrometheusRule", spec: { annotations: { description: "an alarm" } } },
    ]);
  });

  it("stay where an object of another kind looks like one", () => {
    const text = definition("Gadget");
    expect(rendered(text)).toEqual(parseAllDocuments(text).map((document) => document.toJS()));
  });
});

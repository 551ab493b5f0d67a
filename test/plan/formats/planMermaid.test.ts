import { expect, it } from "vitest";
import { planMermaid } from "../../../plan/formats/planMermaid.ts";
import { dev } from "../../../stacks/environments/dev.ts";
import { environments } from "../../../stacks/environments/index.ts";

it("draws the clusters, their models and what talks to what", () => {
  expect(planMermaid(dev)).toMatchInlineSnapshot(`
    "flowchart LR
      callers(["callers of dev"])
      subgraph c0["dc-lab (onPrem)"]
        c0_gateway["ingress gateway"]
        c0_store[("model store")]
        c0_m0["fraud 1"]
        c0_m1["resnet50 1"]
        c0_prometheus["Prometheus"]
        c0_rollouts["Argo Rollouts"]
      end
      callers -->|"fraud.models.dev.example.com, resnet50.models.dev.example.com"| c0_gateway
      c0_gateway --> c0_m0
      c0_m0 -->|"reads"| c0_store
      c0_prometheus -->|"scrapes"| c0_m0
      c0_gateway --> c0_m1
      c0_m1 -->|"reads"| c0_store
      c0_prometheus -->|"scrapes"| c0_m1
      c0_rollouts -->|"asks"| c0_prometheus
      c0_rollouts -->|"sets the weights of"| c0_gateway
    "
  `);
});

it.each(Object.values(environments))("names no box of $name in an edge that it has not drawn", (environment) => {
  const lines = planMermaid(environment).split("\n");
  const drawn = new Set(lines.flatMap((line) => /^ +(?:subgraph )?(\w+)[[(]/.exec(line)?.[1] ?? []));
  const named = lines.flatMap((line) => {
    const edge = /^ {2}(\w+) -->(?:\|"[^"]*"\|)? (\w+)$/.exec(line);
    return edge === null ? [] : [edge[1] ?? "", edge[2] ?? ""];
  });
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((id) => !drawn.has(id))).toEqual([]);
});

it("stays below the 500 edges that Mermaid draws with 60 clusters of 10 models", () => {
  const model = dev.models.fraud;
  const models = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`m${index}`, model]));
  const clusters = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`c${index}`, dev.clusters["dc-lab"]]));
  const text = planMermaid({ ...dev, models, clusters });
  expect(text.match(/-->/g)?.length).toBeLessThanOrEqual(500);
});

it("takes names as text", () => {
  const text = planMermaid({ ...dev, clusters: { 'a"]\nclick c0 <b>#': dev.clusters["dc-lab"] } });
  expect(text).toContain('subgraph c0["a#34;] click c0 #60;b#62;#35; (onPrem)"]');
});

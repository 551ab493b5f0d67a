import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import { canBeNaN } from "../../../../policies/analysis/query.ts";
import { declaredTemplates, queriesOf } from "./declaredTemplates.ts";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

const templates = declaredTemplates();
const metrics = templates.flatMap((template) =>
  template.metrics.map((metric) => ({ title: `${template.title} ${metric.name}`, template, metric })),
);

/** Whether a query gives one series at most: an aggregation without labels does, a selector outside of one need not. */
function givesOneSeries(query: string): boolean {
  return !givesSeveral(parser.parse(query).topNode, query);
}

function givesSeveral(node: SyntaxNode, query: string): boolean {
  const children = [...childrenOf(node)];
  // A filter takes labels and values from its left side alone.
  if (node.getChild("And") !== null || node.getChild("Unless") !== null) {
    return children[0] !== undefined && givesSeveral(children[0], query);
  }
  if (node.name === "AggregateExpr" && node.getChild("AggregateModifier") === null) return false;
  const makesLabels = node.name === "FunctionCall" && query.startsWith("label_replace", node.from);
  return node.name === "VectorSelector" || makesLabels || children.some((child) => givesSeveral(child, query));
}

function* childrenOf(node: SyntaxNode): Generator<SyntaxNode> {
  for (let child = node.firstChild; child !== null; child = child.nextSibling) yield child;
}

it("there are templates of every environment", () => {
  expect(new Set(templates.map(({ title }) => title.split(" ")[0]))).toEqual(new Set(["local", "dev", "test", "prod"]));
});

describe("a metric of any template", () => {
  it("is read only where there is an answer: no data neither passes nor fails", () => {
    for (const { title, metric } of metrics) {
      for (const condition of [metric.successCondition, metric.failureCondition].filter((one) => one !== undefined)) {
        expect(condition, title).toMatch(/^len\(result\) > 0 && /);
      }
    }
  });

  it("is no ratio of nothing by nothing, which would pass", () => {
    for (const { title, template, metric } of metrics) {
      const [, query = ""] = queriesOf(template).find(([name]) => name === metric.name) ?? [];
      expect(canBeNaN(query), title).toBe(false);
    }
  });

  it("that never decides does not end as passed", () => {
    for (const { title, metric } of metrics) {
      if (metric.successCondition === undefined || metric.count === undefined) continue;
      if (Number(metric.inconclusiveLimit) < Number(metric.count)) continue;
      expect(metric.consecutiveSuccessLimit, title).toBeGreaterThanOrEqual(1);
    }
  });

  it("names the new version's pods, by an argument that the template has once", () => {
    for (const { title, template, metric } of metrics) {
      expect(metric.provider.prometheus?.query, title).toContain("{{args.canary-hash}}");
      const names = template.args.map(({ name }) => name);
      expect(new Set(names).size, title).toBe(names.length);
      for (const [, used] of (metric.provider.prometheus?.query ?? "").matchAll(/\{\{args\.([\w-]+)\}\}/g)) {
        expect(names, title).toContain(used);
      }
    }
  });

  it("asks for one series, since a condition reads the first of several", () => {
    for (const { title, template, metric } of metrics) {
      const [, query = ""] = queriesOf(template).find(([name]) => name === metric.name) ?? [];
      expect(givesOneSeries(query), title).toBe(true);
    }
    expect(givesOneSeries("sum(a) + b")).toBe(false);
    expect(givesOneSeries("sum by (pod) (a)")).toBe(false);
    expect(givesOneSeries('label_replace(vector(1), "a", "b", "", "")')).toBe(false);
    expect(givesOneSeries("sum(a) + vector(0) and on() b")).toBe(true);
  });
});

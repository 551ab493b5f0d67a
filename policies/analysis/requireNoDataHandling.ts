import type { ResourceValidationPolicy } from "@pulumi/policy";
import { items, kindsOf, type Partially, type Report, resourceRule } from "../rule.ts";
import { everyItem, independently } from "../unknown.ts";
import { acceptsNaN, asksForData } from "./condition.ts";
import { canBeNaN } from "./query.ts";

interface Metric {
  readonly name: string;
  readonly count: number | string;
  readonly inconclusiveLimit: number | string;
  readonly consecutiveSuccessLimit: number | string;
  readonly interval: string;
  readonly successCondition: string;
  readonly failureCondition: string;
  readonly provider: { readonly prometheus: { readonly query: string } };
}

interface Argument {
  readonly name: string;
  readonly value: string;
}

interface Analysis {
  readonly spec: {
    readonly args: readonly Argument[];
    readonly metrics: readonly Metric[];
  };
}

/**
 * An analysis must not pass, or break, on missing data. Argo Rollouts 1.8–1.10 treat an empty or NaN answer of
 * Prometheus as follows (seen by running its condition engine and its analysis state machine): `result[0]` of an empty
 * answer is an error; `all`, `sum` and `mean` of an empty answer are a success; a metric with only a failureCondition
 * passes on NaN; a metric that stays inconclusive to its last measurement passes, if `inconclusiveLimit` allows that
 * many.
 */
export const requireNoDataHandling: ResourceValidationPolicy = {
  name: "analysis-require-no-data-handling",
  displayName: "No data is not a verdict",
  description: "A Prometheus metric of an analysis neither passes nor breaks when there is nothing to measure.",
  severity: "high",
  remediationSteps:
    "Start every condition with `len(result) > 0 && `, write both a successCondition and a failureCondition, and set " +
    "`consecutiveSuccessLimit: 1` beside `inconclusiveLimit`.",
  url: "https://argo-rollouts.readthedocs.io/en/stable/features/analysis/#handling-metric-results",
  validateResource: resourceRule<Analysis>(
    kindsOf("argoproj.io", ["AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun"]),
    ({ spec }, report) => {
      everyItem(spec?.metrics, (metric, index) => {
        const path = `spec.metrics[${index}]`;
        if (metric.provider?.prometheus === undefined) return;
        independently([
          () => checkConditions(metric, path, report),
          () => checkQuery(metric, path, report),
          () => checkLimits(metric, path, report, (value) => numberOf(value, spec?.args)),
        ]);
      });
    },
  ),
};

function checkConditions(metric: Partially<Metric>, path: string, report: Report): void {
  const fields = (["successCondition", "failureCondition"] as const).filter((field) => field in metric);
  if (fields.length === 0) {
    const reason = `metric "${metric.name}" has no condition, so every measurement is a success.`;
    report({ path, reason, fix: "Add a successCondition and a failureCondition." });
  }
  everyItem(fields, (field) => {
    const condition = metric[field] ?? "";
    if (!asksForData(condition)) {
      const reason = `"${condition}" is an error or a verdict on nothing when there is no data.`;
      report({ path: `${path}.${field}`, reason, fix: 'Start it with "len(result) > 0 && ".' });
    } else if (field === "successCondition" && acceptsNaN(condition)) {
      const reason = `"${condition}" calls a ratio without observations a success.`;
      report({ path: `${path}.${field}`, reason, fix: "Remove isNaN: without it NaN is not a success." });
    }
  });
}

function checkQuery(metric: Partially<Metric>, path: string, report: Report): void {
  const { successCondition, failureCondition } = metric;
  if (successCondition !== undefined || failureCondition === undefined || failureCondition.includes("isNaN(")) return;
  if (!canBeNaN(metric.provider?.prometheus?.query ?? "")) return;
  report({
    path: `${path}.failureCondition`,
    reason:
      "it is the only condition and the query can be NaN, which no comparison finds: without observations the metric passes.",
    fix: "Add a successCondition, or compare in the query (`… > bool 0.01`).",
  });
}

function checkLimits(
  metric: Partially<Metric>,
  path: string,
  report: Report,
  resolve: (value: number | string | undefined) => number | undefined,
): void {
  const { inconclusiveLimit, interval } = metric;
  if (inconclusiveLimit === undefined || (metric.count === undefined && interval !== undefined)) return;
  if (metric.successCondition === undefined || metric.failureCondition === undefined) return;
  if ((resolve(metric.consecutiveSuccessLimit) ?? 0) >= 1) return;

  const [limit, count] = [resolve(inconclusiveLimit), metric.count === undefined ? 1 : resolve(metric.count)];
  if (limit !== undefined && count !== undefined && limit < count) return;
  report({
    path: `${path}.inconclusiveLimit`,
    reason: `${inconclusiveLimit} allows every one of ${metric.count ?? 1} measurements to be inconclusive, and the metric then passes.`,
    fix: "Add consecutiveSuccessLimit: 1 (Argo Rollouts 1.8).",
  });
}

/** The number, or the default of the argument that it refers to. Undefined when only the template's caller knows it. */
function numberOf(
  value: number | string | undefined,
  args: readonly Partially<Argument>[] | undefined,
): number | undefined {
  const argument = /^\{\{\s*args\.(?<name>[^\s}]+)\s*\}\}$/.exec(String(value))?.groups?.name;
  const resolved = argument === undefined ? value : items(args).find(({ name }) => name === argument)?.value;
  return resolved === undefined || Number.isNaN(Number(resolved)) ? undefined : Number(resolved);
}

import type { CustomResourceSpecs } from "../core/customResource.ts";
import type { Problem } from "../core/problem.ts";
import { type Duration, duration, milliseconds, ratio, seconds } from "../core/quantity.ts";
import { failedRequests, refusedRequests, slowRequests } from "./analysis/counters.ts";
import type { LimitEvidence } from "./analysis/evidence.ts";
import type { Rollback } from "./rollback.ts";
import type { ServedModel } from "./servedModel.ts";
import type { ModelName, RolloutStrategy } from "./strategies/releaseStrategy.ts";
import type { Counter, JudgedRequests, RequestCounters } from "./verdict/counter.ts";

/** One failed request of two is 50 %: the guard waits for so many bad requests. */
const leastBad = 5;

/**
 * The metrics by which the guard of a release carries out the rollback guards of a model. They only ever fail, and only
 * on requests that were counted.
 */
export function rollbackGuardMetrics(
  model: ServedModel,
  at: ModelName,
): { name: string; query: string; seen: LimitEvidence }[] {
  return (model.guards ?? []).map((guard) => {
    const { bad, total } = requestsOf(guard, model, at).canary;
    return {
      name: rollbackGuardName(guard),
      query: `2 * ${firesQuery(guard, { bad, total })}`,
      seen: {
        kind: "limit",
        did: whatBadDid[guard.metric](model),
        guard,
        queries: { bad: increase(bad, guard), total: increase(total, guard) },
      },
    };
  });
}

const whatBadDid: Readonly<Record<Rollback["metric"], (model: ServedModel) => string>> = {
  http_5xx_rate: () => "failed",
  http_4xx_rate: () => "were refused",
  slow_request_rate: ({ slo }) => `were slower than ${slo.p99}`,
};

/**
 * The name of a guard's metric in the AnalysisRun. `errors` and the like are of the objectives; several guards may
 * watch the same metric.
 */
export function rollbackGuardName({ metric, threshold, for: span }: Rollback): string {
  return `rollback-${metric.replaceAll("_", "-")}-${threshold.replace("%", "").replace(".", "-")}-${wholeDuration(span)}`;
}

/** As PromQL takes it, without a decimal point: `1.5m` is `90s`. */
function wholeDuration(span: Duration): Duration {
  return duration(milliseconds(span));
}

/** PromQL that is 1 while the share is above the threshold, else 0; no series while there were no requests. */
function firesQuery(guard: Rollback, { bad, total }: RequestCounters): string {
  const failed = increase(bad, guard);
  return `((${failed} / (${increase(total, guard)} > 0) > bool ${ratio(guard.threshold)}) * (${failed} >= bool ${leastBad}))`;
}

/** An increase needs two scrapes, and one may be missing. */
const leastScrapes = 3;

/** Guards of a model over a span in which Prometheus sees no increase, by the path below the model. */
export function guardSpanProblems({ guards = [] }: Pick<ServedModel, "guards">, scrapeInterval: Duration): Problem[] {
  const least = duration(leastScrapes * milliseconds(scrapeInterval));
  return guards.flatMap(({ for: span }, index) =>
    milliseconds(span) >= milliseconds(least)
      ? []
      : [
          {
            path: `guards[${index}].for`,
            reason: `"${span}" is less than ${leastScrapes} scrapes, which come every ${scrapeInterval}, so the guard would see nothing.`,
            fix: `Write at least "${least}", or a shorter scrapeInterval of platform.prometheus.`,
          },
        ],
  );
}

function requestsOf({ metric }: Rollback, model: ServedModel, at: ModelName) {
  if (metric === "http_5xx_rate") return failedRequests(at);
  return metric === "http_4xx_rate" ? refusedRequests(at) : slowRequests(model, at);
}

/** A counter without a series adds nothing; one that is subtracted without a series makes no data. */
function increase({ pods, gateway = [], less }: Counter, { for: span }: Rollback): string {
  const sum = (series: string) => `sum(increase(${series}[${wholeDuration(span)}]))`;
  const all = [...pods, ...gateway].map(sum);
  if (less === undefined)
    return all.length === 1 ? String(all[0]) : `(${all.map((one) => `(${one} or vector(0))`).join(" + ")})`;
  return `(${[all.join(" + "), ...less.map(sum)].join(" - ")})`;
}

/** The longest `watch` of the guards that keep the pods of the version before, in seconds; 0 where there is none. */
export function watchSeconds({ guards = [] }: Pick<ServedModel, "guards">): number {
  return Math.max(0, ...guards.map(({ to, watch }) => (to === "blueGreen" ? seconds(watch) : 0)));
}

/** A strategy whose release ends only after the model's rollback guards have watched it with all of the traffic. */
export function watched(strategy: RolloutStrategy, model: Pick<ServedModel, "guards">): RolloutStrategy {
  const duration = watchSeconds(model);
  const { canary } = strategy;
  if (duration === 0 || canary === undefined) return strategy;
  return { ...strategy, canary: { ...canary, steps: [...(canary.steps ?? []), { pause: { duration } }] } };
}

/**
 * The alerts of a model's rollback guards, for the time after a release: they see all of the model's pods, and name the
 * command that goes back. They notify through the Alertmanager of the Prometheus that has them.
 */
export function rollbackAlerts(model: ServedModel, at: ModelName): CustomResourceSpecs["PrometheusRule"] | undefined {
  const { guards = [] } = model;
  if (guards.length === 0) return undefined;
  return {
    groups: [
      {
        name: `${at.name}-rollback`,
        rules: guards.map((guard) => ({
          alert: "ModelNeedsRollback",
          expr: `${firesQuery(guard, ofAllVersions(requestsOf(guard, model, at)))} == 1`,
          labels: { severity: "critical", model: at.name, metric: guard.metric },
          annotations: {
            summary: `${at.name}: ${guard.metric} is above ${guard.threshold} over ${guard.for}`,
            description: `Go back: npx serin release rollback ${at.name}${
              guard.stableVersion === undefined ? "" : ` --to ${guard.stableVersion}`
            } --reason "${guard.metric} above ${guard.threshold}", with --environment, --kubeconfig and --cluster. Then declare that version.`,
          },
        })),
      },
    ],
  };
}

/** After a release the stable subset has the traffic, whichever pods that are. */
function ofAllVersions({ canary, stable }: JudgedRequests): RequestCounters {
  // Exactly the two parts that a ReplicaSet adds: the model `fraud-eu` is another than `fraud`.
  const every = (selectors: readonly string[]) =>
    selectors.map((selector) => selector.replaceAll("{{args.canary-hash}}-.+", "[a-z0-9]+-[a-z0-9]+"));
  const counter = (of: Counter, other: Counter): Counter => ({
    pods: every(of.pods),
    ...(of.less === undefined ? {} : { less: every(of.less) }),
    gateway: [...(of.gateway ?? []), ...(other.gateway ?? [])],
  });
  return { bad: counter(canary.bad, stable.bad), total: counter(canary.total, stable.total) };
}

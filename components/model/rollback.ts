import type { CustomResourceSpecs, DeepInput } from "../core/customResource.ts";
import { type Problem, unknownChoice } from "../core/problem.ts";
import { type Duration, durationProblems, type Percent, percentProblems, ratio, seconds } from "../core/quantity.ts";
import { withDefaults } from "../core/withDefaults.ts";
import { failedRequests, refusedRequests, slowRequests } from "./analysis/counters.ts";
import type { ServedModel } from "./servedModel.ts";
import type { ModelName, RolloutStrategy } from "./strategies/releaseStrategy.ts";
import type { Counter, JudgedRequests, RequestCounters } from "./verdict/counter.ts";

/** What a rollback guard may watch: a share of requests. */
const rollbackMetrics = ["http_5xx_rate", "http_4xx_rate", "slow_request_rate"] as const;

/** Where the traffic goes when a rollback guard fires. */
const rollbackTargets = ["blueGreen", "previous"] as const;

/**
 * A limit beyond the objectives at which the traffic goes back. It is in force during the whole release, and for as long
 * after all traffic is on the new version as `watch` says. Argo Rollouts judges nothing after a release has ended
 * (argo-rollouts `rollout/analysis.go`, `IsFullyPromoted`), so until then the release is not ended: its last step waits.
 * Afterwards an alert names the command that goes back.
 */
export interface Rollback {
  /**
   * The share of requests that is limited: `http_5xx_rate` of those that failed (HTTP 5xx, gRPC's server failures, what
   * the gateway could not deliver), `http_4xx_rate` of those that were refused for what the caller sent,
   * `slow_request_rate` of those that took longer than `slo.p99`.
   */
  readonly metric: (typeof rollbackMetrics)[number];
  /** Above this share of the requests the guard fires: 0.01 % to 99 %. */
  readonly threshold: Percent;
  /**
   * The share is that of the last so long: whole seconds, "10s" to "1h". So a short outage counts by its part of it.
   */
  readonly for: Duration;
  /**
   * `blueGreen`: after all traffic is on the new version, the pods of the version before stay for `watch`, and the
   * Rollouts controller gives them the traffic back at once. Until then the model holds twice its pods, GPUs included.
   * `previous`: the release ends as it would; from then on a person goes back, and the pods of the version before start
   * first.
   */
  readonly to: (typeof rollbackTargets)[number];
  /** Of `blueGreen`: how long the pods of the version before stay. Whole seconds, "10s" to "24h". */
  readonly watch: Duration;
  /**
   * The version that the alert's command names.
   * @default the version that was stable before, as the cluster knows it
   */
  readonly stableVersion?: string;
}

/** A rollback guard; see `Rollback` for the fields. Changing one restarts nothing and starts no release. */
export function rollback(
  options: Pick<Rollback, "metric" | "threshold"> & Partial<Omit<Rollback, "metric" | "threshold">>,
): Rollback {
  const defaults = {
    // Longer than the restart of a dependency, shorter than a person takes to look.
    for: "2m",
    to: "blueGreen",
    // Errors of a new version that the analyses did not meet mostly show with the first hour's callers.
    watch: "30m",
  } as const;
  return withDefaults(defaults, options);
}

/** Everything wrong with a rollback guard of a model, by the path below it. */
export function rollbackProblems(guard: Rollback, { version }: Pick<ServedModel, "version">): Problem[] {
  const { metric, threshold, to, watch, stableVersion } = guard;
  return [
    ...(rollbackMetrics.includes(metric) ? [] : [unknownChoice("metric", metric, rollbackMetrics)]),
    ...(rollbackTargets.includes(to) ? [] : [unknownChoice("to", to, rollbackTargets)]),
    ...percentProblems("threshold", threshold, { min: "0.01%", max: "99%" }),
    ...durationProblems("for", guard.for, { min: "10s", max: "1h", whole: "1s" }),
    ...durationProblems("watch", watch, { min: "10s", max: "24h", whole: "1s" }),
    ...(stableVersion === version
      ? [
          {
            path: "stableVersion",
            reason: `"${stableVersion}" is the version that is declared, so there would be nothing to go back to.`,
            fix: "Write the version before it, or leave it out.",
          },
        ]
      : []),
  ];
}

/** One failed request of two is 50 %: the guard waits for so many bad requests. */
const leastBad = 5;

/**
 * The metrics by which the guard of a release carries out the rollback guards of a model. They only ever fail, and only
 * on requests that were counted.
 */
export function rollbackGuardMetrics(model: ServedModel, at: ModelName): { name: string; query: string }[] {
  return (model.guards ?? []).map((guard) => ({
    name: metricName(guard),
    query: `2 * ${firesQuery(guard, requestsOf(guard, model, at).canary)}`,
  }));
}

/** `errors` and the like are of the objectives; several guards may watch the same metric. */
function metricName({ metric, threshold, for: span }: Rollback): string {
  return `rollback-${metric.replaceAll("_", "-")}-${threshold.replace("%", "").replace(".", "-")}-${span}`;
}

/** PromQL that is 1 while the share is above the threshold, else 0; no series while there were no requests. */
function firesQuery(guard: Rollback, { bad, total }: RequestCounters): string {
  const failed = increase(bad, guard);
  return `((${failed} / (${increase(total, guard)} > 0) > bool ${ratio(guard.threshold)}) * (${failed} >= bool ${leastBad}))`;
}

function requestsOf({ metric }: Rollback, model: ServedModel, at: ModelName) {
  if (metric === "http_5xx_rate") return failedRequests(at);
  return metric === "http_4xx_rate" ? refusedRequests(at) : slowRequests(model, at);
}

/** A counter without a series adds nothing; one that is subtracted without a series makes no data. */
function increase({ pods, gateway = [], less }: Counter, { for: span }: Rollback): string {
  const sum = (series: string) => `sum(increase(${series}[${span}]))`;
  const all = [...pods, ...gateway].map(sum);
  if (less === undefined) return all.length === 1 ? String(all[0]) : `(${all.map((one) => `(${one} or vector(0))`).join(" + ")})`;
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
export function rollbackAlerts(
  model: ServedModel,
  at: ModelName,
): DeepInput<CustomResourceSpecs["PrometheusRule"]> | undefined {
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
  const every = (selectors: readonly string[]) =>
    selectors.map((selector) => selector.replaceAll("{{args.canary-hash}}", "[a-z0-9]+"));
  const counter = (of: Counter, other: Counter): Counter => ({
    pods: every(of.pods),
    ...(of.less === undefined ? {} : { less: every(of.less) }),
    gateway: [...(of.gateway ?? []), ...(other.gateway ?? [])],
  });
  return { bad: counter(canary.bad, stable.bad), total: counter(canary.total, stable.total) };
}

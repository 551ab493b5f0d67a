import { type Problem, unknownChoice } from "../core/problem.ts";
import { type Duration, durationProblems, type Percent, percentProblems } from "../core/quantity.ts";
import { withDefaults } from "../core/withDefaults.ts";

/** What a rollback guard may watch: a share of requests. */
const rollbackMetrics = ["http_5xx_rate", "http_4xx_rate", "slow_request_rate"] as const;

/** Where the traffic goes when a rollback guard fires. */
const rollbackTargets = ["blueGreen", "previous"] as const;

/**
 * A limit beyond the objectives at which the traffic goes back. It is in force during the whole release, and for as
 * long after all traffic is on the new version as `watch` says. Argo Rollouts judges nothing after a release has ended
 * (argo-rollouts `rollout/analysis.go`, `IsFullyPromoted`), so until then the release is not ended: its last step
 * waits. Afterwards an alert names the command that goes back.
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
   * The share is that of the last so long: whole seconds, "10s" to "1h", at least three scrapes. So a short outage
   * counts by its part of it.
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
export function rollbackProblems(guard: Rollback, { version }: { readonly version: string }): Problem[] {
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

import type { CustomResourceSpecs } from "../core/customResource.ts";
import { type Duration, seconds } from "../core/quantity.ts";
import type { RolloutStrategy } from "./strategies/releaseStrategy.ts";

type Group = NonNullable<CustomResourceSpecs["PrometheusRule"]["groups"]>[number];
type Rule = NonNullable<Group["rules"]>[number];

/** Shorter waits are told to nobody, in seconds: a person could do nothing in the time. */
const leastWait = 600;

/**
 * The alerts of a release that waits, for a verdict or for a person: nothing ends such a wait, so somebody must hear of
 * it. The first rules fire when the analysis of a step takes longer than `planned` says, in seconds by step: 95 of 100
 * healthy versions have passed by then, at the trough of traffic. The last one fires when a release is paused for ten
 * minutes more than its longest timed pause: by a person, by an analysis that ended Inconclusive, or at a gate.
 *
 * They read the metrics of the Rollouts controller, which names an AnalysisRun `<model>-<hash>-<revision>-<step>`
 * (argo-rollouts `rollout/analysis.go`, `controller/metrics/rollouts.go`).
 */
export function waitingAlerts(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  strategy: RolloutStrategy,
  planned: readonly number[] = [],
): Group {
  const steps = strategy.canary?.steps ?? [];
  const byWait = new Map<number, number[]>();
  for (const [index, { analysis }] of steps.entries()) {
    const wait = planned[index];
    if (analysis === undefined || wait === undefined) continue;
    const most = Math.max(leastWait, Math.ceil(wait));
    byWait.set(most, [...(byWait.get(most) ?? []), index]);
  }
  const rule = (metric: string, matchers: string, wait: number, summary: string): Rule => ({
    alert: "ModelReleaseWaits",
    // Where the controller is scraped without `honorLabels`, Prometheus keeps its namespace as `exported_namespace`.
    expr: ["namespace", "exported_namespace"]
      .map((label) => `${metric}{${label}="${namespace}",${matchers}}`)
      .join(" or "),
    for: `${wait}s`,
    labels: { severity: "warning", model: name },
    annotations: {
      summary: `${name}: ${summary}`,
      description: `See why: npx serin release status ${name}. Go on without a verdict with promote, or back with abort, each with --reason, and all with --environment, --kubeconfig and --cluster.`,
    },
  });
  const pauses = steps.map(({ pause }) => pauseSeconds(pause?.duration));
  return {
    name: `${name}-release`,
    rules: [
      ...[...byWait].map(([wait, at]) =>
        rule(
          "analysis_run_info",
          `name=~"${name}-[a-z0-9]+-[0-9]+-(${at.join("|")})",phase="Running"`,
          wait,
          `a step of its release waits for a verdict longer than planned (${wait} s)`,
        ),
      ),
      rule(
        "rollout_info",
        `name="${name}",phase="Paused"`,
        Math.max(0, ...pauses) + leastWait,
        "its release is paused and waits for a person",
      ),
    ],
  };
}

/** A pause has seconds or a duration; a gate has neither. */
function pauseSeconds(duration: string | number | undefined): number {
  if (duration === undefined) return 0;
  return typeof duration === "number" ? duration : Math.ceil(seconds(duration as Duration));
}

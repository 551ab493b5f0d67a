import type { AnalysisView, RolloutView } from "./cluster/clusterView.ts";
import type { StepReport } from "./report.ts";

/** What the pods of the new version have answered since they started, from Prometheus. */
export interface CanaryCounters {
  /** The requests that were answered. */
  readonly requests: number;
  /** Those of `requests` with a 5xx status. */
  readonly errors: number;
  /** Those of `requests` that took longer than the objective for p99. */
  readonly slow: number;
}

/** The state of a release at one moment. */
export interface Observation {
  /** Milliseconds since the new version was declared. */
  readonly atMs: number;
  /** Percent of the traffic on the new version. */
  readonly weight: number;
  /** The counts of the new version's pods so far. They may fall when pods end. */
  readonly counters: CanaryCounters;
  /** The step of the Rollout that is under way, counted from 0. */
  readonly step?: number;
}

const none: CanaryCounters = { requests: 0, errors: 0, slow: 0 };

/**
 * The steps of a release out of what was observed: one per weight, with what the counters gained during it. Counters of
 * pods that are gone drop out of Prometheus, so only gains count.
 *
 * `stages` is the name of the stage of each step of the Rollout. A stage without a weight is a step of its own.
 */
export function stepsOf(
  observations: readonly Observation[],
  analyses: readonly AnalysisView[],
  rollout: RolloutView,
  stages: readonly string[] = [],
): StepReport[] {
  const steps: StepReport[] = [];
  let before = none;
  for (const { atMs, weight, counters, step } of observations) {
    const gained = gain(before, counters);
    before = counters;
    const current = steps.at(-1);
    const shifted = steps.some((one) => one.weight > 0);
    const stage = weight === 0 && !shifted && step !== undefined ? preparing(step, rollout, stages) : undefined;
    const begins = weight > 0 ? current?.weight !== weight : stage !== undefined && current?.stage !== stage;
    if (current === undefined || begins) {
      if (current !== undefined) steps[steps.length - 1] = { ...current, endMs: atMs };
      const named = stage === undefined ? {} : { stage };
      steps.push({ weight, ...named, startMs: atMs, endMs: atMs, ...gained, verdicts: [] });
      continue;
    }
    steps[steps.length - 1] = {
      ...current,
      endMs: weight === current.weight ? atMs : current.endMs,
      requests: current.requests + gained.requests,
      errors: current.errors + gained.errors,
      slow: current.slow + gained.slow,
    };
  }
  return steps
    .filter(({ weight, stage }) => weight > 0 || stage !== undefined)
    .map((step) => ({ ...step, verdicts: verdictsAt(step, analyses, rollout, stages) }));
}

/** The stage of a step, if no step of that stage has a weight: pods that a weight waits for are no stage. */
function preparing(step: number, { stepWeights }: RolloutView, stages: readonly string[]): string | undefined {
  const stage = stages[step];
  const weighs = stages.some((name, index) => name === stage && (stepWeights[index] ?? 0) > 0);
  return stage === "" || weighs ? undefined : stage;
}

/** A step's own verdicts, and those of the guard that ended the release while the step was under way. */
function verdictsAt(
  step: StepReport,
  analyses: readonly AnalysisView[],
  rollout: RolloutView,
  stages: readonly string[],
): StepReport["verdicts"] {
  const own = analyses
    .filter(({ step: index }) =>
      index === undefined
        ? false
        : step.stage === undefined
          ? rollout.stepWeights[index] === step.weight
          : stages[index] === step.stage,
    )
    .flatMap((analysis) =>
      analysis.metrics.map(({ name, phase }) => ({ metric: name, verdict: phase, by: "step" as const })),
    );
  const lastWeight = Math.max(
    0,
    ...analyses.flatMap(({ step: index }) => (index === undefined ? [] : (rollout.stepWeights[index] ?? 0))),
  );
  const ending = step.weight === lastWeight || (step.weight === 100 && rollout.aborted);
  const guard = ending
    ? analyses
        .filter((analysis) => analysis.step === undefined)
        .flatMap((analysis) => analysis.metrics)
        .filter(({ phase }) => phase === "Failed" || phase === "Error")
        .map(({ name, phase }) => ({ metric: name, verdict: phase, by: "guard" as const }))
    : [];
  return [...own, ...guard];
}

function gain(before: CanaryCounters, now: CanaryCounters): CanaryCounters {
  const of = (key: keyof CanaryCounters) => Math.max(0, Math.round(now[key] - before[key]));
  return { requests: of("requests"), errors: of("errors"), slow: of("slow") };
}

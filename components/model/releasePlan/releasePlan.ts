import { seededRandom } from "../../core/random.ts";
import { objectiveTests, readingsOf } from "../analysis/metrics.ts";
import { lookSeconds } from "../analysis/templates.ts";
import type { Model } from "../model.ts";
import { watched, watchSeconds } from "../rollbackGuard.ts";
import type { ReleaseStep } from "../strategies/phases/plannedStep.ts";
import type { AnalysisContext } from "../strategies/releaseStrategy.ts";
import { strategyOf } from "../strategies/strategies.ts";
import { scoresToPass } from "../verdict/sampleSize.ts";
import { type SimulatedEnd, type SimulatedRelease, type SimulatedStep, simulated } from "./simulation.ts";

/** A number that varies from release to release. */
export interface Spread {
  /** Its mean. */
  readonly mean: number;
  /** 95 of 100 releases stay below it. */
  readonly late: number;
}

/** One part of a release, with one share of the traffic. */
export interface ReleaseStage {
  /** For a person: `5 %`, `copies of 100 %`, `chosen requests`. */
  readonly name: string;
  /** The percent of the callers that the new version answers. */
  readonly weight: number;
  /** Pods of the new version. The stable version keeps its own. */
  readonly pods: number;
  /** How long the stage takes, waiting for pods included, in seconds, for a healthy version. */
  readonly seconds: Spread;
}

/** What becomes of a version with a certain fault. */
export interface ReleaseOutcome {
  /** Which requests it fails, for a person: `2 × its objective`, `every request`. */
  readonly version: string;
  /** The share of its requests that fail, 0 to 1. */
  readonly failing: number;
  /** The chances of how the release ends. They are 1 together. */
  readonly chances: Readonly<Record<SimulatedEnd["ended"], number>>;
  /** Seconds from the first request to the end of the release, at this traffic. */
  readonly seconds: Spread;
  /** Requests of callers that fail meanwhile. */
  readonly failed: Spread;
}

/** A release at one rate of requests. */
export interface ReleaseAt {
  /** For a person: `trough`, `peak` or an hour of the day. */
  readonly when: string;
  /** Requests per second of the model at this cluster when the release starts. */
  readonly requestsPerSecond: number;
  /** Seconds of a release of a healthy version, which has a quarter of the bad requests that it may have. */
  readonly seconds: Spread;
  /** Its stages. */
  readonly stages: readonly ReleaseStage[];
  /** Versions from healthy to broken. */
  readonly outcomes: readonly ReleaseOutcome[];
}

/** How large a release is, before it starts. */
export interface ReleasePlan {
  /** One sentence on the strategy. */
  readonly release: string;
  /** The release at the trough and at the peak of the traffic, or at the hours that were asked for. */
  readonly at: readonly ReleaseAt[];
  /** What runs beside the stable version. */
  readonly surge: {
    /** The most pods of the new version. */
    readonly pods: number;
    /** The most GPUs, or shares of GPUs, of the new version. */
    readonly gpus: number;
    /**
     * GPU hours of a release of a healthy version at the first rate, with the time in which rollback guards watch it,
     * and of the old pods that are kept after it.
     */
    readonly gpuHours: number;
  };
}

/** A rate of requests at which a release is planned. */
export interface PlannedTraffic {
  /** For a person. */
  readonly when: string;
  /** Requests per second of the model at this cluster, so many seconds after the start. */
  readonly requestsPerSecond: (at: number) => number;
}

/** How many releases are simulated: the chance of 1 % is then known to about half a percent. */
const releases = 400;
/** A release that has not ended after this many times its planned duration counts as not decided. */
const patience = 10;
/** A healthy version has a quarter of the bad requests that its objectives allow. */
const healthyPart = 1 / 4;

/**
 * Plans a release of a model on one cluster, by simulation of the analyses that the Rollout carries out. Undefined for
 * a strategy that does not say how it judges.
 */
export function releasePlan(
  model: Model,
  context: AnalysisContext,
  traffic: readonly PlannedTraffic[],
  { clumping = 1, runs = releases }: { readonly clumping?: number; readonly runs?: number } = {},
): ReleasePlan | undefined {
  const strategy = strategyOf(model.release);
  const judgement = strategy.judgement?.(model.release);
  const steps = plannedSteps(model, context);
  if (judgement === undefined || steps.length === 0) return undefined;
  const { failing, slow, score } = objectiveTests(model, judgement, context);
  const planned = steps.reduce((sum, step) => sum + step.seconds, 0);
  const at = traffic.map(({ when, requestsPerSecond }): ReleaseAt => {
    const release: SimulatedRelease = {
      steps,
      tests: [failing, slow],
      scores: score === undefined ? 0 : scoresToPass(score),
      interval: readingsOf(model, judgement, context).interval,
      delay: lookSeconds(context),
      traffic: requestsPerSecond,
      clumping,
      limit: patience * Math.max(planned, 600),
    };
    const of = (version: string, failingShare: number, seed: number) => {
      const random = seededRandom(seed);
      const ends = Array.from({ length: runs }, () =>
        simulated(release, [failingShare, slow.objective * healthyPart], random),
      );
      return { ends, outcome: outcomeOf(version, failingShare, ends) };
    };
    const { objective } = failing;
    const healthy = of("1/4 of its objective", objective * healthyPart, 1);
    const versions = [
      of("1/2 of its objective", objective / 2, 2),
      of("2 × its objective", objective * 2, 3),
      of("10 × its objective", Math.min(1, objective * 10), 4),
      of("every request", 1, 5),
    ];
    const promoted = healthy.ends.filter(({ ended }) => ended === "promoted");
    return {
      when,
      requestsPerSecond: requestsPerSecond(0),
      seconds: spread(promoted.map(({ seconds }) => seconds)),
      stages: stagesOf(steps, promoted),
      outcomes: [healthy, ...versions].map(({ outcome }) => outcome),
    };
  });
  const gpusOf = (pods: number) => pods * (model.server.gpu?.count ?? 0);
  const pods = Math.max(...steps.map((step) => step.pods));
  const kept = strategy.rollout(model, model.release, context).canary?.scaleDownDelaySeconds ?? 0;
  const gpuSeconds =
    (at[0]?.stages ?? []).reduce((sum, stage) => sum + stage.seconds.mean * gpusOf(stage.pods), 0) +
    kept * gpusOf(model.replicas);
  return {
    release: strategy.sentence(model, model.release),
    at,
    surge: { pods, gpus: gpusOf(pods), gpuHours: gpuSeconds / 3_600 },
  };
}

/** How long a release takes at the trough, at most, as its steps are planned, in seconds. */
export function plannedDuration(model: Model, context: AnalysisContext): number | undefined {
  const planned = strategyOf(model.release).plannedSeconds?.(model, model.release, context);
  return planned?.reduce((sum, seconds) => sum + seconds, 0);
}

/** The name of the stage that each step of the Rollout belongs to, as `ReleaseStage.name`, by step. */
export function stepStages(model: Model, context: AnalysisContext): string[] {
  return plannedSteps(model, context).map(({ stage }) => stage);
}

interface PlannedStep extends SimulatedStep {
  readonly stage: string;
  readonly weight: number;
  readonly pods: number;
}

/** The steps of the Rollout, each with the traffic that the new version has meanwhile. */
function plannedSteps(model: Model, context: AnalysisContext): PlannedStep[] {
  const strategy = strategyOf(model.release);
  const steps = watched(strategy.rollout(model, model.release, context), model).canary?.steps ?? [];
  const planned = [...(strategy.plannedSeconds?.(model, model.release, context) ?? []), watchSeconds(model)];
  const judging = new Map(
    strategy
      .analyses(model, model.release, context)
      .filter(({ spec }) => judges(spec as AnalysisSpec))
      .map(({ object, child }) => [object, child]),
  );
  let [weight, copied, pods] = [0, 0, 0];
  let stage = "";
  return steps.map((step, index): PlannedStep => {
    const { setWeight, setCanaryScale, setMirrorRoute } = step;
    if (setCanaryScale?.replicas !== undefined) pods = setCanaryScale.replicas;
    if (setCanaryScale?.weight !== undefined) pods = podsAt(model, setCanaryScale.weight);
    if (setMirrorRoute !== undefined)
      copied = setMirrorRoute.match === undefined ? 0 : (setMirrorRoute.percentage ?? 100);
    // A weight is there when its pods are.
    const share = Math.max(weight, copied) / 100;
    if (setWeight !== undefined) {
      weight = setWeight;
      pods = Math.max(pods, podsAt(model, weight));
    }
    // Pods that are waited for belong to what they are for.
    stage = stageName(steps.slice(index)) ?? stage;
    const child = step.analysis?.templates?.flatMap(({ templateName }) => judging.get(String(templateName)) ?? [])[0];
    const next = child === undefined ? undefined : child.startsWith("at-") ? nextWeight(steps, index) / 100 : 1;
    return {
      stage,
      weight,
      pods,
      share: setWeight === undefined ? Math.max(weight, copied) / 100 : share,
      harms: copied === 0,
      // The gate after it waits for the same pods.
      seconds: gateOf(steps[index + 1], step) === undefined ? (planned[index] ?? 0) : 0,
      ...(next === undefined ? {} : { next }),
    };
  });
}

interface AnalysisSpec {
  readonly metrics?: readonly { readonly name?: unknown; readonly successCondition?: unknown }[];
}

/** Whether an analysis decides on the objectives: the guard only fails, and others wait for pods or requests. */
function judges({ metrics = [] }: AnalysisSpec): boolean {
  return metrics.some(({ name, successCondition }) => name === "errors" && successCondition !== undefined);
}

/** The name of the stage that these steps begin; undefined where they go on with the one before. */
function stageName(steps: readonly ReleaseStep[]): string | undefined {
  const [first] = steps;
  const begins = first?.setCanaryScale !== undefined && first.setCanaryScale.matchTrafficWeight !== true;
  const decisive = (begins ? steps : steps.slice(0, 1)).find(
    ({ setWeight, setHeaderRoute, setMirrorRoute }) =>
      setWeight !== undefined || setHeaderRoute?.match !== undefined || setMirrorRoute?.match !== undefined,
  );
  if (decisive?.setMirrorRoute !== undefined) return `copies of ${decisive.setMirrorRoute.percentage ?? 100} %`;
  if (decisive?.setHeaderRoute !== undefined) return "chosen requests";
  return decisive === undefined ? undefined : `${decisive.setWeight} %`;
}

/** The weight of a gate for pods, which follows the step that asks for them. */
function gateOf(step: ReleaseStep | undefined, before: ReleaseStep | undefined): number | undefined {
  return step?.analysis === undefined ? undefined : before?.setCanaryScale?.weight;
}

function nextWeight(steps: readonly ReleaseStep[], from: number): number {
  return steps.slice(from).find(({ setWeight }) => setWeight !== undefined)?.setWeight ?? 100;
}

function podsAt({ replicas }: Model, weight: number): number {
  return Math.ceil((replicas * weight) / 100);
}

function stagesOf(steps: readonly PlannedStep[], ends: readonly SimulatedEnd[]): ReleaseStage[] {
  const names = [...new Set(steps.map(({ stage }) => stage))];
  return names.map((name) => {
    const within = steps.flatMap((step, index) => (step.stage === name ? [index] : []));
    const last = steps[within.at(-1) ?? 0];
    return {
      name,
      weight: last?.weight ?? 0,
      pods: last?.pods ?? 0,
      seconds: spread(ends.map((end) => within.reduce((sum, index) => sum + (end.steps[index] ?? 0), 0))),
    };
  });
}

function outcomeOf(version: string, failing: number, ends: readonly SimulatedEnd[]): ReleaseOutcome {
  const chance = (ended: SimulatedEnd["ended"]) => ends.filter((end) => end.ended === ended).length / ends.length;
  return {
    version,
    failing,
    chances: { promoted: chance("promoted"), rolledBack: chance("rolledBack"), undecided: chance("undecided") },
    seconds: spread(ends.map(({ seconds, first }) => seconds - first)),
    failed: spread(ends.map((end) => end.failed)),
  };
}

function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { mean: Number.NaN, late: Number.NaN };
  const sorted = values.toSorted((a, b) => a - b);
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    late: Number(sorted[Math.ceil(0.95 * sorted.length) - 1]),
  };
}

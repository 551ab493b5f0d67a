import { seconds } from "../../../core/quantity.ts";
import { versionCounts } from "../../analysis/counters.ts";
import type { Judgement } from "../../analysis/metrics.ts";
import {
  guardTemplate,
  lookSeconds,
  podsTemplate,
  revisionHashes,
  type Stage,
  stageSeconds,
  stageTemplate,
} from "../../analysis/templates.ts";
import { objectNames, releaseRoutes, subsets } from "../../objectNames.ts";
import type { ServedModel } from "../../servedModel.ts";
import type {
  AnalysisContext,
  FoundStrategy,
  ReleaseStrategy,
  RolloutStrategy,
  StrategyAnalysis,
} from "../releaseStrategy.ts";
import { type Canary, canaryProblems, forgetSeconds } from "./canary.ts";

type CanaryStep =
  | { setWeight: number }
  | { setCanaryScale: { weight: number } }
  | { pause: { duration: number } }
  | { analysis: AnalysisReference };

interface AnalysisReference {
  templates: { templateName: string }[];
  args: ((typeof revisionHashes)[number] | { name: string; value: string })[];
}

const stageOf = (name: string, weight: number) => `${name}-at-${weight}`;

/**
 * Looks of the guard while all traffic is on the new version and the old pods still stand by: three that see it, and
 * one that began before.
 */
const lastLooks = 4;

/**
 * An abort takes the traffic back when half of the stable pods are there: with the controller's default, all of them,
 * one pod on a lost node would leave the traffic where it is. With less than half, stable could not carry it. The same
 * number lets a weight grow with half of its canary pods, which is why a gate counts them before.
 */
const replicaProgressThreshold = { type: "Percent", value: 50 } as const;

/**
 * Traffic shifts step by step. Stable keeps all its pods until the release has ended, so that an abort waits for no
 * model to load (with `dynamicStableScale` it would).
 */
export const canaryStrategy: ReleaseStrategy<Canary> = {
  problems: canaryProblems,
  analyses(model, declared, context) {
    const names = objectNames(context.name);
    const release = judged(declared);
    const stages = stagesOf(release).map(
      ({ weight, ...stage }): StrategyAnalysis => ({
        child: `at-${weight}`,
        object: stageOf(context.name, weight),
        spec: stageTemplate(model, release, stage, context),
      }),
    );
    return [
      ...stages,
      { child: "guard", object: names.guard, spec: guardTemplate(model, release, context) },
      ...(model.replicas > 1 ? [{ child: "pods", object: names.pods, spec: podsTemplate(release, context) }] : []),
    ];
  },
  services: (name) => [objectNames(name).canaryService, objectNames(name).stableService],
  rollout(model, release, context) {
    const { name } = context;
    const names = objectNames(name);
    const planned = plannedSteps(model, release, context).map(({ step }) => step);
    return {
      canary: {
        steps: planned,
        analysis: {
          startingStep: guardFrom(planned),
          templates: [{ templateName: names.guard }],
          args: revisionHashes,
        },
        // Nothing is sent to them. Without them the controller looks at no analysis, abort or deadline while any pod of
        // either version is unavailable (`shouldDelayDestinationRuleUpdate`; argo-rollouts #4626, #4839).
        canaryService: names.canaryService,
        stableService: names.stableService,
        replicaProgressThreshold,
        trafficRouting: {
          istio: {
            virtualServices: [{ name: names.release, routes: Object.values(releaseRoutes) }],
            destinationRule: { name, canarySubsetName: subsets.canary, stableSubsetName: subsets.stable },
          },
        },
        scaleDownDelaySeconds: seconds(release.keep),
        abortScaleDownDelaySeconds: forgetSeconds,
      },
    };
  },
  plannedSeconds: (model, release, context) => plannedSteps(model, release, context).map(({ seconds }) => seconds),
  judgement: judged,
  progress: {
    owns: (strategy) => "canary" in strategy,
    stepWeights,
    counters: versionCounts,
  },
  sentence({ slo }, { weights, bake }) {
    const tests = ["errors", "latency", ...(slo.predictionScore === undefined ? [] : ["score"])];
    return `canary ${weights.join(" → ")} %, each after ${bake} and tests: ${tests.join(", ")}`;
  },
};

/** How a canary judges; as a part of a longer release it was told what that waits. */
function judged(release: Canary & Pick<Judgement, "waits">): Canary & Judgement {
  return { ...release, waits: release.waits ?? waitsOf(release) };
}

/** Seconds that a canary waits beside its tests. */
export function waitsOf({ weights, bake }: Canary): number {
  return weights.length * seconds(bake);
}

type Steps = NonNullable<NonNullable<RolloutStrategy["canary"]>["steps"]>;

/**
 * The step that the guard starts with, so that it sees the first request to the new version: the one that adds a route,
 * or the one after the first weight, which waits for the first pod.
 */
export function guardFrom(steps: Steps): number {
  return steps.findIndex(
    (step, index) => "setHeaderRoute" in step || "setMirrorRoute" in step || steps[index - 1]?.setWeight !== undefined,
  );
}

/** The step that begins to give the new version all traffic: that of its pods where they are waited for. */
export function allTrafficFrom(steps: Steps): number {
  return steps.findIndex(({ setWeight, setCanaryScale }) => (setWeight ?? setCanaryScale?.weight) === 100);
}

/** Weights whose step an analysis decides: all but the last. */
function analysedWeights(weights: readonly number[]): number[] {
  return weights.filter((weight) => weight < 100);
}

/** The stages that an analysis decides, with the weight of each. */
export function stagesOf({ weights }: Canary): (Stage & { readonly weight: number })[] {
  return analysedWeights(weights).map((weight, index) => ({
    weight,
    share: weight / 100,
    next: (weights[index + 1] ?? 100) / 100,
  }));
}

/** The steps of the Rollout, and how long each is planned to take, in seconds. */
function plannedSteps(
  model: ServedModel,
  release: Canary,
  context: AnalysisContext,
): { readonly step: CanaryStep; readonly seconds: number }[] {
  const { name } = context;
  const ready = Math.ceil(context.podDeadlineSeconds / 2);
  const bake = seconds(release.bake);
  const pause = (duration: number) => (duration === 0 ? [] : [{ step: { pause: { duration } }, seconds: duration }]);
  const podsAt = (weight: number) => Math.ceil((model.replicas * weight) / 100);
  return release.weights.flatMap((weight, index) => {
    const before = podsAt(release.weights[index - 1] ?? 0);
    const gate: AnalysisReference = {
      templates: [{ templateName: objectNames(name).pods }],
      args: [...revisionHashes, { name: "weight", value: String(weight) }],
    };
    const stage = stagesOf(release)[index];
    return [
      // The first pod is waited for by the controller.
      ...(podsAt(weight) > Math.max(1, before)
        ? [
            { step: { setCanaryScale: { weight } }, seconds: ready },
            { step: { analysis: gate }, seconds: ready },
          ]
        : []),
      { step: { setWeight: weight }, seconds: before === 0 ? ready : 1 },
      ...(stage === undefined
        ? pause(Math.max(bake, Math.ceil(lastLooks * lookSeconds(context))))
        : [
            ...pause(bake),
            {
              step: { analysis: { templates: [{ templateName: stageOf(name, weight) }], args: revisionHashes } },
              seconds: stageSeconds(model, release, stage, context),
            },
          ]),
    ];
  });
}

/** A step without a weight keeps the weight of the step before it. */
function stepWeights({ canary }: FoundStrategy): number[] {
  const found = (canary as { steps?: readonly { readonly setWeight?: number }[] } | undefined)?.steps ?? [];
  let weight = 0;
  return found.map((step) => {
    weight = step.setWeight ?? weight;
    return weight;
  });
}

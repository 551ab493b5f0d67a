import { seconds } from "../../../core/quantity.ts";
import { versionCounts } from "../../analysis/counters.ts";
import { guardTemplate, revisionHashes, type Stage, stageTemplate } from "../../analysis/templates.ts";
import { objectNames, releaseRoutes, subsets } from "../../objectNames.ts";
import type { FoundStrategy, ReleaseStrategy, StrategyAnalysis } from "../releaseStrategy.ts";
import { type Canary, canaryProblems } from "./canary.ts";

type CanaryStep = { setWeight: number } | { pause: { duration: number } } | { analysis: AnalysisReference };

interface AnalysisReference {
  templates: { templateName: string }[];
  args: typeof revisionHashes;
}

const guardOf = (name: string) => `${name}-guard`;
const stageOf = (name: string, weight: number) => `${name}-at-${weight}`;

/** Evidence each stage asks for, as a multiple of what a clean pass needs; the test goes on over all stages. */
const stageEvidence = [1, 2, 4] as const;

/** Step 0 sets the first weight; the guard starts with the step after it. */
const guardFrom = 1;

/**
 * Traffic shifts step by step. Stable keeps all its pods until the release has ended, so an abort gives all traffic
 * back at once (`dynamicStableScale` would make a rollback wait for models to load).
 */
export const canaryStrategy: ReleaseStrategy<Canary> = {
  problems: canaryProblems,
  analyses(model, release, context) {
    const stages = stagesOf(release).map(
      ({ weight, ...stage }): StrategyAnalysis => ({
        child: `at-${weight}`,
        object: stageOf(context.name, weight),
        spec: stageTemplate(model, release, stage, context),
      }),
    );
    return [...stages, { child: "guard", object: guardOf(context.name), spec: guardTemplate(model, release, context) }];
  },
  rollout: (name, release) => ({
    canary: {
      steps: steps(name, release),
      analysis: {
        startingStep: guardFrom,
        templates: [{ templateName: guardOf(name) }],
        args: revisionHashes,
      },
      trafficRouting: {
        istio: {
          virtualServices: [{ name: objectNames(name).release, routes: Object.values(releaseRoutes) }],
          destinationRule: { name, canarySubsetName: subsets.canary, stableSubsetName: subsets.stable },
        },
      },
      // Proxies may send to the old pods for a moment after the switch.
      scaleDownDelaySeconds: 30,
      abortScaleDownDelaySeconds: 30,
    },
  }),
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

/** Weights whose step an analysis decides: all but the last. */
function analysedWeights(weights: readonly number[]): number[] {
  return weights.filter((weight) => weight < 100);
}

/** The stages that an analysis decides, with the weight of each. */
export function stagesOf({ weights }: Canary): (Stage & { readonly weight: number })[] {
  return analysedWeights(weights).map((weight, index) => ({
    weight,
    share: weight / 100,
    evidence: stageEvidence[Math.min(index, stageEvidence.length - 1)] ?? 1,
  }));
}

function steps(name: string, { weights, bake }: Canary): CanaryStep[] {
  const duration = seconds(bake);
  const decided = analysedWeights(weights).flatMap((weight): CanaryStep[] => [
    { setWeight: weight },
    ...(duration === 0 ? [] : [{ pause: { duration } }]),
    { analysis: { templates: [{ templateName: stageOf(name, weight) }], args: revisionHashes } },
  ]);
  return [...decided, { setWeight: 100 }];
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

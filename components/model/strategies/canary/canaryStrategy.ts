import { seconds } from "../../../core/quantity.ts";
import { objectNames, releaseRoutes, subsets } from "../../objectNames.ts";
import type { FoundStrategy, ReleaseStrategy, StrategyAnalysis } from "../releaseStrategy.ts";
import { type Canary, canaryProblems } from "./canary.ts";
import { analysedWeights, canaryCounts, guardTemplate, stageTemplate } from "./canaryAnalysis.ts";

type CanaryStep = { setWeight: number } | { pause: { duration: number } } | { analysis: AnalysisReference };

interface AnalysisReference {
  templates: { templateName: string }[];
  args: { name: string; valueFrom: { podTemplateHashValue: "Latest" | "Stable" } }[];
}

const guardOf = (name: string) => `${name}-guard`;
const stageOf = (name: string, weight: number) => `${name}-at-${weight}`;

/** The arguments of every template: the pods an analysis judges, and those it compares with. */
const revisionHashes: AnalysisReference["args"] = [
  { name: "canary-hash", valueFrom: { podTemplateHashValue: "Latest" } },
  { name: "stable-hash", valueFrom: { podTemplateHashValue: "Stable" } },
];

/** Step 0 sets the first weight; the guard starts with the step after it. */
const guardFrom = 1;

/**
 * Traffic shifts step by step. Stable keeps all its pods until the release has ended, so an abort gives all traffic
 * back at once (`dynamicStableScale` would make a rollback wait for models to load).
 */
export const canaryStrategy: ReleaseStrategy<Canary> = {
  problems: canaryProblems,
  analyses(model, release, context) {
    const stages = analysedWeights(release.weights).map(
      (weight, stage): StrategyAnalysis => ({
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
    counters: canaryCounts,
  },
  sentence({ slo }, { weights, bake }) {
    const tests = ["errors", "latency", ...(slo.predictionScore === undefined ? [] : ["score"])];
    return `canary ${weights.join(" → ")} %, each after ${bake} and tests: ${tests.join(", ")}`;
  },
};

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

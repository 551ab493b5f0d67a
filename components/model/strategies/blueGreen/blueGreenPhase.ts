import { countProblems, seconds } from "../../../core/quantity.ts";
import { revisionHashes, stageSeconds, stageTemplate } from "../../analysis/templates.ts";
import { type Canary, canary, canaryProblems } from "../canary/canary.ts";
import { cohortRoute } from "../phases/cohort.ts";
import type { ReleasePhase } from "../phases/releasePhase.ts";
import { type Trial, trialAnalyses, trialProblems, trialSentence, trialSteps, trialWaits } from "../phases/trial.ts";
import type { BlueGreen } from "./blueGreen.ts";

const previewChild = "preview";
const switchedChild = "switched";

/** All traffic. The analysis after the switch asks for as much evidence as a canary's first step. */
const stage = { share: 1 } as const;

/**
 * A canary of one weight. Argo Rollouts has a blue-green strategy of its own, which switches the selector of a Service;
 * it does not return while a pod of the new version is unavailable (`reconcileActiveService` in argo-rollouts 1.9.1
 * `rollout/service.go` asks for all of them before it looks at an abort), which is when a return is needed. Routes
 * return in every state, and a model may change between a canary and blue-green at any time.
 */
export const blueGreenPhase: ReleasePhase<BlueGreen> = {
  managedRoutes: [cohortRoute],
  cohort: ({ preview }) => preview,
  problems: (declared) => [
    ...trialProblems(trialOf(declared), "preview"),
    ...(declared.previewPods === undefined ? [] : countProblems("previewPods", declared.previewPods, 1)),
    ...canaryProblems(canaryOf(declared)),
  ],
  canary: canaryOf,
  waits: (declared) => trialWaits(declared) + seconds(declared.bake),
  analyses: (model, declared, judgement, context) => [
    ...trialAnalyses(model, trialOf(declared), previewChild, judgement, context),
    {
      child: switchedChild,
      object: `${context.name}-${switchedChild}`,
      spec: stageTemplate(model, judgement, stage, context),
    },
  ],
  steps: (_model, declared, context) => [
    {
      step: {
        setCanaryScale: declared.previewPods === undefined ? { weight: 100 } : { replicas: declared.previewPods },
      },
      seconds: Math.ceil(context.podDeadlineSeconds / 2),
    },
    ...trialSteps(trialOf(declared), `${context.name}-${previewChild}`, context),
  ],
  lastSteps: (model, declared, context) => [
    {
      step: { analysis: { templates: [{ templateName: `${context.name}-${switchedChild}` }], args: revisionHashes } },
      seconds: stageSeconds(model, canaryOf(declared), stage, context),
    },
  ],
  sentence: (_model, declared) =>
    `blue-green: preview for ${trialSentence(trialOf(declared))}, then all traffic at once and tests; the old pods stay ${declared.keep}`,
};

function trialOf({ preview, ...trial }: BlueGreen): Trial {
  return { ...trial, cohort: preview };
}

/** With a first weight of one pod, so that the pods of all traffic are counted before the switch. */
function canaryOf({ bake, keep, metricsOutage, confidence }: BlueGreen): Canary {
  return canary({ weights: [1, 100], bake, keep, metricsOutage, confidence });
}

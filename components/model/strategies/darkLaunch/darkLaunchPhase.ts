import { countProblems } from "../../../core/quantity.ts";
import { cohortRoute } from "../phases/cohort.ts";
import type { ReleasePhase } from "../phases/releasePhase.ts";
import { trialAnalyses, trialProblems, trialSentence, trialSteps, trialWaits } from "../phases/trial.ts";
import type { DarkLaunch } from "./darkLaunch.ts";

const child = "dark-launch";

/** Pods of the new version that only a header reaches. */
export const darkLaunchPhase: ReleasePhase<DarkLaunch> = {
  managedRoutes: [cohortRoute],
  cohort: ({ cohort }) => cohort,
  waits: trialWaits,
  problems: (declared) => [...countProblems("pods", declared.pods, 1), ...trialProblems(declared, "cohort")],
  analyses: (model, declared, judgement, context) => trialAnalyses(model, declared, child, judgement, context),
  steps: (_model, declared, context) => [
    { step: { setCanaryScale: { replicas: declared.pods } }, seconds: Math.ceil(context.podDeadlineSeconds / 2) },
    ...trialSteps(declared, `${context.name}-${child}`, context),
  ],
  sentence: (_model, declared) => `dark launch for ${trialSentence(declared)}`,
};

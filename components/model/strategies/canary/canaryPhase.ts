import type { ReleasePhase } from "../phases/releasePhase.ts";
import { type Canary, canaryProblems } from "./canary.ts";
import { allTrafficFrom, canaryStrategy } from "./canaryStrategy.ts";

/** The canary as a phase of a release: its weights below all traffic. */
export const canaryPhase: ReleasePhase<Canary> = {
  shiftsTraffic: true,
  managedRoutes: [],
  problems: canaryProblems,
  judgement: (declared) => declared,
  analyses: (model, declared, _judgement, context) => canaryStrategy.analyses(model, declared, context),
  steps(model, declared, context) {
    const steps = canaryStrategy.rollout(model, declared, context).canary?.steps ?? [];
    return steps.slice(0, allTrafficFrom(steps));
  },
  sentence: canaryStrategy.sentence,
};

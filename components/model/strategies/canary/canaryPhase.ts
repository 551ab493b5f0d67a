import type { ReleasePhase } from "../phases/releasePhase.ts";
import { type Canary, canaryProblems } from "./canary.ts";
import { canaryStrategy } from "./canaryStrategy.ts";

/** The canary as a phase of a release: its weights below all traffic. */
export const canaryPhase: ReleasePhase<Canary> = {
  shiftsTraffic: true,
  managedRoutes: [],
  problems: canaryProblems,
  judgement: (declared) => declared,
  analyses: (model, declared, _judgement, context) => canaryStrategy.analyses(model, declared, context),
  steps(name, declared) {
    const steps = canaryStrategy.rollout(name, declared).canary?.steps ?? [];
    return steps.slice(
      0,
      steps.findIndex(({ setWeight }) => setWeight === 100),
    );
  },
  sentence: canaryStrategy.sentence,
};

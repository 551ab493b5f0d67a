import { canarySteps } from "../phases/canarySteps.ts";
import type { ReleasePhase } from "../phases/releasePhase.ts";
import { type Canary, canaryProblems } from "./canary.ts";
import { canaryStrategy, waitsOf } from "./canaryStrategy.ts";

/** The canary as a phase of a release: its weights below all traffic. */
export const canaryPhase: ReleasePhase<Canary> = {
  managedRoutes: [],
  problems: canaryProblems,
  canary: (declared) => declared,
  waits: waitsOf,
  weights: ({ weights }) => weights.filter((weight) => weight < 100),
  analyses: (model, declared, _judgement, context) => canaryStrategy.analyses(model, declared, context),
  steps: (model, declared, context) => canarySteps(model, declared, context).before,
  sentence: canaryStrategy.sentence,
};

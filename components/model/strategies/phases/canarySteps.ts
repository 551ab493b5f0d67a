import type { ServedModel } from "../../servedModel.ts";
import type { Canary } from "../canary/canary.ts";
import { allTrafficFrom, canaryStrategy } from "../canary/canaryStrategy.ts";
import type { AnalysisContext } from "../releaseStrategy.ts";
import type { PlannedStep } from "./plannedStep.ts";

/** The steps of a canary: those of the weights before the last, and those of the last, which is all traffic. */
export interface CanarySteps {
  /** From the first weight to the analysis of the last but one. */
  readonly before: readonly PlannedStep[];
  /** From the pods of all traffic on. */
  readonly last: readonly PlannedStep[];
}

/** The steps of a canary, as its strategy makes them. */
export function canarySteps(model: ServedModel, canary: Canary, context: AnalysisContext): CanarySteps {
  const steps = canaryStrategy.rollout(model, canary, context).canary?.steps ?? [];
  const planned = canaryStrategy.plannedSeconds?.(model, canary, context) ?? [];
  const all = steps.map((step, index): PlannedStep => ({ step, seconds: planned[index] ?? 0 }));
  const last = allTrafficFrom(steps);
  return { before: all.slice(0, last), last: all.slice(last) };
}

/** The steps that bring the new version to a weight, without those that decide on it. */
export function stepsToWeight(model: ServedModel, canary: Canary, context: AnalysisContext): readonly PlannedStep[] {
  const { before } = canarySteps(model, canary, context);
  return before.slice(0, before.findIndex(({ step }) => step.setWeight !== undefined) + 1);
}

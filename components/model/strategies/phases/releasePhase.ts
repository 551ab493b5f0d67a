import type { Problem } from "../../../core/problem.ts";
import type { Judgement } from "../../analysis/metrics.ts";
import type { ServedModel } from "../../servedModel.ts";
import type { UserKey } from "../../stickyUsers.ts";
import type { Canary } from "../canary/canary.ts";
import type { AnalysisContext, StrategyAnalysis } from "../releaseStrategy.ts";
import type { Cohort } from "./cohort.ts";
import type { PlannedStep } from "./plannedStep.ts";

/** A phase as a release declares it: plain data, told apart by `kind`. */
export interface DeclaredPhase {
  /** The key of the phase in the record of phases. */
  readonly kind: string;
}

/**
 * One part of a release. Every phase becomes steps of the same Rollout, so that phases follow each other without a
 * change of pods, Services or routes, and one guard watches all of them.
 */
export interface ReleasePhase<Declared extends DeclaredPhase = DeclaredPhase> {
  /** Names of the routes that the phase lets the controller add to the release VirtualServices. */
  readonly managedRoutes: readonly string[];
  /** Everything wrong with the declared phase, by the path below it. */
  problems(declared: Declared, model: ServedModel): Problem[];
  /**
   * Of a phase that shifts traffic: the canary that it is one of. The last phase of a release has one, from which the
   * release has its Services, its guard and its last steps. A phase without one only prepares: callers do not reach the
   * version by it.
   */
  canary?(declared: Declared): Canary;
  /**
   * Percents of the traffic that the phase gives the version one after the other, below 100. @default none: callers do
   * not reach the version by it, or all of them do at its end
   */
  weights?(declared: Declared): readonly number[];
  /** How long the phase waits beside its tests, in seconds, as far as that is declared. */
  waits(declared: Declared): number;
  /** The AnalysisTemplates that the steps refer to. The guard is not among them. */
  analyses(
    model: ServedModel,
    declared: Declared,
    judgement: Judgement,
    context: AnalysisContext,
  ): readonly StrategyAnalysis[];
  /** The steps before all traffic is on the new version. */
  steps(model: ServedModel, declared: Declared, context: AnalysisContext): readonly PlannedStep[];
  /** Steps after those of the canary, with all traffic on the new version, if this is the last phase. @default none */
  lastSteps?(model: ServedModel, declared: Declared, context: AnalysisContext): readonly PlannedStep[];
  /**
   * What tells users apart, where each keeps one version as long as the release lasts. @default users change versions
   */
  stickyUsers?(declared: Declared): UserKey;
  /** The cohort of a phase that has one. @default none */
  cohort?(declared: Declared): Cohort;
  /** What a plan says of the phase: a part of a sentence. */
  sentence(model: ServedModel, declared: Declared): string;
}

import type { Problem } from "../../../core/problem.ts";
import type { Judgement } from "../../analysis/metrics.ts";
import type { ServedModel } from "../../servedModel.ts";
import type { AnalysisContext, RolloutStrategy, StrategyAnalysis } from "../releaseStrategy.ts";

/** A phase as a release declares it: plain data, told apart by `kind`. */
export interface DeclaredPhase {
  /** The key of the phase in the record of phases. */
  readonly kind: string;
}

/** One step of a Rollout's canary strategy, as Argo Rollouts types it. */
export type ReleaseStep = NonNullable<NonNullable<RolloutStrategy["canary"]>["steps"]>[number];

/**
 * One part of a release. Every phase becomes steps of the same Rollout, so that phases follow each other without a
 * change of pods, Services or routes, and one guard watches all of them.
 */
export interface ReleasePhase<Declared extends DeclaredPhase = DeclaredPhase> {
  /**
   * Whether the phase moves ordinary traffic to the new version. One that does not only prepares: header cohorts,
   * mirrored requests. A release ends with a phase that does.
   */
  readonly shiftsTraffic: boolean;
  /** Names of the routes that the phase lets the controller add to the release VirtualServices. */
  readonly managedRoutes: readonly string[];
  /** Everything wrong with the declared phase, by the path below it. */
  problems(declared: Declared, model: ServedModel): Problem[];
  /** How the phase judges; none where it leaves that to the rest of the release. */
  judgement(declared: Declared): Judgement | undefined;
  /** The AnalysisTemplates that the steps refer to. The guard is not among them. */
  analyses(
    model: ServedModel,
    declared: Declared,
    judgement: Judgement,
    context: AnalysisContext,
  ): readonly StrategyAnalysis[];
  /** The steps before all traffic is on the new version. */
  steps(model: ServedModel, declared: Declared, context: AnalysisContext): readonly ReleaseStep[];
  /** The steps from all traffic on, if this is the last phase of the release. @default those of the canary */
  lastSteps?(model: ServedModel, declared: Declared, context: AnalysisContext): readonly ReleaseStep[];
  /** How long the old pods stay after the release, in seconds. @default as long as after a canary */
  keepSeconds?(declared: Declared): number;
  /** What a plan says of the phase: a part of a sentence. */
  sentence(model: ServedModel, declared: Declared): string;
}

import type { RolloutStrategy } from "../releaseStrategy.ts";

/** One step of a Rollout's canary strategy, as Argo Rollouts types it. */
export type ReleaseStep = NonNullable<NonNullable<RolloutStrategy["canary"]>["steps"]>[number];

/** A step, and how long it is planned to take, in seconds. */
export interface PlannedStep {
  /** The step. */
  readonly step: ReleaseStep;
  /** Seconds that a healthy version takes at most, 95 times in a hundred. */
  readonly seconds: number;
}

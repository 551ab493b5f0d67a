import { type Problem, under } from "../../../core/problem.ts";
import { countProblems, type Duration, durationProblems, seconds } from "../../../core/quantity.ts";
import type { Judgement } from "../../analysis/metrics.ts";
import { revisionHashes } from "../../analysis/templates.ts";
import type { ServedModel } from "../../servedModel.ts";
import type { AnalysisContext, StrategyAnalysis } from "../releaseStrategy.ts";
import { type Cohort, cohortProblems, cohortStep } from "./cohort.ts";
import type { PlannedStep } from "./plannedStep.ts";
import { requestsTemplate } from "./waitForRequests.ts";

/** A time in which only the requests of a cohort reach the new version. */
export interface Trial {
  /** The requests that reach the new version. */
  readonly cohort: Cohort;
  /** Least time of the trial: whole seconds, at most "24h". */
  readonly lasts: Duration;
  /**
   * Least number of requests that the new version must have answered before the trial ends. 0: the time alone counts.
   */
  readonly requests: number;
  /**
   * What ends the trial: `automatic` by time and requests, `manual` by a person who promotes the release after them.
   */
  readonly gate: "automatic" | "manual";
}

/** Problems of a trial, by the path below the phase; `cohort` is the key of the cohort there. */
export function trialProblems({ cohort, lasts, requests }: Trial, key: string): Problem[] {
  return [
    ...under(key, cohortProblems(cohort)),
    // The pause of a Rollout's step is a whole number of seconds.
    ...durationProblems("lasts", lasts, { max: "24h", whole: "1s" }),
    ...countProblems("requests", requests, 0),
  ];
}

/** The analysis of a trial, under its name below the model's. */
export function trialAnalyses(
  model: ServedModel,
  { requests }: Trial,
  child: string,
  judgement: Judgement,
  context: AnalysisContext,
): readonly StrategyAnalysis[] {
  if (requests === 0) return [];
  return [{ child, object: `${context.name}-${child}`, spec: requestsTemplate(model, requests, judgement, context) }];
}

/** The steps of a trial, once its pods exist. The route of the cohort stays until the release ends. */
export function trialSteps(
  { cohort, lasts, requests, gate }: Trial,
  analysis: string,
  { callerWaitSeconds = 3_600 }: Pick<AnalysisContext, "callerWaitSeconds">,
): readonly PlannedStep[] {
  const duration = seconds(lasts);
  return [
    cohortStep(cohort),
    ...(duration === 0 ? [] : [{ step: { pause: { duration } }, seconds: duration }]),
    ...(requests === 0
      ? []
      : [
          {
            step: { analysis: { templates: [{ templateName: analysis }], args: revisionHashes } },
            seconds: callerWaitSeconds,
          },
        ]),
    ...(gate === "manual" ? [{ step: { pause: {} }, seconds: callerWaitSeconds }] : []),
  ];
}

/** Seconds that a trial waits, but for requests and people: as long as few requests come, there is little to judge. */
export function trialWaits({ lasts }: Pick<Trial, "lasts">): number {
  return seconds(lasts);
}

/** What a plan says of a trial. */
export function trialSentence({ cohort, lasts, requests, gate }: Trial): string {
  return [
    `${cohort.header}: ${cohort.value}, ${lasts}`,
    ...(requests === 0 ? [] : [`${requests} requests`]),
    ...(gate === "manual" ? ["a person's promotion"] : []),
  ].join(" and ");
}

import { type Problem, under } from "../../../core/problem.ts";
import { type CohortFlag, flagProblems } from "./flags.ts";
import type { PlannedStep } from "./plannedStep.ts";

/** The requests that reach the new version by a header, whatever the weights are. */
export interface Cohort {
  /** The name of the request header, in lower case as HTTP/2 and Istio write it. */
  readonly header: string;
  /** The header's value, compared as a whole and by case. */
  readonly value: string;
  /**
   * Who is in the cohort, as a feature flag. Its definition is written for flagd to the ConfigMap `<model>-flags`; a
   * change of it starts no release.
   * @default none: who sends the header is not ours to say
   */
  readonly flag?: CohortFlag;
}

/** Testers of the company. Whoever can send the header is one of them: it is no protection. */
export const internalTesters: Cohort = { header: "x-user-group", value: "internal-testers" };

/** The route of the cohort, which the controller adds before the others and removes at the end of the release. */
export const cohortRoute = "cohort";

/** Problems of a cohort, by the path below it. */
export function cohortProblems({ header, value, flag }: Cohort): Problem[] {
  const problems: Problem[] = [];
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(header)) {
    problems.push({
      path: "header",
      reason: `"${header}" is not the name of a header in lower case.`,
      fix: 'Write, for example, "x-user-group".',
    });
  }
  if (["host", "content-type"].includes(header)) {
    problems.push({
      path: "header",
      reason: `"${header}" already chooses between models and protocols.`,
      fix: 'Write a header of your own, for example "x-user-group".',
    });
  }
  if (!/^[\x21-\x7e]{1,128}$/.test(value)) {
    problems.push({
      path: "value",
      reason: `"${value}" is not 1 to 128 visible ASCII characters.`,
      fix: 'Write, for example, "internal-testers".',
    });
  }
  return [...problems, ...(flag === undefined ? [] : under("flag", flagProblems(flag)))];
}

/**
 * The step that sends the cohort to the new version. The controller removes the route when no pod of the new version is
 * available (argo-rollouts `rollout/trafficrouting.go`), so pods must exist before.
 */
export function cohortStep({ header, value }: Cohort): PlannedStep {
  return {
    step: { setHeaderRoute: { name: cohortRoute, match: [{ headerName: header, headerValue: { exact: value } }] } },
    seconds: 1,
  };
}

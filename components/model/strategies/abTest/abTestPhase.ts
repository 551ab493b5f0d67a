import { seconds } from "../../../core/quantity.ts";
import { revisionHashes } from "../../analysis/templates.ts";
import { stepsToWeight } from "../phases/canarySteps.ts";
import type { ReleasePhase } from "../phases/releasePhase.ts";
import { abTemplate } from "./abAnalysis.ts";
import { type AbTest, abCanary, abTestProblems } from "./abTest.ts";

const child = "ab-test";

/** A weight that stays for the least time of the test, and until a winner shows. */
export const abTestPhase: ReleasePhase<AbTest> = {
  managedRoutes: [],
  problems: abTestProblems,
  canary: abCanary,
  weights: ({ percent }) => [percent],
  waits: ({ longest }) => seconds(longest),
  stickyUsers: ({ user }) => user,
  analyses: (model, declared, _judgement, context) => [
    { child, object: `${context.name}-${child}`, spec: abTemplate(model, declared, context) },
  ],
  steps: (model, declared, context) => {
    const analysis = { templates: [{ templateName: `${context.name}-${child}` }], args: revisionHashes };
    const least = seconds(declared.shortest);
    return [
      ...stepsToWeight(model, abCanary(declared), context),
      { step: { pause: { duration: least } }, seconds: least },
      { step: { analysis }, seconds: seconds(declared.longest) - least },
    ];
  },
  sentence: (_model, { percent, user, shortest, longest }) => {
    const key = "header" in user ? user.header : `cookie ${user.cookie}`;
    return `A/B test with ${percent} % of the users by ${key}, ${shortest} to ${longest}, all traffic if it is better`;
  },
};

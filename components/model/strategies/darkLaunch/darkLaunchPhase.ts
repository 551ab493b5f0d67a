import { seconds } from "../../../core/quantity.ts";
import { revisionHashes } from "../../analysis/templates.ts";
import { cohortRoute, cohortStep } from "../phases/cohort.ts";
import type { ReleasePhase, ReleaseStep } from "../phases/releasePhase.ts";
import { requestsTemplate } from "../phases/waitForRequests.ts";
import { type DarkLaunch, darkLaunchProblems } from "./darkLaunch.ts";

const analysisOf = (name: string) => `${name}-dark-launch`;

/** Pods of the new version that only a header reaches. The route stays until the release ends. */
export const darkLaunchPhase: ReleasePhase<DarkLaunch> = {
  shiftsTraffic: false,
  managedRoutes: [cohortRoute],
  problems: darkLaunchProblems,
  judgement: () => undefined,
  analyses: (model, { requests }, judgement, context) =>
    requests === 0
      ? []
      : [
          {
            child: "dark-launch",
            object: analysisOf(context.name),
            spec: requestsTemplate(model, requests, judgement, context),
          },
        ],
  steps(_model, { cohort, pods, lasts, requests, gate }, { name }): ReleaseStep[] {
    const duration = seconds(lasts);
    return [
      { setCanaryScale: { replicas: pods } },
      cohortStep(cohort),
      ...(duration === 0 ? [] : [{ pause: { duration } }]),
      ...(requests === 0
        ? []
        : [{ analysis: { templates: [{ templateName: analysisOf(name) }], args: revisionHashes } }]),
      ...(gate === "manual" ? [{ pause: {} }] : []),
    ];
  },
  sentence: (_model, { cohort, lasts, requests, gate }) =>
    [
      `dark launch for ${cohort.header}: ${cohort.value}, ${lasts}`,
      ...(requests === 0 ? [] : [`${requests} requests`]),
      ...(gate === "manual" ? ["a person's promotion"] : []),
    ].join(" and "),
};

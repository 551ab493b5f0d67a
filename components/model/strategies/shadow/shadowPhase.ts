import { seconds } from "../../../core/quantity.ts";
import { revisionHashes, stageSeconds, stageTemplate } from "../../analysis/templates.ts";
import { canary } from "../canary/canary.ts";
import type { ReleasePhase } from "../phases/releasePhase.ts";
import { type Shadow, shadowProblems } from "./shadow.ts";

const analysisOf = (name: string) => `${name}-shadow`;

/** The route whose requests are copied, which the controller adds and removes. */
const mirrorRoute = "shadow";

/**
 * Requests are copied while all answers come from the stable version. The copies end before the first weight: their
 * route has weights of its own, which the controller does not change.
 */
export const shadowPhase: ReleasePhase<Shadow> = {
  managedRoutes: [mirrorRoute],
  problems: shadowProblems,
  waits: ({ lasts }) => seconds(lasts),
  analyses: (model, { percent }, judgement, context) => [
    {
      child: "shadow",
      object: analysisOf(context.name),
      spec: stageTemplate(model, judgement, { share: percent / 100 }, context),
    },
  ],
  steps(model, { percent, lasts }, context) {
    const duration = seconds(lasts);
    const analysis = { templates: [{ templateName: analysisOf(context.name) }], args: revisionHashes };
    return [
      { step: { setCanaryScale: { weight: percent } }, seconds: Math.ceil(context.podDeadlineSeconds / 2) },
      {
        // Every request. Without a match the step would remove the route.
        step: { setMirrorRoute: { name: mirrorRoute, percentage: percent, match: [{ path: { prefix: "/" } }] } },
        seconds: 1,
      },
      ...(duration === 0 ? [] : [{ step: { pause: { duration } }, seconds: duration }]),
      { step: { analysis }, seconds: stageSeconds(model, canary(), { share: percent / 100 }, context) },
      { step: { setMirrorRoute: { name: mirrorRoute } }, seconds: 1 },
    ];
  },
  sentence: (_model, { percent, lasts }) => `shadow of ${percent} % of the requests, ${lasts} and tests`,
};

import type { Problem } from "../../../core/problem.ts";
import { seconds } from "../../../core/quantity.ts";
import type { Model } from "../../model.ts";
import { plannedDuration } from "../../releasePlan/releasePlan.ts";
import { spanText } from "../../releasePlan/spanText.ts";
import { type Canary, canary } from "../canary/canary.ts";
import { darkLaunch } from "../darkLaunch/darkLaunch.ts";
import type { AnalysisContext } from "../releaseStrategy.ts";
import { shadow } from "../shadow/shadow.ts";
import type { Release } from "../strategies.ts";
import { fastestSchedule, scheduleOf } from "./schedules.ts";

/**
 * What is wrong with the size of a model's release on one cluster, by the path below the model: too little traffic to
 * decide in the declared time, or more failed requests than are declared. The traffic of the model is that of the
 * cluster.
 */
export function sizeProblems(model: Model, context: AnalysisContext, cluster: string): Problem[] {
  return canariesOf(model.release).flatMap(({ path, declared }) => [
    ...durationProblem(path, declared, model, context, cluster),
    ...exposureProblem(path, declared, model, context, cluster),
  ]);
}

/**
 * The canaries in a release, each with its path below the model. The one that follows a dark launch or a shadow alone
 * is not declared, so its path is the release's.
 */
export function canariesOf(release: Release): { readonly path: string; readonly declared: Canary }[] {
  if (release.kind === "canary") return [{ path: "release", declared: release }];
  if (release.kind === "darkLaunch" || release.kind === "shadow") return [{ path: "release", declared: canary() }];
  if (release.kind !== "sequence") return [];
  return release.phases.flatMap((declared, index) =>
    declared.kind === "canary" ? [{ path: `release.phases[${index}]`, declared }] : [],
  );
}

function durationProblem(
  path: string,
  declared: Canary,
  model: Model,
  context: AnalysisContext,
  cluster: string,
): Problem[] {
  const { exposure, bake, weights } = declared;
  const planned = scheduleOf(model, declared, context);
  if (planned.seconds <= seconds(exposure.duration)) return [];
  const { trough } = model.traffic.expectedQps;
  const takes = `a healthy version takes up to ${spanText(planned.seconds)}`;
  const longest = `and ${exposure.duration} is the longest.`;
  const { kind } = model.release;
  const isFollowed = kind === "darkLaunch" || kind === "shadow";
  if (seconds(bake) * weights.length > planned.seconds / 2) {
    return [
      {
        path: `${path}.exposure.duration`,
        reason: `with a bake of ${bake} at each of ${weights.length} weights ${takes} on cluster "${cluster}", ${longest}`,
        fix: `Write a shorter bake, fewer weights, or a longer exposure.duration (${spanText(planned.seconds)}).`,
      },
    ];
  }
  return [
    {
      path: isFollowed ? path : `${path}.exposure.duration`,
      reason:
        `insufficient traffic: with ${rateText(trough)} at the trough on cluster "${cluster}" ${takes}` +
        `${isFollowed ? " in the canary that follows" : ""}, ${longest}`,
      fix:
        `${isFollowed ? `Write sequence([${kind}(…), canary(…)]), and choose` : "Choose"} a way out: ` +
        `${waysOut(declared, model, context).join("; ")}.`,
    },
  ];
}

/** Ways out of too little traffic, each with its price. */
function waysOut(declared: Canary, model: Model, context: AnalysisContext): string[] {
  const { exposure } = declared;
  const time = (release: Release) => spanText(plannedDuration({ ...model, release }, context) ?? 0);
  const faster = fastestSchedule(model, declared, context, exposure.failedRequests ?? Number.POSITIVE_INFINITY);
  const alone = scheduleOf(model, declared, context);
  const copies =
    (plannedDuration({ ...model, release: shadow() }, context) ?? 0) -
    (plannedDuration({ ...model, release: canary() }, context) ?? 0);
  return [
    ...(faster === undefined || faster.seconds >= alone.seconds
      ? []
      : [
          `weights ${JSON.stringify(faster.weights)} (up to ${spanText(faster.seconds)}; ${faster.failed} requests fail ` +
            "at the peak if every one does)",
        ]),
    ...(model.stateless === true
      ? [`shadow() before (up to ${spanText(copies)} on copies of all requests, which no caller sees)`]
      : []),
    `darkLaunch({ gate: "manual" }) (${time(darkLaunch({ gate: "manual" }))} and a person; requests that you replay with its header decide)`,
    `blueGreen({ gate: "manual" }) (a person decides; then every caller has the version at once)`,
    "a larger slo.errorRate (half the requests for twice the share)",
    `a longer exposure.duration (${spanText(alone.seconds)})`,
  ];
}

function exposureProblem(
  path: string,
  declared: Canary,
  model: Model,
  context: AnalysisContext,
  cluster: string,
): Problem[] {
  const most = declared.exposure.failedRequests;
  const planned = scheduleOf(model, declared, context);
  if (most === undefined || planned.failed <= most) return [];
  const fitting = fastestSchedule(model, declared, context, most);
  return [
    {
      path: `${path}.exposure.failedRequests`,
      reason:
        `a version that fails every request fails about ${planned.failed} of them on cluster "${cluster}" at the ` +
        `peak of ${rateText(model.traffic.expectedQps.peak)} before its ${planned.weights[0]} % are taken away, and ${most} is the most.`,
      fix:
        fitting === undefined
          ? `One percent fails more than ${most}. Put darkLaunch() before, so that chosen requests come first, or a shorter scrapeInterval of platform.prometheus.`
          : `Write weights ${JSON.stringify(fitting.weights)} (${fitting.failed} requests, up to ${spanText(fitting.seconds)}), or a larger number.`,
    },
  ];
}

function rateText(requestsPerSecond: number): string {
  return `${Number(requestsPerSecond.toPrecision(3))} requests/s`;
}

import type { Model } from "../components/model/model.ts";
import { watched } from "../components/model/rollbackGuard.ts";
import type { ReleaseStep } from "../components/model/strategies/phases/plannedStep.ts";
import type { AnalysisContext } from "../components/model/strategies/releaseStrategy.ts";
import { strategyOf } from "../components/model/strategies/strategies.ts";
import type { TrafficArgs } from "../embedded/traffic/traffic.ts";

/** The part of the requests that a release chooses by a header, where it chooses any. */
export const chosenShare = 0.1;
/** Different users: enough that each version gets its percent of them. */
const users = 10_000;

/** The steps of the Rollout of a model. */
export function rolloutSteps(model: Model, context: AnalysisContext): readonly ReleaseStep[] {
  return watched(strategyOf(model.release).rollout(model, model.release, context), model).canary?.steps ?? [];
}

/**
 * The callers that a release needs: some whose header it sends to the new version (a cohort, a preview), and users that
 * it keeps on one version. A release that needs none has callers that are all alike.
 */
export function callersOf(model: Model, context: AnalysisContext): Pick<TrafficArgs, "chosen" | "users"> {
  const [chosen] = rolloutSteps(model, context).flatMap(({ setHeaderRoute }) => {
    const headers = (setHeaderRoute?.match ?? []).flatMap(({ headerName, headerValue }) =>
      headerValue?.exact === undefined ? [] : [[String(headerName), String(headerValue.exact)] as const],
    );
    return headers.length === 0 ? [] : [Object.fromEntries(headers)];
  });
  const key = strategyOf(model.release).stickyUsers?.(model.release);
  return {
    ...(chosen === undefined ? {} : { chosen: { headers: chosen, share: chosenShare } }),
    ...(key === undefined ? {} : { users: { ...key, count: users } }),
  };
}

/** The steps of the Rollout that wait for a person without a time. */
export function personGates(model: Model, context: AnalysisContext): ReadonlySet<number> {
  return new Set(
    rolloutSteps(model, context).flatMap(({ pause }, index) =>
      pause !== undefined && pause.duration === undefined ? [index] : [],
    ),
  );
}

import { readingsOf } from "../../analysis/metrics.ts";
import { lookSeconds } from "../../analysis/templates.ts";
import type { Model } from "../../model.ts";
import { plannedDuration } from "../../releasePlan/releasePlan.ts";
import type { Canary } from "../canary/canary.ts";
import type { AnalysisContext } from "../releaseStrategy.ts";

/** A schedule of a canary, and what it costs. */
export interface Schedule {
  /** Percent of the traffic, rising to 100. */
  readonly weights: readonly number[];
  /** A healthy version takes at most so many seconds at the trough, 95 times in 100. */
  readonly seconds: number;
  /** So many requests fail at the peak when the version fails every request from the start. */
  readonly failed: number;
}

/** First weights that are tried: Istio's smallest step is 1, and from 50 on half of the callers would be first. */
const firstWeights = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 49] as const;
/** Weights that may follow. */
const laterWeights = [10, 15, 20, 25, 30, 40, 50, 60, 75] as const;
/** Seconds for the controller to write the weights and for the gateway to have them. */
const reaction = 2;

/** What a schedule of weights costs a model on one cluster. */
export function scheduleOf(model: Model, release: Canary, context: AnalysisContext): Schedule {
  const [first = 100] = release.weights;
  const { interval } = readingsOf(model, release, context);
  const seen = interval + lookSeconds(context) + reaction;
  return {
    weights: release.weights,
    seconds: plannedDuration({ ...model, release }, context) ?? 0,
    failed: Math.ceil((model.traffic.expectedQps.peak * first * seen) / 100),
  };
}

/**
 * The fastest schedule in which a version that fails every request fails at most `failed` requests at the peak of the
 * traffic. Undefined: one percent of the traffic fails more.
 */
export function fastestSchedule(
  model: Model,
  release: Canary,
  context: AnalysisContext,
  failed: number,
): Schedule | undefined {
  const tried = [...candidates()]
    .map((weights) => scheduleOf(model, { ...release, weights }, context))
    .filter((schedule) => schedule.failed <= failed);
  return tried.reduce<Schedule | undefined>(
    (best, one) =>
      best === undefined || one.seconds < best.seconds || (one.seconds === best.seconds && one.failed < best.failed)
        ? one
        : best,
    undefined,
  );
}

function* candidates(): Generator<readonly number[]> {
  for (const first of firstWeights) {
    yield [first, 100];
    const later = laterWeights.filter((weight) => weight > first);
    for (const [index, second] of later.entries()) {
      yield [first, second, 100];
      for (const third of later.slice(index + 1)) yield [first, second, third, 100];
    }
  }
}

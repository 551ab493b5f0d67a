import { type Duration, type Percent, ratio } from "../../core/quantity.ts";
import { rollbackGuardMetrics } from "../rollbackGuard.ts";
import type { ServedModel } from "../servedModel.ts";
import type { ModelName } from "../strategies/releaseStrategy.ts";
import type { RequestCounters } from "../verdict/counter.ts";
import {
  type Confidence,
  type Counts,
  comparedVerdictQuery,
  meanTest,
  meanVerdictQuery,
  relativeFailQuery,
  sequentialTest,
  verdictQuery,
} from "../verdict.ts";
import { failedRequests, predictedScores, refusedRequests, slowRequests, sumOf } from "./counters.ts";

/** How a strategy judges: what is the same in all of its analyses. */
export interface Judgement {
  /** Longest outage of Prometheus that does not abort a release. */
  readonly metricsOutage: Duration;
  /** The share of healthy versions that are rolled back, and of bad ones that pass an objective. */
  readonly confidence: { readonly falseAlarm: Percent; readonly miss: Percent };
}

/**
 * How much worse than allowed a version must be for the test to be tuned to it: ten times the errors, three times the
 * slow requests.
 */
const errorRatio = 10;
const latencyRatio = 3;
/** A version that refuses three times the share of requests that the stable version refuses has changed its input. */
const clientErrorRatio = 3;

/** p99 is below the objective if fewer than 1 % of the requests are slower than it. */
const slowShare = 0.01;

/** A metric that a stage decides and that the guard watches. */
export interface DecidingMetric {
  /** The metric's name in the AnalysisRun. */
  readonly name: string;
  /** PromQL that is 0 undecided, 1 pass, 2 fail. It passes from `minimum` requests on; without one it only fails. */
  readonly query: (minimum?: number) => string;
  /** How many requests of the new version are enough to pass when all of them are good. */
  readonly cleanRequests: number;
  /** How many requests a verdict takes on average for a healthy version. */
  readonly expectedRequests: number;
}

/**
 * Errors, latency and, where declared, the mean score; the chance of a false alarm is split between them (Bonferroni).
 */
export function decidingMetrics(model: ServedModel, judgement: Judgement, at: ModelName): DecidingMetric[] {
  const { slo } = model;
  const confidence = shared(judgement, slo.predictionScore === undefined ? 2 : 3);
  const errors = sequentialTest(ratio(slo.errorRate), errorRatio, confidence);
  const slow = sequentialTest(slowShare, latencyRatio, confidence);
  const failed = failedRequests(at).canary;
  const slowOf = slowRequests(model, at);
  const latency = {
    canary: countsOf(slowOf.canary, (series) => series),
    recently: {
      canary: countsOf(slowOf.canary, (series) => `increase(${series}[5m])`),
      stable: withoutData(countsOf(slowOf.stable, (series) => `increase(${series}[5m])`)),
    },
  };
  const metrics: DecidingMetric[] = [
    {
      name: "errors",
      query: (minimum) => verdictQuery(errors, sumOf(failed.bad), sumOf(failed.total), minimum),
      cleanRequests: errors.cleanRequests,
      expectedRequests: errors.expectedHealthy,
    },
    {
      name: "latency",
      query: (minimum) => comparedVerdictQuery(slow, latencyRatio, confidence, latency, minimum),
      cleanRequests: slow.cleanRequests,
      expectedRequests: slow.expectedHealthy,
    },
  ];
  if (slo.predictionScore === undefined) return metrics;

  const test = meanTest(slo.predictionScore.mean, slo.predictionScore.tolerance, confidence);
  const scores = predictedScores(at);
  const moments = { count: sumOf(scores.count), sum: sumOf(scores.sum), squares: sumOf(scores.squares) };
  return [
    ...metrics,
    {
      name: "prediction-score",
      query: (minimum) => meanVerdictQuery(test, moments, minimum),
      cleanRequests: test.minimum,
      expectedRequests: test.minimum,
    },
  ];
}

/** A metric that only ever fails a release. */
export interface GuardMetric {
  /** The metric's name in the AnalysisRun. */
  readonly name: string;
  /** PromQL that is 2 for fail; anything else, no data included, is no failure. */
  readonly query: string;
}

/**
 * What the guard watches: the deciding metrics, refused requests (HTTP 4xx), which decide no stage, and the limits of
 * the model's rollback guards.
 */
export function guardMetrics(model: ServedModel, judgement: Judgement, at: ModelName): GuardMetric[] {
  const refused = refusedRequests(at);
  // Over the same span for both, so that a burst of bad requests reaches both alike.
  const recently = (series: string) => `increase(${series}[30m])`;
  return [
    ...decidingMetrics(model, judgement, at).map(({ name, query }) => ({ name, query: query() })),
    {
      name: "client-errors",
      query: relativeFailQuery(
        clientErrorRatio,
        shared(judgement, 1),
        countsOf(refused.canary, recently),
        withoutData(countsOf(refused.stable, recently)),
      ),
    },
    ...rollbackGuardMetrics(model, at),
  ];
}

function countsOf({ bad, total }: RequestCounters, read: (series: string) => string): Counts<string> {
  return { bad: sumOf(bad, read), total: sumOf(total, read) };
}

/** A version that has answered nothing has no series. */
function withoutData({ bad, total }: Counts<string>): Counts<string> {
  return { bad: `(${bad} or vector(0))`, total: `(${total} or vector(0))` };
}

function shared({ confidence }: Judgement, metrics: number): Confidence {
  return { falseAlarm: ratio(confidence.falseAlarm) / metrics, miss: ratio(confidence.miss) };
}

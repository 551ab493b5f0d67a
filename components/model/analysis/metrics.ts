import { type Duration, type Percent, ratio, seconds } from "../../core/quantity.ts";
import { rollbackGuardMetrics, watchSeconds } from "../rollbackGuard.ts";
import type { ServedModel } from "../servedModel.ts";
import type { AnalysisContext } from "../strategies/releaseStrategy.ts";
import { comparedQuery, worseFailQuery } from "../verdict/compared.ts";
import { type Readings, readings } from "../verdict/readings.ts";
import { requestsToPass, scoresToPass } from "../verdict/sampleSize.ts";
import { type ScoreTest, scoreQuery, scoreTest } from "../verdict/score.ts";
import { type Confidence, type PassLine, passLine, type ShareTest, shareQuery, shareTest } from "../verdict/share.ts";
import { failedRequests, predictedScores, refusedRequests, slowRequests } from "./counters.ts";
import { comparisonEvidence, type MetricEvidence, scoreEvidence, shareEvidence } from "./evidence.ts";

/** How a strategy judges: what is the same in all of its analyses. */
export interface Judgement {
  /** Longest outage of Prometheus that does not abort a release. */
  readonly metricsOutage: Duration;
  /**
   * The share of versions with at most half of the bad requests that each objective allows that are rolled back, and of
   * those with twice as many that pass an objective.
   */
  readonly confidence: { readonly falseAlarm: Percent; readonly miss: Percent };
  /**
   * How long the release waits beside its tests, in seconds: pauses, trials, an A/B test. @default 0: tests alone take
   * time
   */
  readonly waits?: number;
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

/**
 * Most of the false alarms go to errors: there each bad request that is waited for has reached a caller. With 0.7
 * instead, 1 % errors take 0.15 failures more in the mean; with 0.9 three times the slow requests take a tenth longer.
 */
const errorsPart = 0.9;

/** A release begins with about a twentieth of the traffic. */
const firstShare = 0.05;
/** The history that evidence needs, as a multiple of how long a release takes at the trough of traffic. */
const spare = 4;

/** A metric that a stage decides and that the guard watches. */
export interface DecidingMetric {
  /** The metric's name in the AnalysisRun. */
  readonly name: string;
  /**
   * PromQL that is 0 undecided, 1 pass, 2 fail, where a pass lets the new version have the share `next` of the traffic,
   * above 0 and at most 1. Without one it only fails.
   */
  readonly query: (next?: number) => string;
  /** How many requests of the new version are enough for 95 of 100 healthy versions to pass. */
  readonly requests: (next: number) => number;
  /** What it decides by. */
  readonly seen: MetricEvidence;
}

type At = Pick<AnalysisContext, "name" | "namespace" | "scrapeInterval">;

/** Errors, latency and, where declared, the mean score; the chance of a false alarm is split between what may fail. */
export function decidingMetrics(model: ServedModel, judgement: Judgement, at: At): DecidingMetric[] {
  const { failing, slow, score } = objectiveTests(model, judgement, at);
  const reading = readingsOf(model, judgement, at);
  const metrics: DecidingMetric[] = [
    {
      name: "errors",
      query: (next) => shareQuery(failing, failedRequests(at), reading, lineOf(failing, next)),
      requests: (next) => requestsToPass(failing, next),
      seen: shareEvidence("failed", failing, failedRequests(at), reading),
    },
    {
      name: "latency",
      query: (next) => comparedQuery(slow, slowRequests(model, at), reading, lineOf(slow, next)),
      requests: (next) => requestsToPass(slow, next),
      seen: shareEvidence(`were slower than ${model.slo.p99}`, slow, slowRequests(model, at), reading),
    },
  ];
  if (score === undefined) return metrics;
  return [
    ...metrics,
    {
      name: "prediction-score",
      query: (next) => scoreQuery(score, predictedScores(at), reading, next === undefined),
      requests: () => scoresToPass(score),
      seen: scoreEvidence(score, predictedScores(at), reading),
    },
  ];
}

/** The tests of a model's objectives: failed requests, slow ones and, where declared, the mean score. */
export function objectiveTests(
  model: ServedModel,
  judgement: Judgement,
  at: Pick<At, "scrapeInterval">,
): { readonly failing: ShareTest; readonly slow: ShareTest; readonly score?: ScoreTest } {
  const { errorRate, predictionScore } = model.slo;
  const { errors, others } = confidences(model, judgement, at);
  return {
    failing: shareTest(ratio(errorRate), errorRatio, errors),
    slow: shareTest(slowShare, latencyRatio, others),
    ...(predictionScore === undefined ? {} : { score: scoreOf(predictionScore, others) }),
  };
}

function scoreOf(
  { mean, tolerance, min, max }: NonNullable<ServedModel["slo"]["predictionScore"]>,
  chances: Confidence,
) {
  return scoreTest(mean, tolerance, chances, { min, max });
}

function lineOf(test: ShareTest, next: number | undefined): PassLine | undefined {
  return next === undefined ? undefined : passLine(test, next);
}

/** How the queries read counters: long enough for a release at the trough of traffic. */
export function readingsOf(
  model: ServedModel,
  judgement: Judgement,
  { scrapeInterval }: Pick<At, "scrapeInterval">,
): Readings {
  const { traffic, slo } = model;
  const test = shareTest(ratio(slo.errorRate), errorRatio, { falseAlarm: 1, miss: ratio(judgement.confidence.miss) });
  const release = (spare * passLine(test, 1).cleanRequests) / (traffic.expectedQps.trough * firstShare);
  return readings(seconds(scrapeInterval), release, seconds(judgement.metricsOutage), waitsOf(model, judgement));
}

function waitsOf(model: ServedModel, { waits = 0 }: Judgement): number {
  return waits + watchSeconds(model);
}

/** A metric that only ever fails a release. */
export interface GuardMetric {
  /** The metric's name in the AnalysisRun. */
  readonly name: string;
  /** PromQL that is 2 for fail; anything else, no data included, is no failure. */
  readonly query: string;
  /** What it fails by. Undefined: nothing but the query tells. */
  readonly seen?: MetricEvidence;
}

/**
 * What the guard watches: the deciding metrics, refused requests (HTTP 4xx), which decide no stage, and the limits of
 * the model's rollback guards.
 */
export function guardMetrics(model: ServedModel, judgement: Judgement, at: At): GuardMetric[] {
  const { falseAlarm, spans } = confidences(model, judgement, at).others;
  const fail = spans / falseAlarm;
  const reading = readingsOf(model, judgement, at);
  return [
    ...decidingMetrics(model, judgement, at).map(({ name, query, seen }) => ({ name, query: query(), seen })),
    {
      name: "client-errors",
      query: worseFailQuery(clientErrorRatio, fail, refusedRequests(at), reading),
      seen: comparisonEvidence("were refused", { ratio: clientErrorRatio, fail, spans }, refusedRequests(at), reading),
    },
    ...rollbackGuardMetrics(model, at),
  ];
}

/** The chances of error of errors, and of each of the others: latency, refused requests and the score. */
function confidences(
  model: ServedModel,
  judgement: Judgement,
  at: Pick<At, "scrapeInterval">,
): Record<"errors" | "others", Required<Confidence>> {
  const { confidence } = judgement;
  const [falseAlarm, miss] = [ratio(confidence.falseAlarm), ratio(confidence.miss)];
  const others = model.slo.predictionScore === undefined ? 2 : 3;
  const spans = Math.max(1, waitsOf(model, judgement) / readingsOf(model, judgement, at).range);
  return {
    errors: { falseAlarm: falseAlarm * errorsPart, miss, spans },
    others: { falseAlarm: (falseAlarm * (1 - errorsPart)) / others, miss, spans },
  };
}

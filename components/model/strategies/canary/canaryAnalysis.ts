import type { AnalysisMetric, CustomResourceSpecs, DeepInput } from "../../../core/customResource.ts";
import { type Duration, duration, milliseconds, ratio, seconds } from "../../../core/quantity.ts";
import type { ServedModel } from "../../servedModel.ts";
import {
  type Confidence,
  type Counts,
  comparedVerdictQuery,
  meanTest,
  meanVerdictQuery,
  relativeFailQuery,
  sequentialTest,
  verdictQuery,
} from "../../verdict.ts";
import type { AnalysisContext, ModelName } from "../releaseStrategy.ts";
import type { Canary } from "./canary.ts";

/**
 * How much worse than allowed a version must be for the test to be tuned to it: ten times the errors, three times the
 * slow requests.
 */
const errorRatio = 10;
const latencyRatio = 3;
/** A canary that refuses three times the share of requests that the stable version refuses has changed its input. */
const clientErrorRatio = 3;

/** p99 is below the objective if fewer than 1 % of the requests are slower than it. */
const slowShare = 0.01;

/** Evidence each stage asks for, as a multiple of what a clean pass needs; the test goes on over all stages. */
const stageEvidence = [1, 2, 4] as const;

/**
 * The sample number of a healthy release has a long tail: 95 % are decided by 2.25 times the average (both golden
 * tests).
 */
const tailFactor = 2.25;
/** Traffic may run below its trough for a while. */
const slack = 1.75;

/** Argo Rollouts tries again 10 s after an error of a metric provider. */
const errorRetrySeconds = 10;

/** Weights whose step an analysis decides: all but the last. */
export function analysedWeights(weights: readonly number[]): number[] {
  return weights.filter((weight) => weight < 100);
}

/** Which pods are the canary's and which the stable version's; the Rollout fills them in. */
const revisionArgs = [{ name: "canary-hash" }, { name: "stable-hash" }];

type TemplateSpec = DeepInput<CustomResourceSpecs["AnalysisTemplate"]>;

/** The analysis that decides one step of the canary. */
export function stageTemplate(
  model: ServedModel,
  release: Canary,
  stage: number,
  context: AnalysisContext,
): TemplateSpec {
  const weights = analysedWeights(release.weights);
  const share = (weights[stage] ?? 100) / 100;
  const evidence = stageEvidence[Math.min(stage, stageEvidence.length - 1)] ?? 1;
  const metrics = decidingMetrics(model, release, context).map(({ name, query, cleanRequests, expectedRequests }) => {
    const wait =
      (slack * tailFactor * Math.max(expectedRequests, cleanRequests * evidence)) /
      (model.traffic.expectedQps.trough * share);
    return decidingMetric(name, query(cleanRequests * evidence), wait, release, context);
  });
  return { args: revisionArgs, metrics: sameCount(metrics) };
}

/**
 * The analysis that runs in the background from the first weight to the end: a metric that has passed its stage is no
 * longer measured there, and refused requests (HTTP 4xx) decide no stage. It only ever fails: no data is no failure.
 */
export function guardTemplate(model: ServedModel, release: Canary, context: AnalysisContext): TemplateSpec {
  const failing = [
    ...decidingMetrics(model, release, context).map(({ name, query }) => ({ name, query: query() })),
    { name: "client-errors", query: clientErrors(release, context) },
  ];
  return {
    args: revisionArgs,
    metrics: failing.map(({ name, query }) => ({
      name,
      interval: interval(context),
      initialDelay: interval(context),
      failureLimit: 0,
      consecutiveErrorLimit: outageErrors(release),
      failureCondition: "len(result) > 0 && result[0] == 2",
      provider: { prometheus: { address: context.prometheusAddress, query } },
    })),
  };
}

interface DecidingMetric {
  readonly name: string;
  /** Without a minimum it only fails. */
  readonly query: (minimum?: number) => string;
  readonly cleanRequests: number;
  readonly expectedRequests: number;
}

/**
 * Errors, latency and, where declared, the mean score; the chance of a false alarm is split between them (Bonferroni).
 */
function decidingMetrics(model: ServedModel, release: Canary, context: AnalysisContext): DecidingMetric[] {
  const { slo } = model;
  const confidence = shared(release, slo.predictionScore === undefined ? 2 : 3);
  const errors = sequentialTest(ratio(slo.errorRate), errorRatio, confidence);
  const slow = sequentialTest(slowShare, latencyRatio, confidence);
  const counts = canaryCounts(model, context);
  const latency = {
    canary: slowCounts(model, context, "canary", (series) => `sum(${series})`),
    recently: {
      canary: slowCounts(model, context, "canary", recentIncrease),
      stable: slowCounts(model, context, "stable", (series) => `(${recentIncrease(series)} or vector(0))`),
    },
  };
  const metrics: DecidingMetric[] = [
    {
      name: "errors",
      query: (minimum) => verdictQuery(errors, `(${counts.errors} or vector(0))`, counts.requests, minimum),
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
  const score = (moment: string) => `sum(model_prediction_score_${moment}{${podSelector(context, "canary")}})`;
  const moments = { count: score("count"), sum: score("sum"), squares: score("sumsq") };
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

/**
 * PromQL of what the new version's pods have answered; the pods' hash is `{{args.canary-hash}}`, as in every template.
 */
export function canaryCounts(model: ServedModel, at: ModelName): { requests: string; errors: string; slow: string } {
  const requests = (more = "") => `sum(istio_requests_total{${istioSelector(at, "canary")}${more}})`;
  return {
    requests: requests(),
    errors: requests(`,response_code=~"5.."`),
    slow: slowCounts(model, at, "canary", (series) => `sum(${series})`).bad,
  };
}

/**
 * Slow requests are those of the histogram that are not within the objective's edge. The histogram's own count, since
 * Envoy flushes histograms later than counters; both spellings of the edge, since Prometheus 3 stores le="150" as
 * le="150.0" (its migration guide).
 */
function slowCounts(
  model: ServedModel,
  at: ModelName,
  revision: Revision,
  over: (series: string) => string,
): Counts<string> {
  const series = (suffix: string, more = "") =>
    `istio_request_duration_milliseconds_${suffix}{${istioSelector(at, revision)}${more}}`;
  const total = over(series("count"));
  return { total, bad: `(${total} - ${over(series("bucket", `,le=~"${milliseconds(model.slo.p99)}(\\\\.0)?"`))})` };
}

/** Over the same few minutes for both versions, so that they had the same surroundings. */
function recentIncrease(series: string): string {
  return `sum(increase(${series}[5m]))`;
}

/** Stable's counters reach back before the release; its share over the last half hour is the comparison. */
function clientErrors(release: Canary, context: AnalysisContext): string {
  const canary = (more = "") => `sum(istio_requests_total{${istioSelector(context, "canary")}${more}})`;
  const stable = (more = "") =>
    `(sum(increase(istio_requests_total{${istioSelector(context, "stable")}${more}}[30m])) or vector(0))`;
  const refused = `,response_code=~"4.."`;
  return relativeFailQuery(
    clientErrorRatio,
    shared(release, 1),
    { bad: `(${canary(refused)} or vector(0))`, total: canary() },
    { bad: stable(refused), total: stable() },
  );
}

/**
 * The recipe that makes an AnalysisRun an exact sequential test: one success passes, one failure fails, anything else,
 * no data included, is inconclusive and measured again; if it never decides, the run ends Inconclusive and the release
 * pauses. `len(result) > 0`: an empty answer must not be read as a value.
 */
function decidingMetric(
  name: string,
  query: string,
  waitSeconds: number,
  release: Canary,
  context: AnalysisContext,
): DeepInput<AnalysisMetric> & { readonly count: number } {
  return {
    name,
    interval: interval(context),
    initialDelay: interval(context),
    count: Math.max(10, Math.ceil(waitSeconds / (2 * seconds(context.scrapeInterval)))),
    failureLimit: 0,
    consecutiveSuccessLimit: 1,
    consecutiveErrorLimit: outageErrors(release),
    successCondition: "len(result) > 0 && result[0] == 1",
    failureCondition: "len(result) > 0 && result[0] == 2",
    provider: { prometheus: { address: context.prometheusAddress, query } },
  };
}

/** The first metric to end Inconclusive pauses the release, so all get the time of the slowest. */
function sameCount<M extends { readonly count: number }>(metrics: readonly M[]): (M & { inconclusiveLimit: number })[] {
  const count = Math.max(...metrics.map((metric) => metric.count));
  return metrics.map((metric) => ({ ...metric, count, inconclusiveLimit: count }));
}

function shared(release: Canary, metrics: number): Confidence {
  return { falseAlarm: ratio(release.confidence.falseAlarm) / metrics, miss: ratio(release.confidence.miss) };
}

/** Two scrapes: one may be under way. */
function interval({ scrapeInterval }: AnalysisContext): Duration {
  return duration(2 * milliseconds(scrapeInterval));
}

function outageErrors(release: Canary): number {
  return Math.ceil(seconds(release.metricsOutage) / errorRetrySeconds);
}

type Revision = "canary" | "stable";

/** By pod, since the workload name is the same for both versions (Istio strips the hash: istio `pkg/kube/util.go`). */
function podSelector({ name, namespace }: ModelName, revision: Revision): string {
  return `namespace="${namespace}",pod=~"${name}-{{args.${revision}-hash}}-.+"`;
}

function istioSelector({ name, namespace }: ModelName, revision: Revision): string {
  return `reporter="destination",destination_workload_namespace="${namespace}",pod=~"${name}-{{args.${revision}-hash}}-.+"`;
}

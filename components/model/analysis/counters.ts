import { milliseconds } from "../../core/quantity.ts";
import type { ServedModel } from "../servedModel.ts";
import type { ModelName, ReleaseCounters } from "../strategies/releaseStrategy.ts";
import type { Counts } from "../verdict.ts";

/** The two versions of a release, and the argument of a template that has the hash of their pods. */
const hashes = { new: "{{args.canary-hash}}", stable: "{{args.stable-hash}}" } as const;

/** One of the two versions of a release. */
export type Revision = keyof typeof hashes;

/**
 * PromQL of what the new version's pods have answered; the pods' hash is `{{args.canary-hash}}`, as in every template.
 */
export function versionCounts(model: ServedModel, at: ModelName): ReleaseCounters {
  return {
    requests: requestCount(at, "new"),
    errors: requestCount(at, "new", `,response_code=~"5.."`),
    slow: slowCounts(model, at, "new", (series) => `sum(${series})`).bad,
  };
}

/** PromQL of the requests that a version has answered, of those that match `more`. */
function requestCount(at: ModelName, revision: Revision, more = ""): string {
  return `sum(istio_requests_total{${istioSelector(at, revision)}${more}})`;
}

/** PromQL of the requests of both versions that were refused (HTTP 4xx). */
export function refusedCounts(at: ModelName): Record<Revision, Counts<string>> {
  const refused = `,response_code=~"4.."`;
  // Stable's counters reach back before the release; its share over the last half hour is the comparison.
  const stable = (more = "") =>
    `(sum(increase(istio_requests_total{${istioSelector(at, "stable")}${more}}[30m])) or vector(0))`;
  return {
    new: { bad: `(${requestCount(at, "new", refused)} or vector(0))`, total: requestCount(at, "new") },
    stable: { bad: stable(refused), total: stable() },
  };
}

/** PromQL of slow requests: of the new version since it started, and of both versions over the same recent span. */
export function latencyCounts(model: ServedModel, at: ModelName) {
  return {
    canary: slowCounts(model, at, "new", (series) => `sum(${series})`),
    recently: {
      canary: slowCounts(model, at, "new", recentIncrease),
      stable: slowCounts(model, at, "stable", (series) => `(${recentIncrease(series)} or vector(0))`),
    },
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

/** PromQL of the count, the sum and the sum of squares of the scores that the new version has predicted. */
export function scoreMoments(at: ModelName): { count: string; sum: string; squares: string } {
  const score = (moment: string) => `sum(model_prediction_score_${moment}{${podSelector(at, "new")}})`;
  return { count: score("count"), sum: score("sum"), squares: score("sumsq") };
}

/** By pod, since the workload name is the same for both versions (Istio strips the hash: istio `pkg/kube/util.go`). */
function podSelector({ name, namespace }: ModelName, revision: Revision): string {
  return `namespace="${namespace}",pod=~"${name}-${hashes[revision]}-.+"`;
}

function istioSelector({ name, namespace }: ModelName, revision: Revision): string {
  return `reporter="destination",destination_workload_namespace="${namespace}",pod=~"${name}-${hashes[revision]}-.+"`;
}

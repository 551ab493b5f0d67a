import { milliseconds } from "../../core/quantity.ts";
import { latencyEdge } from "../latencyEdges.ts";
import { subsets } from "../objectNames.ts";
import type { ServedModel } from "../servedModel.ts";
import type { ModelName, ReleaseCounters } from "../strategies/releaseStrategy.ts";
import type { Counter, JudgedRequests, RequestCounters, ScoreCounters } from "../verdict/counter.ts";

/**
 * The two versions of a release: the argument of a template that has the hash of their pods, and the subset whose
 * requests the gateway sends them.
 */
const revisions = {
  new: { hash: "{{args.canary-hash}}", subset: subsets.canary },
  stable: { hash: "{{args.stable-hash}}", subset: subsets.stable },
} as const;

/** One of the two versions of a release. */
export type Revision = keyof typeof revisions;

/**
 * gRPC status codes that are the server's failures, and those that are the caller's: as OpenTelemetry's semantic
 * conventions for spans of gRPC servers tell them apart. Istio writes the number (istio_stats of envoy `contrib`).
 */
const grpcFailures = {
  // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
  server: [2, 4, 12, 13, 14, 15],
  // CANCELLED, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION,
  // ABORTED, OUT_OF_RANGE, UNAUTHENTICATED
  client: [1, 3, 5, 6, 7, 8, 9, 10, 11, 16],
} as const;

/**
 * Envoy's flags of an answer that the gateway gave in a version's stead: no pod (UH), no connection (UF, LR), too many
 * requests waiting (UO), no answer in time (UT, DT), a connection or a stream that broke (UC, UR, UPE, UMSDR), no retry
 * left (URX), no such subset (NC). A failure that the pod's own proxy answered has none of them there.
 */
const undelivered = "(.+,)?(UH|UF|LR|UO|UT|DT|UC|UR|UPE|UMSDR|URX|NC)(,.+)?";

/** The label by which the gateway's requests tell which subset they were for. The platform adds it. */
export const upstreamClusterLabel = "upstream_cluster";

/**
 * Requests of both versions that failed: at the pod over HTTP or gRPC, or at the gateway, which got no answer in time.
 */
export function failedRequests(at: ModelName): JudgedRequests {
  const count = (revision: Revision): RequestCounters => {
    const gateway = statuses("5..", grpcFailures.server).map((status) => atGateway(at, revision, status));
    return {
      bad: { pods: statuses("5..", grpcFailures.server).map((status) => atPods(at, revision, status)), gateway },
      // A request that timed out is counted at the pod too, with code 0. One request more in a thousand hides nothing.
      total: { pods: [atPods(at, revision)], gateway },
      present: scraped(at, revision),
    };
  };
  return { canary: count("new"), stable: count("stable") };
}

/**
 * Requests of both versions that took as long as the objective or longer. By the histogram's own count, since Envoy
 * flushes histograms later than counters.
 */
export function slowRequests({ slo }: ServedModel, at: ModelName): JudgedRequests {
  const edge = latencyEdge(milliseconds(slo.p99));
  const count = (revision: Revision): RequestCounters => {
    const histogram = (suffix: string, more = "") =>
      `istio_request_duration_milliseconds_${suffix}{${podSelector(at, revision)}${more}}`;
    const total = { pods: [histogram("count")] };
    return { bad: { ...total, less: [histogram("bucket", `,le=~"${bothSpellings(edge)}"`)] }, total };
  };
  return { canary: count("new"), stable: count("stable") };
}

/** Requests of both versions that were refused for what the caller sent: HTTP 4xx and the gRPC codes that mean it. */
export function refusedRequests(at: ModelName): JudgedRequests {
  const count = (revision: Revision): RequestCounters => ({
    bad: { pods: statuses("4..", grpcFailures.client).map((status) => atPods(at, revision, status)) },
    total: { pods: [atPods(at, revision)] },
  });
  return { canary: count("new"), stable: count("stable") };
}

/** The scores that the new version has predicted. */
export function predictedScores(at: ModelName): ScoreCounters {
  const score = (moment: string): Counter => ({
    pods: [`model_prediction_score_${moment}{namespace="${at.namespace}",pod=~"${podNames(at, "new")}"}`],
  });
  return {
    count: score("count"),
    sum: score("sum"),
    negativeSum: score("negative_sum"),
    squares: score("sumsq"),
  };
}

/**
 * PromQL of what the new version's pods have answered; the pods' hash is `{{args.canary-hash}}`, as in every template.
 */
export function versionCounts(model: ServedModel, at: ModelName): ReleaseCounters {
  const failed = failedRequests(at).canary;
  return {
    requests: sumOf(failed.total),
    errors: sumOf(failed.bad),
    slow: sumOf(slowRequests(model, at).canary.bad),
  };
}

/**
 * PromQL of the sum of a counter's series at the pods, over `read` of each, such as its increase. A counter of several
 * selectors is 0 while there is no data, one of a single selector has no series then.
 */
export function sumOf({ pods, less = [] }: Counter, read = (selector: string) => selector): string {
  const sum = (selector: string) => `sum(${read(selector)})`;
  const [only] = pods;
  const plus =
    pods.length === 1 && only !== undefined
      ? sum(only)
      : pods.map((selector) => `(${sum(selector)} or vector(0))`).join(" + ");
  const minus = less.map((selector) => ` - ${sum(selector)}`).join("");
  return pods.length + less.length === 1 ? plus : `(${plus}${minus})`;
}

/** Matchers of failures over HTTP, and of gRPC's, whose HTTP status is 200. No series matches both. */
function statuses(codes: string, grpc: readonly number[]): string[] {
  return [`,response_code=~"${codes}"`, `,response_code!~"${codes}",grpc_response_status=~"${grpc.join("|")}"`];
}

function atPods(at: ModelName, revision: Revision, more = ""): string {
  return `istio_requests_total{${podSelector(at, revision)}${more}}`;
}

/**
 * PromQL that is 1 when the new version has the pods for its percent of the traffic, and 0 before: as many as the
 * stable version has for it, at least one. Triton's metrics port answers once its models are loaded.
 */
export function enoughPods({ name, namespace }: ModelName, weight: string): string {
  const pods = (revision: Revision) => {
    const selector = `namespace="${namespace}",pod=~"${name}-${revisions[revision].hash}-.+",endpoint="metrics"`;
    return `(count(count by (pod) (up{${selector}} == 1)) or vector(0))`;
  };
  return `${pods("new")} >= bool clamp_min(ceil(${pods("stable")} * ${weight} / 100), 1)`;
}

/** By pod, since the workload name is the same for both versions (Istio strips the hash: istio `pkg/kube/util.go`). */
function podSelector(at: ModelName, revision: Revision): string {
  return `reporter="destination",destination_workload_namespace="${at.namespace}",pod=~"${podNames(at, revision)}"`;
}

/** One series for each pod of a version that Prometheus knows, whether a request has reached it or not. */
function scraped(at: ModelName, revision: Revision): string {
  return `up{namespace="${at.namespace}",pod=~"${podNames(at, revision)}",endpoint="metrics"}`;
}

/** A regular expression for the names of a version's pods; the pods' hash is an argument of the template. */
export function podNames({ name }: ModelName, revision: Revision): string {
  return `${name}-${revisions[revision].hash}-.+`;
}

function atGateway({ name, namespace }: ModelName, revision: Revision, more: string): string {
  const cluster = `outbound[|][0-9]+[|]${revisions[revision].subset}[|]${name}[.]${namespace}[.]svc[.].+`;
  return `istio_requests_total{reporter="source",${upstreamClusterLabel}=~"${cluster}",response_flags=~"${undelivered}"${more}}`;
}

/** Prometheus 3 stores the edge 145 as `le="145.0"` (its migration guide). */
function bothSpellings(edge: number): string {
  return Number.isInteger(edge) ? `${edge}(\\\\.0)?` : String(edge).replace(".", "[.]");
}

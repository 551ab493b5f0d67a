import { milliseconds, ratio, seconds } from "../../core/quantity.ts";
import type { ServedModel } from "../servedModel.ts";
import type { AnalysisContext } from "../strategies/releaseStrategy.ts";
import { podNames, type Revision } from "./counters.ts";
import type { GuardMetric } from "./metrics.ts";

/** So long a version is above a bound before it fails, and one scrape more than three at long intervals, in seconds. */
const leastSpan = 120;

/** The mean time in the queue of fewer requests says little. */
const leastRequests = 50;

/**
 * Errors that a program causes on its GPU: an exception of the engine (13), a page fault in its memory (31), a GPU that
 * stopped processing (43). The CUDA context is lost with them while Triton stays ready. Others tell of the hardware, or
 * that a process was killed (NVIDIA, Xid Errors).
 */
const programErrors = [13, 31, 43] as const;

/**
 * What the guard watches beside requests: the declared bounds on GPUs and queue, and on GPUs errors that the version
 * caused. No statistics: a version fails that was above a bound in every scrape of a span, while the stable version was
 * below it in all of them. Without data nothing fails.
 */
export function saturationGuards({ slo, server }: ServedModel, at: AnalysisContext): GuardMetric[] {
  const { gpuUtilization, gpuMemory, queueTime } = slo.saturation ?? {};
  const guards: (GuardMetric | undefined)[] = [
    gpuUtilization === undefined
      ? undefined
      : guard(
          "gpu-utilization",
          (of) => `avg(${gpu("DCGM_FI_DEV_GPU_UTIL", of, at)})`,
          100 * ratio(gpuUtilization),
          at,
        ),
    gpuMemory === undefined ? undefined : guard("gpu-memory", (of) => memory(of, at), 100 * ratio(gpuMemory), at),
    queueTime === undefined ? undefined : queueGuard(milliseconds(queueTime), at),
    server.gpu === undefined ? undefined : { name: "gpu-errors", query: programErrorsQuery(at) },
  ];
  return guards.filter((found) => found !== undefined);
}

/** A gauge of a version that must not stay above a bound. */
function guard(name: string, gauge: (of: Revision) => string, bound: number, at: AnalysisContext): GuardMetric {
  // PromQL takes whole seconds.
  const scrape = Math.ceil(seconds(at.scrapeInterval));
  const range = `[${span(at)}s:${scrape}s]`;
  // A subquery has a sample at every multiple of its step: one more or less than the span has.
  const samples = Math.max(1, Math.floor(span(at) / scrape) - 1);
  const above = `(min_over_time(${gauge("new")}${range}) > bool ${bound})`;
  const all = `(count_over_time(${gauge("new")}${range}) >= bool ${samples})`;
  return { name, query: `2 * ${above} * ${all}\nunless on() max_over_time(${gauge("stable")}${range}) > ${bound}` };
}

function queueGuard(boundMs: number, at: AnalysisContext): GuardMetric {
  const gained = (metric: string, of: Revision) =>
    `sum(increase(${metric}{namespace="${at.namespace}",pod=~"${podNames(at, of)}"}[${span(at)}s]))`;
  const requests = (of: Revision) => gained("nv_inference_request_success", of);
  const mean = (of: Revision) => `${gained("nv_inference_queue_duration_us", of)} / ${requests(of)}`;
  const above = `(${mean("new")} > bool ${1_000 * boundMs})`;
  const enough = `(${requests("new")} >= bool ${leastRequests})`;
  return { name: "queue-time", query: `2 * ${above} * ${enough}\nunless on() ${mean("stable")} > ${1_000 * boundMs}` };
}

/** The percentage in use of the GPU that has the least memory left. */
function memory(of: Revision, at: AnalysisContext): string {
  const [used, free] = [gpu("DCGM_FI_DEV_FB_USED", of, at), gpu("DCGM_FI_DEV_FB_FREE", of, at)];
  return `max(100 * ${used} / (${used} + ${free}))`;
}

/** The gauge has the last error of a GPU, also one from before the pod: only a change is the pod's. */
function programErrorsQuery(at: AnalysisContext): string {
  const found = gpuSelectors("DCGM_FI_DEV_XID_ERRORS", "new", at).map((selector) => {
    const errors = programErrors.map((code) => `${selector} == ${code}`).join(" or ");
    return `((${errors}) and changes(${selector}[${span(at)}s]) > 0)`;
  });
  return `2 * (count(${found.join(" or ")}) > bool 0)`;
}

function gpu(metric: string, of: Revision, at: AnalysisContext): string {
  return `(${gpuSelectors(metric, of, at).join(" or ")})`;
}

/**
 * The exporter names the pod that has the GPU. Where its monitor does not honour labels, Prometheus gives `pod` to the
 * exporter's own pod and calls the other `exported_pod`.
 */
function gpuSelectors(metric: string, of: Revision, at: AnalysisContext): string[] {
  return ["exported_", ""].map(
    (prefix) => `${metric}{${prefix}namespace="${at.namespace}",${prefix}pod=~"${podNames(at, of)}"}`,
  );
}

function span(at: AnalysisContext): number {
  return Math.ceil(Math.max(leastSpan, 4 * seconds(at.scrapeInterval)));
}

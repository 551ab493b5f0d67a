import type { AnalysisMetric, CustomResourceSpecs, DeepInput } from "../../core/customResource.ts";
import { type Duration, duration, milliseconds, seconds } from "../../core/quantity.ts";
import type { ServedModel } from "../servedModel.ts";
import type { AnalysisContext } from "../strategies/releaseStrategy.ts";
import { type DecidingMetric, decidingMetrics, guardMetrics, type Judgement } from "./metrics.ts";

/**
 * The sample number of a healthy release has a long tail: 95 % are decided by 2.25 times the average (both golden
 * tests).
 */
const tailFactor = 2.25;
/** Traffic may run below its trough for a while. */
const slack = 1.75;

/** Argo Rollouts tries again 10 s after an error of a metric provider. */
const errorRetrySeconds = 10;

type TemplateSpec = DeepInput<CustomResourceSpecs["AnalysisTemplate"]>;

/** Which pods are the new version's and which the stable version's, as every template declares them. */
const revisionArgs = [{ name: "canary-hash" }, { name: "stable-hash" }];

/** The arguments of every template where a Rollout refers to it: the controller fills in the hashes of its two sets. */
export const revisionHashes: { name: string; valueFrom: { podTemplateHashValue: "Latest" | "Stable" } }[] = [
  { name: "canary-hash", valueFrom: { podTemplateHashValue: "Latest" } },
  { name: "stable-hash", valueFrom: { podTemplateHashValue: "Stable" } },
];

/** One stage of a release, which an analysis decides. */
export interface Stage {
  /** The share of the model's traffic that the new version gets meanwhile, above 0 and at most 1. */
  readonly share: number;
  /** Evidence that the stage asks for, as a multiple of what a clean pass needs, at least 1. */
  readonly evidence: number;
}

/** The analysis that decides one stage: it passes when every deciding metric has passed, and fails when one fails. */
export function stageTemplate(
  model: ServedModel,
  judgement: Judgement,
  { share, evidence }: Stage,
  context: AnalysisContext,
): TemplateSpec {
  const metrics = decidingMetrics(model, judgement, context).map((metric) => {
    const { cleanRequests, expectedRequests } = metric;
    const wait =
      (slack * tailFactor * Math.max(expectedRequests, cleanRequests * evidence)) /
      (model.traffic.expectedQps.trough * share);
    return stageMetric(metric, evidence, wait, judgement, context);
  });
  return { args: revisionArgs, metrics: sameCount(metrics) };
}

/**
 * The analysis that runs in the background from the first request to the end: a metric that has passed its stage is no
 * longer measured there. It only ever fails: no data is no failure.
 */
export function guardTemplate(model: ServedModel, judgement: Judgement, context: AnalysisContext): TemplateSpec {
  return {
    args: revisionArgs,
    metrics: guardMetrics(model, judgement, context).map(({ name, query }) => ({
      name,
      interval: interval(context),
      initialDelay: interval(context),
      failureLimit: 0,
      consecutiveErrorLimit: outageErrors(judgement),
      failureCondition: "len(result) > 0 && result[0] == 2",
      provider: { prometheus: { address: context.prometheusAddress, query } },
    })),
  };
}

/**
 * The recipe that makes an AnalysisRun an exact sequential test: one success passes, one failure fails, anything else,
 * no data included, is inconclusive and measured again; if it never decides, the run ends Inconclusive and the release
 * pauses. `len(result) > 0`: an empty answer must not be read as a value.
 */
function stageMetric(
  { name, query, cleanRequests }: DecidingMetric,
  evidence: number,
  waitSeconds: number,
  judgement: Judgement,
  context: AnalysisContext,
): DeepInput<AnalysisMetric> & { readonly count: number } {
  return {
    name,
    interval: interval(context),
    initialDelay: interval(context),
    count: Math.max(10, Math.ceil(waitSeconds / (2 * seconds(context.scrapeInterval)))),
    failureLimit: 0,
    consecutiveSuccessLimit: 1,
    consecutiveErrorLimit: outageErrors(judgement),
    successCondition: "len(result) > 0 && result[0] == 1",
    failureCondition: "len(result) > 0 && result[0] == 2",
    provider: { prometheus: { address: context.prometheusAddress, query: query(cleanRequests * evidence) } },
  };
}

/** The first metric to end Inconclusive pauses the release, so all get the time of the slowest. */
function sameCount<M extends { readonly count: number }>(metrics: readonly M[]): (M & { inconclusiveLimit: number })[] {
  const count = Math.max(...metrics.map((metric) => metric.count));
  return metrics.map((metric) => ({ ...metric, count, inconclusiveLimit: count }));
}

/** Two scrapes: one may be under way. */
function interval({ scrapeInterval }: AnalysisContext): Duration {
  return duration(2 * milliseconds(scrapeInterval));
}

function outageErrors({ metricsOutage }: Judgement): number {
  return Math.ceil(seconds(metricsOutage) / errorRetrySeconds);
}

import type { AnalysisMetric, CustomResourceSpecs, DeepInput } from "../../core/customResource.ts";
import { type Duration, duration, milliseconds, seconds } from "../../core/quantity.ts";
import type { ServedModel } from "../servedModel.ts";
import type { AnalysisContext } from "../strategies/releaseStrategy.ts";
import { enoughPods } from "./counters.ts";
import { type DecidingMetric, decidingMetrics, guardMetrics, type Judgement } from "./metrics.ts";
import { saturationGuards } from "./saturation.ts";

/** Traffic may run below its trough for a while. */
const slack = 1.75;

/** Argo Rollouts tries again 10 s after an error of a metric provider. */
const errorRetrySeconds = 10;

/**
 * A step of a Rollout must say how often it measures. This often is never reached, so that a step without a verdict
 * waits and the guard goes on: a run that ends Inconclusive pauses the release, and nothing is read of the guard then.
 */
const measurements = 1_000_000;

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
  /**
   * The share that it gets when the stage passes, above 0 and at most 1: what passes has not so many bad requests that
   * all callers together get twice what the objective allows. @default 1
   */
  readonly next?: number;
}

/** The analysis that decides one stage: it passes when every deciding metric has passed, and fails when one fails. */
export function stageTemplate(
  model: ServedModel,
  judgement: Judgement,
  { next = 1 }: Stage,
  context: AnalysisContext,
): TemplateSpec {
  const metrics = decidingMetrics(model, judgement, context);
  return { args: revisionArgs, metrics: metrics.map((metric) => stageMetric(metric, next, judgement, context)) };
}

/** How long a stage takes when traffic is at its trough, in seconds: 95 of 100 healthy versions have passed by then. */
export function stageSeconds(
  model: ServedModel,
  judgement: Judgement,
  { share, next = 1 }: Stage,
  context: AnalysisContext,
): number {
  const waits = decidingMetrics(model, judgement, context).map(
    ({ requests }) => (slack * requests(next)) / (model.traffic.expectedQps.trough * share),
  );
  return Math.ceil(Math.max(...waits) + lookSeconds(context));
}

/**
 * The analysis that runs in the background from the first request to the end: a metric that has passed its stage is no
 * longer measured there. It only ever fails: no data is no failure.
 */
export function guardTemplate(model: ServedModel, judgement: Judgement, context: AnalysisContext): TemplateSpec {
  return {
    args: revisionArgs,
    metrics: [...guardMetrics(model, judgement, context), ...saturationGuards(model, context)].map(
      ({ name, query }) => ({
        name,
        interval: interval(context),
        initialDelay: interval(context),
        failureLimit: 0,
        consecutiveErrorLimit: outageErrors(judgement),
        failureCondition: "len(result) > 0 && result[0] == 2",
        provider: { prometheus: { address: context.prometheusAddress, query } },
      }),
    ),
  };
}

/**
 * The recipe that makes an AnalysisRun an exact sequential test: one success passes, one failure fails, anything else,
 * no data included, is inconclusive and measured again. `len(result) > 0`: an empty answer must not be read as a
 * value.
 */
function stageMetric(
  { name, query }: DecidingMetric,
  next: number,
  judgement: Judgement,
  context: AnalysisContext,
): DeepInput<AnalysisMetric> {
  return {
    name,
    interval: interval(context),
    initialDelay: interval(context),
    count: measurements,
    inconclusiveLimit: measurements,
    failureLimit: 0,
    consecutiveSuccessLimit: 1,
    consecutiveErrorLimit: outageErrors(judgement),
    successCondition: "len(result) > 0 && result[0] == 1",
    failureCondition: "len(result) > 0 && result[0] == 2",
    provider: { prometheus: { address: context.prometheusAddress, query: query(next) } },
  };
}

/**
 * The template of a gate before a weight: all pods of the new version that the weight asks for answer. Its argument
 * `weight` is the percent of the traffic. It fails when a pod is still missing at the deadline for pods.
 */
export function podsTemplate(judgement: Judgement, context: AnalysisContext): TemplateSpec {
  const missing = Math.ceil(context.podDeadlineSeconds / lookSeconds(context));
  return {
    args: [...revisionArgs, { name: "weight" }],
    metrics: [
      {
        name: "pods",
        interval: interval(context),
        count: measurements,
        inconclusiveLimit: measurements,
        failureLimit: missing,
        consecutiveSuccessLimit: 1,
        consecutiveErrorLimit: outageErrors(judgement),
        successCondition: "len(result) > 0 && result[0] == 1",
        failureCondition: "len(result) > 0 && result[0] == 0",
        provider: {
          prometheus: { address: context.prometheusAddress, query: enoughPods(context, "{{args.weight}}") },
        },
      },
    ],
  };
}

/** Seconds between two looks of an analysis. */
export function lookSeconds(context: AnalysisContext): number {
  return seconds(interval(context));
}

/** Two scrapes: one may be under way. */
function interval({ scrapeInterval }: Pick<AnalysisContext, "scrapeInterval">): Duration {
  return duration(2 * milliseconds(scrapeInterval));
}

function outageErrors({ metricsOutage }: Judgement): number {
  return Math.ceil(seconds(metricsOutage) / errorRetrySeconds);
}

import type { CustomResourceSpecs, DeepInput } from "../../../core/customResource.ts";
import { duration, milliseconds, seconds } from "../../../core/quantity.ts";
import { versionCounts } from "../../analysis/counters.ts";
import type { Judgement } from "../../analysis/metrics.ts";
import { revisionHashes } from "../../analysis/templates.ts";
import type { ServedModel } from "../../servedModel.ts";
import type { AnalysisContext } from "../releaseStrategy.ts";

/**
 * Far more looks than any release takes. An analysis that ran out of them would pause the release, and a paused release
 * is not ended by its guard (argo-rollouts 1.9.1).
 */
const looks = 1_000_000;

/** Argo Rollouts tries again 10 s after an error of a metric provider. */
const errorRetrySeconds = 10;

/**
 * An analysis that passes once the new version has answered `requests` requests, whatever it answered: whether they
 * were good is for the guard and for later analyses. It never fails.
 */
export function requestsTemplate(
  model: ServedModel,
  requests: number,
  { metricsOutage }: Judgement,
  context: AnalysisContext,
): DeepInput<CustomResourceSpecs["AnalysisTemplate"]> {
  const interval = duration(2 * milliseconds(context.scrapeInterval));
  return {
    args: revisionHashes.map(({ name }) => ({ name })),
    metrics: [
      {
        name: "requests",
        interval,
        initialDelay: interval,
        count: looks,
        inconclusiveLimit: looks,
        failureLimit: 0,
        consecutiveSuccessLimit: 1,
        consecutiveErrorLimit: Math.ceil(seconds(metricsOutage) / errorRetrySeconds),
        successCondition: "len(result) > 0 && result[0] == 1",
        failureCondition: "len(result) > 0 && result[0] == 2",
        provider: {
          prometheus: {
            address: context.prometheusAddress,
            query: `${versionCounts(model, context).requests} >= bool ${requests}`,
          },
        },
      },
    ],
  };
}

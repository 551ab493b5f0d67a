import type { Duration } from "../../components/core/quantity.ts";
import { guardMetrics } from "../../components/model/analysis/metrics.ts";
import type { Model } from "../../components/model/model.ts";
import { strategyOf } from "../../components/model/strategies/strategies.ts";
import type { AnalysisView, MetricView, RolloutView } from "./clusterView.ts";
import { type Evidence, evidenceOf } from "./evidence.ts";
import type { PrometheusClient } from "./prometheus.ts";

/** The release whose evidence is asked for. */
export interface EvidenceArgs {
  /** The Prometheus that the analyses ask. */
  readonly prometheus: PrometheusClient;
  /** The model as it is declared. Its objectives are those that the analyses have. */
  readonly model: Model;
  /** The name of the model. */
  readonly name: string;
  /** The namespace of its pods. */
  readonly namespace: string;
  /** Time between two scrapes. */
  readonly scrapeInterval: Duration;
  /** The state of the Rollout. */
  readonly rollout: Pick<RolloutView, "currentHash" | "stableHash" | "step" | "stepWeights">;
  /** The AnalysisRuns of the newest revision, oldest first. */
  readonly analyses: readonly AnalysisView[];
}

/**
 * What each metric of a release sees: now, or at the moment when it failed or was measured last. Empty where no release
 * is under way and none was rolled back, and for strategies that judge in another way.
 *
 * @throws what `PrometheusClient` throws
 */
export async function releaseEvidence(args: EvidenceArgs): Promise<Evidence[]> {
  const { prometheus, model, rollout, analyses } = args;
  const judgement = strategyOf(model.release).judgement?.(model.release);
  if (judgement === undefined || rollout.stableHash === "" || rollout.stableHash === rollout.currentHash) return [];
  const next = nextShare(rollout);
  return Promise.all(
    guardMetrics(model, judgement, args).map(async ({ name: metric, seen }) => {
      const at = measuredAt(metric, analyses);
      const ask = (query: string) => prometheus.value(withHashes(query, rollout), at);
      const rate = "rate" in seen.queries ? await ask(seen.queries.rate) : undefined;
      return evidenceOf(seen, ask, {
        metric,
        ...(next === undefined ? {} : { next }),
        ...(rate === undefined ? {} : { rate }),
        ...(at === undefined ? {} : { at }),
      });
    }),
  );
}

/** The share of the traffic after the weight under way, 0 to 1; none at the last weight. */
function nextShare({ step, stepWeights }: EvidenceArgs["rollout"]): number | undefined {
  const current = stepWeights[step] ?? 0;
  const next = stepWeights.slice(step).find((weight) => weight > current);
  return next === undefined ? undefined : next / 100;
}

/** When the metric failed, else when it was measured last, if it is measured no more. */
function measuredAt(metric: string, analyses: readonly AnalysisView[]): string | undefined {
  const runs = analyses.flatMap(({ metrics }) => metrics.filter(({ name }) => name === metric));
  const failed = runs.find(({ phase }) => phase === "Failed" || phase === "Error");
  if (failed !== undefined) return failed.measuredAt;
  return runs.some(isMeasured) ? undefined : runs.at(-1)?.measuredAt;
}

function isMeasured({ phase }: MetricView): boolean {
  return phase === "Running" || phase === "Pending";
}

function withHashes(query: string, { currentHash, stableHash }: EvidenceArgs["rollout"]): string {
  return query.replaceAll("{{args.canary-hash}}", currentHash).replaceAll("{{args.stable-hash}}", stableHash);
}

import type { Duration } from "../../components/core/quantity.ts";
import { guardMetrics } from "../../components/model/analysis/metrics.ts";
import type { Model } from "../../components/model/model.ts";
import { strategyOf } from "../../components/model/strategies/strategies.ts";
import type { AnalysisView, RolloutView } from "./clusterView.ts";
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
  readonly rollout: Pick<RolloutView, "currentHash" | "stableHash" | "stepWeights">;
  /** The AnalysisRuns of the newest revision, oldest first. */
  readonly analyses: readonly AnalysisView[];
}

/** What a metric of one analysis saw. */
export interface AnalysisEvidence extends Evidence {
  /** The step that the analysis decides, counted from 0; absent for the guard. */
  readonly step?: number;
  /** Percent of the traffic on the new version at that step. */
  readonly weight?: number;
}

/**
 * What each metric of the analyses of a release sees: now, or at its last measurement if it is measured no more. Empty
 * while both versions are the same, and for what is judged in another way.
 *
 * @throws what `PrometheusClient` throws
 */
export async function releaseEvidence(args: EvidenceArgs): Promise<AnalysisEvidence[]> {
  const { prometheus, model, rollout, analyses } = args;
  const judgement = strategyOf(model.release).judgement?.(model.release);
  if (judgement === undefined || rollout.stableHash === "" || rollout.stableHash === rollout.currentHash) return [];
  const seenBy = new Map(guardMetrics(model, judgement, args).map(({ name, seen }) => [name, seen]));
  const looks = analyses.flatMap(({ step, metrics }) =>
    metrics.map(async ({ name: metric, phase, measuredAt }): Promise<AnalysisEvidence[]> => {
      const seen = seenBy.get(metric);
      if (seen === undefined) return [];
      const at = phase === "Running" || phase === "Pending" ? undefined : measuredAt;
      const ask = (query: string) => prometheus.value(withHashes(query, rollout), at);
      const rate = "rate" in seen.queries ? await ask(seen.queries.rate) : undefined;
      const next = step === undefined ? undefined : nextShare(step, rollout.stepWeights);
      const evidence = await evidenceOf(seen, ask, {
        metric,
        ...(next === undefined ? {} : { next }),
        ...(rate === undefined ? {} : { rate }),
        ...(at === undefined ? {} : { at }),
      });
      return [{ ...(step === undefined ? {} : { step, ...weightOf(step, rollout.stepWeights) }), ...evidence }];
    }),
  );
  return (await Promise.all(looks)).flat();
}

function weightOf(step: number, stepWeights: readonly number[]): { readonly weight?: number } {
  const weight = stepWeights[step];
  return weight === undefined ? {} : { weight };
}

/** The share of the traffic that a step's pass leads to, 0 to 1. */
function nextShare(step: number, stepWeights: readonly number[]): number {
  const current = stepWeights[step] ?? 0;
  return (stepWeights.slice(step).find((weight) => weight > current) ?? 100) / 100;
}

/** A query of a template, with the hashes of both versions. */
export function withHashes(query: string, { currentHash, stableHash }: EvidenceArgs["rollout"]): string {
  return query.replaceAll("{{args.canary-hash}}", currentHash).replaceAll("{{args.stable-hash}}", stableHash);
}

/** What a metric of one analysis saw: one entry, or none. */
export function evidenceOn(
  evidence: readonly AnalysisEvidence[],
  step: number | undefined,
  metric: string,
): readonly AnalysisEvidence[] {
  return evidence.filter((one) => one.step === step && one.metric === metric);
}

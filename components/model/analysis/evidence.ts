import type { Rollback } from "../rollback.ts";
import { clumpingQuery } from "../verdict/clumping.ts";
import { worseQuery } from "../verdict/compared.ts";
import type { JudgedRequests, ScoreCounters } from "../verdict/counter.ts";
import {
  canaryTotal,
  canaryTotalRequests,
  over,
  type Readings,
  stableGain,
  stableRequests,
  whileCanary,
} from "../verdict/readings.ts";
import { type ScoreTest, scoreTotals } from "../verdict/score.ts";
import { canaryEvidence, type ShareTest } from "../verdict/share.ts";

/**
 * PromQL of what both versions answered while there were pods of the new one. Of the new version since these started;
 * of the stable one in the intervals since.
 */
export interface CountQueries {
  /** Bad requests of the new version. */
  readonly bad: string;
  /** All requests of the new version; no series while it has no pod. */
  readonly total: string;
  /** Bad requests of the stable version. */
  readonly stableBad: string;
  /** All requests of the stable version. */
  readonly stableTotal: string;
  /** Requests a second that the new version answers now, over the last four intervals. */
  readonly rate: string;
}

/** A share of requests against an objective: errors and latency. */
export interface ShareEvidence {
  readonly kind: "share";
  /** What a bad request did: `failed`. */
  readonly did: string;
  /** The test that decides. */
  readonly test: ShareTest;
  /** `money` is the evidence against the version, which fails at `test.fail`; `clumping` as in `clumpingQuery`. */
  readonly queries: CountQueries & { readonly money: string; readonly clumping: string };
}

/** A share of requests against the stable version's share: refused requests. */
export interface ComparisonEvidence {
  readonly kind: "comparison";
  /** What a bad request did: `were refused`. */
  readonly did: string;
  /** The version fails on evidence of more than so many times the stable version's share. */
  readonly ratio: number;
  /** It fails when `money` reaches this. */
  readonly fail: number;
  /** As in `ShareTest`. */
  readonly spans: number;
  /** `money` is the evidence against the version. */
  readonly queries: CountQueries & { readonly money: string };
}

/** The mean of the scores against the declared one. */
export interface ScoreEvidence {
  readonly kind: "score";
  /** The test that decides. */
  readonly test: ScoreTest;
  /** The scores of the new version since its pods started. */
  readonly queries: { readonly count: string; readonly sum: string; readonly squares: string };
}

/** A share of requests against a plain limit: a rollback guard. */
export interface LimitEvidence {
  readonly kind: "limit";
  /** What a bad request did: `failed`. */
  readonly did: string;
  /** The limit. */
  readonly guard: Pick<Rollback, "metric" | "threshold" | "for">;
  /** Requests of the new version over the guard's span. */
  readonly queries: { readonly bad: string; readonly total: string };
}

/**
 * What a metric of an analysis sees, as queries of its parts, by the counters that the query which decides reads.
 * `{{args.canary-hash}}` and `{{args.stable-hash}}` stand for the hashes, as in every template.
 */
export type MetricEvidence = ShareEvidence | ComparisonEvidence | ScoreEvidence | LimitEvidence;

/** What a test of a share sees. */
export function shareEvidence(did: string, test: ShareTest, judged: JudgedRequests, reading: Readings): ShareEvidence {
  return {
    kind: "share",
    did,
    test,
    queries: {
      ...countQueries(judged, reading),
      money: canaryEvidence(test, judged, reading),
      clumping: clumpingQuery(judged.stable, reading),
    },
  };
}

/** What a comparison with the stable version sees. */
export function comparisonEvidence(
  did: string,
  { ratio, fail, spans }: Pick<ComparisonEvidence, "ratio" | "fail" | "spans">,
  judged: JudgedRequests,
  reading: Readings,
): ComparisonEvidence {
  const money = worseQuery(ratio, judged, reading);
  return { kind: "comparison", did, ratio, fail, spans, queries: { ...countQueries(judged, reading), money } };
}

/** What the test of the mean score sees. */
export function scoreEvidence(test: ScoreTest, counters: ScoreCounters, reading: Readings): ScoreEvidence {
  return { kind: "score", test, queries: scoreTotals(counters, reading) };
}

function countQueries({ canary, stable }: JudgedRequests, reading: Readings): CountQueries {
  const since = (gained: string) => `sum_over_time(${over(whileCanary(gained, canary, reading), reading)})`;
  return {
    bad: canaryTotal(canary.bad, canary, reading),
    total: canaryTotalRequests(canary, reading),
    stableBad: since(stableGain(stable.bad, stable, reading)),
    stableTotal: since(stableRequests(stable, reading)),
    rate: canary.total.pods.map((series) => `sum(rate(${series}[${4 * reading.interval}s]))`).join(" + "),
  };
}

import { ratio } from "../../components/core/quantity.ts";
import type {
  ComparisonEvidence,
  LimitEvidence,
  MetricEvidence,
  ScoreEvidence,
  ShareEvidence,
} from "../../components/model/analysis/evidence.ts";
import { scoresToPass } from "../../components/model/verdict/sampleSize.ts";
import { scoresSpeak, scoreVerdict } from "../../components/model/verdict/score.ts";
import { passLine, verdicts } from "../../components/model/verdict/share.ts";

/** Requests of one version. */
export interface Counted {
  /** Those that were bad: failed, slow or refused. */
  readonly bad: number;
  /** All of them. */
  readonly total: number;
}

/** What one metric of a release saw at one moment, and what it makes of it. */
export interface Evidence {
  /** The name of the metric: `errors`. */
  readonly metric: string;
  /** When that was, ISO 8601; the present where it is not given. */
  readonly at?: string;
  /** The requests of the new version since its pods started; of a limit, over its span. */
  readonly canary?: Counted;
  /** The requests of the stable version meanwhile. */
  readonly stable?: Counted;
  /** The scores of the new version since its pods started, and their mean. */
  readonly scores?: { readonly count: number; readonly mean: number };
  /** The share of bad requests that the objective or the limit allows, 0 to 1. */
  readonly allowed?: number;
  /**
   * The evidence against the version, and where it fails. A version that keeps half of its objective reaches an
   * evidence of E in at most one of E releases.
   */
  readonly against?: { readonly evidence: number; readonly failsAt: number };
  /** The evidence that the mean of the scores is near the declared one, and where it passes. */
  readonly towards?: { readonly evidence: number; readonly passesAt: number };
  /** The declared mean of the scores, and how far theirs may be off. */
  readonly declared?: { readonly mean: number; readonly tolerance: number };
  /** The most bad requests with which it would pass now; below 0 while it is too early even without one. */
  readonly passesAt?: number;
  /** How the stable version's bad requests come together: the mean size of a burst, at least 1. */
  readonly clumping?: number;
  /** What is missing until it passes, if no further request is bad. Seconds at the present rate of requests. */
  readonly missing?: { readonly requests: number; readonly seconds?: number };
  /** What follows from the counts alone. An analysis may have concluded at another moment. */
  readonly verdict: "failed" | "passed" | "undecided" | "noData";
  /** All of it in a sentence. */
  readonly reason: string;
}

/** What surrounds a metric. */
export interface EvidenceContext {
  /** The name of the metric. */
  readonly metric: string;
  /** The share of the traffic that a pass leads to, above 0 and at most 1; none for the guard, which never passes. */
  readonly next?: number;
  /** Requests a second that the new version answers now. */
  readonly rate?: number;
  /** The moment that is looked at, ISO 8601. @default the present */
  readonly at?: string;
}

/** Answers a query with the value of its one series; undefined where there is none. */
export type Ask = (query: string) => Promise<number | undefined>;

/** Asks for everything that a metric sees, and says what it makes of it. */
export async function evidenceOf(seen: MetricEvidence, ask: Ask, context: EvidenceContext): Promise<Evidence> {
  const names = Object.keys(seen.queries);
  const values = await Promise.all(Object.values(seen.queries).map((query: string) => ask(query)));
  return concluded(seen, Object.fromEntries(names.map((name, index) => [name, values[index]])), context);
}

/** What a metric makes of these numbers, by the names of its queries. */
export function concluded(
  seen: MetricEvidence,
  numbers: Readonly<Record<string, number | undefined>>,
  context: EvidenceContext,
): Evidence {
  const { metric, at } = context;
  const common = { metric, ...(at === undefined ? {} : { at }) };
  switch (seen.kind) {
    case "share":
      return { ...common, ...ofShare(seen, numbers, context) };
    case "comparison":
      return { ...common, ...ofComparison(seen, numbers) };
    case "score":
      return { ...common, ...ofScore(seen, numbers, context) };
    case "limit":
      return { ...common, ...ofLimit(seen, numbers) };
  }
}

type Numbers = Readonly<Record<string, number | undefined>>;
type Conclusion = Omit<Evidence, "metric" | "at">;

function ofShare({ test, did }: ShareEvidence, numbers: Numbers, { next, rate }: EvidenceContext): Conclusion {
  const counts = countsOf(numbers);
  const allowed = test.objective;
  if (counts === undefined) return { allowed, ...nothing };
  const { canary, stable } = counts;
  const evidence = numbers.money ?? 1;
  const clumping = Math.max(1, numbers.clumping ?? 1);
  const against = { evidence, failsAt: test.fail };
  const said = `${counted(canary, did)}; the objective is ${inPercent(allowed)}`;
  const base = { canary, stable, allowed, against, clumping };
  if (evidence >= test.fail) {
    return {
      ...base,
      verdict: "failed",
      reason: `${said}; a version that has half of that does this at most once in ${rounded(evidence / test.spans)} releases${aside(stable)}.`,
    };
  }
  if (next === undefined) return { ...base, verdict: "undecided", reason: `${said}${aside(stable)}.` };
  const line = passLine(test, next);
  const passesAt = line.slope * canary.total - clumping * line.intercept;
  if (canary.bad <= passesAt) {
    return {
      ...base,
      passesAt,
      verdict: "passed",
      reason: `${said}; a version with ${inPercent(line.excluded)} gets this far at most once in ${rounded(1 / test.miss)} releases.`,
    };
  }
  const requests = Math.max(1, Math.ceil((canary.bad + clumping * line.intercept) / line.slope) - canary.total);
  const bursts = clumping > 1.05 ? ` (bad ones of the stable version come ${clumping.toFixed(1)} at a time)` : "";
  return {
    ...base,
    passesAt,
    missing: missing(requests, rate),
    verdict: "undecided",
    reason: `${said}; ${number(requests)} more without one pass${bursts}${soon(requests, rate)}.`,
  };
}

function ofComparison({ did, ratio: times, fail, spans }: ComparisonEvidence, numbers: Numbers): Conclusion {
  const counts = countsOf(numbers);
  if (counts === undefined) return nothing;
  const { canary, stable } = counts;
  const evidence = numbers.money ?? 1;
  const said = `${counted(canary, did)}${aside(stable)}`;
  return {
    canary,
    stable,
    against: { evidence, failsAt: fail },
    ...(evidence >= fail
      ? {
          verdict: "failed",
          reason: `${said}; a version with ${times} times the stable version's share does this at most once in ${rounded(evidence / spans)} releases.`,
        }
      : { verdict: "undecided", reason: `${said}.` }),
  };
}

function ofScore({ test }: ScoreEvidence, numbers: Numbers, { next, rate }: EvidenceContext): Conclusion {
  const { count = 0, sum = 0, squares = 0 } = numbers;
  if (count === 0) return { ...nothing, reason: "No score has been counted yet." };
  const mean = sum / count;
  const found = scoreVerdict(test, { count, sum, squares });
  const said = `The mean of ${number(count)} scores is ${Number(mean.toPrecision(4))}; declared is ${test.mean} ± ${test.tolerance}`;
  const { against, towards } = scoresSpeak(test, { count, sum, squares });
  const base = {
    scores: { count, mean },
    declared: { mean: test.mean, tolerance: test.tolerance },
    against: { evidence: against, failsAt: test.fail },
    ...(Number.isFinite(towards) ? { towards: { evidence: towards, passesAt: test.pass } } : {}),
  };
  if (found === verdicts.fail) return { ...base, verdict: "failed", reason: `${said}.` };
  if (next === undefined) return { ...base, verdict: "undecided", reason: `${said}.` };
  if (found === verdicts.pass) return { ...base, verdict: "passed", reason: `${said}.` };
  const requests = Math.max(1, scoresToPass(test) - count);
  return {
    ...base,
    missing: missing(requests, rate),
    verdict: "undecided",
    reason: `${said}; about ${number(requests)} more are needed${soon(requests, rate)}.`,
  };
}

function ofLimit({ did, guard }: LimitEvidence, { bad = 0, total }: Numbers): Conclusion {
  const allowed = ratio(guard.threshold);
  if (total === undefined || total === 0) return { allowed, ...nothing };
  // Increases are extrapolated to the whole span, so they need not be whole numbers.
  const canary = { bad: Math.round(bad), total: Math.round(total) };
  return {
    canary,
    allowed,
    verdict: bad / total > allowed ? "failed" : "undecided",
    reason: `${counted(canary, did)} in the last ${guard.for}; the limit is ${guard.threshold}.`,
  };
}

const nothing = { verdict: "noData", reason: "No request has been counted yet." } as const;

function countsOf({ bad, total, stableBad, stableTotal }: Numbers): { canary: Counted; stable: Counted } | undefined {
  if (total === undefined || total === 0 || bad === undefined) return undefined;
  return {
    canary: { bad: Math.round(bad), total: Math.round(total) },
    stable: { bad: Math.round(stableBad ?? 0), total: Math.round(stableTotal ?? 0) },
  };
}

function counted({ bad, total }: Counted, did: string): string {
  return `${number(bad)} of ${number(total)} requests ${did}`;
}

function aside(stable: Counted): string {
  return stable.total === 0 ? "" : ` (stable version: ${number(stable.bad)} of ${number(stable.total)})`;
}

function missing(requests: number, rate: number | undefined): { requests: number; seconds?: number } {
  return { requests, ...(rate === undefined || rate <= 0 ? {} : { seconds: Math.ceil(requests / rate) }) };
}

function soon(requests: number, rate: number | undefined): string {
  if (rate === undefined || rate <= 0) return "";
  return `, ${lasting(Math.ceil(requests / rate))} at ${Number(rate.toPrecision(2))} requests a second`;
}

/** A time in the largest unit that leaves a number above 1. */
export function lasting(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

/** Two digits are enough for a chance. */
function rounded(releases: number): string {
  return releases >= 1e6 ? "a million" : number(Number(releases.toPrecision(2)));
}

function inPercent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

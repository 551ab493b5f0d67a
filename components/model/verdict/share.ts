import { type Bet, bets, evidence, evidenceQuery, type Observation } from "./betting.ts";
import { clumping, clumpingQuery, type Minute } from "./clumping.ts";
import type { JudgedRequests, RequestCounters } from "./counter.ts";
import {
  canaryGain,
  canaryRequests,
  canaryTotal,
  canaryTotalRequests,
  decimal,
  type Readings,
  stableGain,
  stableRequests,
} from "./readings.ts";

/**
 * The outcomes of a test at one moment, as the queries return them. An AnalysisTemplate reads 1 as successful, 2 as
 * failed and anything else as inconclusive.
 */
export const verdicts = { undecided: 0, pass: 1, fail: 2 } as const;

/** The outcome of a test at one moment: 0 undecided, 1 pass, 2 fail. */
export type Verdict = (typeof verdicts)[keyof typeof verdicts];

/** How often a verdict may be wrong. */
export interface Confidence {
  /** The chance of failing a version with at most half of the bad requests that its objective allows, 0 to 1. */
  readonly falseAlarm: number;
  /** The chance of passing a version with twice the bad requests that its objective allows, 0 to 1. */
  readonly miss: number;
  /**
   * How many times what the evidence looks back on fits into a release, at least 1. Each of them may be wrong by
   * itself, so the evidence has to be as many times as strong. @default 1
   */
  readonly spans?: number;
}

/** Requests of both versions in one interval. */
export interface Interval {
  /** The new version's. */
  readonly canary: { readonly bad: number; readonly total: number };
  /** The stable version's; 0 of both where nothing is known of it. */
  readonly stable: { readonly bad: number; readonly total: number };
}

/**
 * The test of an objective for a share of bad requests. It fails a version on evidence that more than half of the
 * objective is bad, and more than the stable version has at the same time, which holds however bad requests come
 * together; and passes it on evidence that less than twice the objective is, which takes into account how they came
 * together in the stable version's last hours.
 */
export interface ShareTest {
  /** The share of bad requests that the objective allows, between 0 and 1. */
  readonly objective: number;
  /** The share of bad requests that a healthy version may have: half of the objective. */
  readonly healthy: number;
  /** FAIL once the evidence reaches this. */
  readonly fail: number;
  /** `spans` of the confidence: evidence of so much is seen by chance as often as 1 is in a short release. */
  readonly spans: number;
  /** The bets that make the evidence. */
  readonly bets: readonly Bet[];
  /** The chance of passing a version with twice the objective. */
  readonly miss: number;
}

/** The test of an objective that is tuned to versions with `ratio` times the bad requests that it allows. */
export function shareTest(objective: number, ratio: number, { falseAlarm, miss, spans = 1 }: Confidence): ShareTest {
  const healthy = objective / 2;
  return { objective, healthy, fail: spans / falseAlarm, spans, bets: bets((ratio * objective) / healthy), miss };
}

/** The bound for PASS: bad ≤ slope · total − clumping · intercept. */
export interface PassLine {
  /** The share of bad requests that a version which passes does not have, but for the chance of a miss. */
  readonly excluded: number;
  /** Bad requests for each request. */
  readonly slope: number;
  /** Bad requests that the line lies below the origin, for bad requests that come one by one. */
  readonly intercept: number;
  /** How many requests are enough to pass when none of them is bad. */
  readonly cleanRequests: number;
}

/** A version that passes is expected to have an eighth of the excluded share; by simulation 6 to 12 do as well. */
const passRatio = 8;
/** A version in which half of the requests are bad is never passed on, however small a stage is. */
const mostExcluded = 0.5;

/**
 * The line above which a version does not go on to a `next` share of the traffic, 0 to 1: what passes has not so many
 * bad requests that all callers together get twice what the objective allows. So the first stages are short, and the
 * last one excludes twice the objective itself. Wald's line for the excluded share against an eighth of it (Sequential
 * Tests of Statistical Hypotheses, 1945); its chance of a miss holds whenever one looks.
 */
export function passLine({ objective, miss }: ShareTest, next: number): PassLine {
  const excluded = Math.min((2 * objective) / next, Math.max(mostExcluded, objective));
  const good = excluded / passRatio;
  const forBad = Math.log((excluded * (1 - good)) / (good * (1 - excluded)));
  const forGood = Math.log((1 - good) / (1 - excluded));
  const slope = forGood / forBad;
  const intercept = Math.log(1 / miss) / forBad;
  return { excluded, slope, intercept, cleanRequests: Math.ceil(intercept / slope) };
}

/** What a verdict on a share is made of. */
export interface ShareSeen {
  /** The intervals in which there was a canary, for FAIL. */
  readonly intervals: readonly Interval[];
  /** What the canary counted since it started, for PASS. */
  readonly canary: { readonly bad: number; readonly total: number };
  /** The stable version's history, for PASS. */
  readonly history: readonly Minute[];
}

/** The verdict on what was seen. Without a line it never passes. */
export function shareVerdict(test: ShareTest, seen: ShareSeen, line?: PassLine): Verdict {
  if (evidence(test.bets, allowed(test.healthy, seen.intervals)) >= test.fail) return verdicts.fail;
  return line !== undefined && passes(line, seen) ? verdicts.pass : verdicts.undecided;
}

function allowed(share: number, intervals: readonly Interval[]): Observation[] {
  return intervals.map((one) => ({ observed: one.canary.bad, allowed: allowedBad(share, one) }));
}

/** One bad request of the stable version is by chance; with two in one interval something may be with both versions. */
const leastShared = 2;

/**
 * How many bad requests an interval allows the canary: `share` of its requests, or what the stable version has at the
 * same time for as many, and one more of that, whichever is more. What a caller or a dependency does to both versions,
 * in parts as large as their parts of the traffic, is then on average no evidence: of failures that fall on either by
 * chance, E[canary's / (stable's + 1)] is at most the ratio of the parts. Where the stable version has hardly
 * any the share alone counts, so the first failures of a bad version are not excused.
 */
export function allowedBad(share: number, { canary, stable }: Interval): number {
  const own = share * canary.total;
  if (stable.bad < leastShared) return own;
  return Math.max(own, ((stable.bad + 1) * canary.total) / Math.max(1, stable.total));
}

/** Whether the canary is on the side of the line where it passes. */
export function passes({ slope, intercept }: PassLine, { canary, history }: Omit<ShareSeen, "intervals">): boolean {
  return canary.bad <= slope * canary.total - intercept * clumping(history);
}

/**
 * PromQL of `shareVerdict`: 0, 1 or 2, and no series while the canary has no requests. Without a line it never passes:
 * it returns 0 or 2.
 */
export function shareQuery(
  test: ShareTest,
  { canary, stable }: JudgedRequests,
  reading: Readings,
  line?: PassLine,
): string {
  const found = canaryEvidence(test, { canary, stable }, reading);
  if (line === undefined) return `2 * (${found} >= bool ${decimal(test.fail)})`;
  return decided(`${found} >= ${decimal(test.fail)}`, passQuery(line, canary, stable, reading));
}

/** PromQL of the evidence against the canary: at `fail` or above it fails. */
export function canaryEvidence(test: ShareTest, { canary, stable }: JudgedRequests, reading: Readings): string {
  const bad = canaryGain(canary.bad, canary, reading);
  const all = canaryRequests(canary, reading);
  // The gateway may have failed requests in an interval in which no pod was scraped.
  const own = `${decimal(test.healthy)} * (${all} or vector(0))`;
  const stableBad = `((${stableGain(stable.bad, stable, reading)} >= ${leastShared}) + 1)`;
  const both = `${stableBad} * ${all} / clamp_min(${stableRequests(stable, reading)}, 1)`;
  // A label of its own, so that `or` keeps both.
  return evidenceQuery(test.bets, bad, `max(label_replace(${both}, "by", "stable", "", "") or ${own})`, reading);
}

/** PromQL of `passes`: 0 or 1. */
export function passQuery(line: PassLine, canary: RequestCounters, stable: RequestCounters, reading: Readings): string {
  const bad = canaryTotal(canary.bad, canary, reading);
  const bound = `${decimal(line.slope)} * ${canaryTotalRequests(canary, reading)}`;
  return `(${bad} <= bool (${bound} - ${decimal(line.intercept)} * ${clumpingQuery(stable, reading)}))`;
}

/** PromQL that is 2 while `fail` has a series, else what `pass` is: 0 or 1. */
export function decided(fail: string, pass: string): string {
  return `clamp_max(${fail}, 2)\nor ${pass}`;
}

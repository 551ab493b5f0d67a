import { bets, evidence, evidenceQuery, type Observation } from "./betting.ts";
import { clumping, clumpingQuery } from "./clumping.ts";
import type { JudgedRequests } from "./counter.ts";
import {
  canaryGain,
  canaryRequests,
  canaryTotalRequests,
  decimal,
  over,
  type Readings,
  stableGain,
  stableRequests,
  whileCanary,
} from "./readings.ts";
import {
  canaryEvidence,
  decided,
  type Interval,
  type PassLine,
  passQuery,
  type ShareSeen,
  type ShareTest,
  shareVerdict,
  type Verdict,
  verdicts,
} from "./share.ts";

/** While stable misses the objective too, a canary passes that is unlikely to have this many times its share. */
const notWorseRatio = 2;

/** Bets on four times the share that is allowed: the stable version's own share is not known exactly. */
const comparedBets = bets(4);

/**
 * Evidence that the canary's share of bad requests is more than `ratio` times the stable version's. Of the bad requests
 * of both in one interval the canary is allowed its part; so a burst that both have is no evidence, whatever its size.
 */
export function worse(ratio: number, intervals: readonly Interval[]): number {
  return evidence(
    comparedBets,
    intervals.filter(({ canary }) => canary.total > 0).map((interval) => canarysPart(ratio, interval)),
  );
}

function canarysPart(ratio: number, { canary, stable }: Interval): Observation {
  return {
    observed: canary.bad,
    allowed: (canary.bad + stable.bad) / (1 + stable.total / (ratio * canary.total)),
  };
}

/** PromQL of `worse`. */
export function worseQuery(ratio: number, judged: JudgedRequests, reading: Readings): string {
  const { canaryBad, stableBad, canaryAll, stableAll } = both(judged, reading);
  const part = `(${canaryBad} + ${stableBad}) / (1 + ${stableAll} / (${decimal(ratio)} * (${canaryAll} > 0)))`;
  return evidenceQuery(comparedBets, canaryBad, `(${part})`, reading);
}

/** PromQL of what both versions counted in the interval that ends now; 0 for a stable version that is not there. */
function both({ canary, stable }: JudgedRequests, reading: Readings) {
  return {
    canaryBad: canaryGain(canary.bad, canary, reading),
    stableBad: `(${stableGain(stable.bad, stable, reading)} or vector(0))`,
    canaryAll: canaryRequests(canary, reading),
    stableAll: `(${stableRequests(stable, reading)} or vector(0))`,
  };
}

/**
 * The log likelihood ratio of "the canary's share is twice the stable version's" against "it is equal", given how many
 * bad requests both had in each interval.
 */
export function twiceAsBad(intervals: readonly Interval[]): number {
  const one = ({ canary, stable }: Interval) =>
    canary.bad * Math.log(notWorseRatio) -
    (canary.bad + stable.bad) * Math.log(1 + (notWorseRatio - 1) / (1 + stable.total / canary.total));
  return intervals.filter(({ canary }) => canary.total > 0).reduce((sum, interval) => sum + one(interval), 0);
}

function twiceAsBadQuery(judged: JudgedRequests, reading: Readings): string {
  const { canaryBad, stableBad, canaryAll, stableAll } = both(judged, reading);
  const expected = `ln(1 + ${notWorseRatio - 1} / (1 + ${stableAll} / (${canaryAll} > 0)))`;
  const one = `${canaryBad} * ${decimal(Math.log(notWorseRatio))} - (${canaryBad} + ${stableBad}) * ${expected}`;
  return `sum_over_time(${over(one, reading)})`;
}

/**
 * The verdict on what also depends on load and dependencies, such as latency. While the stable version misses the
 * objective over the canary's time, the canary is judged against it: it fails on evidence that it is worse, and passes
 * once it is unlikely to be twice as bad. Else it is judged alone, so that releases do not become slower one by one.
 * Without a line it never passes.
 */
export function comparedVerdict(test: ShareTest, seen: ShareSeen, line?: PassLine): Verdict {
  const { intervals, history } = seen;
  if (missedBy(test.objective, intervals) > 0) {
    if (worse(1, intervals) >= test.fail) return verdicts.fail;
    const notWorse = twiceAsBad(intervals) <= -clumping(history) * Math.log(1 / test.miss);
    return notWorse && line !== undefined ? verdicts.pass : verdicts.undecided;
  }
  return shareVerdict(test, seen, line);
}

/** How many bad requests the stable version has had more than the objective allows; below 0 if it kept it. */
function missedBy(objective: number, intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { stable }) => sum + stable.bad - objective * stable.total, 0);
}

/** PromQL of `comparedVerdict`; without a line it is 0 or 2, and no series while the canary has no requests. */
export function comparedQuery(test: ShareTest, judged: JudgedRequests, reading: Readings, line?: PassLine): string {
  const { canary, stable } = judged;
  const stableBad = whileCanary(stableGain(stable.bad, stable, reading), canary, reading);
  const more = `${stableBad} - ${decimal(test.objective)} * ${stableRequests(stable, reading)}`;
  const missed = `sum_over_time(${over(more, reading)}) > 0`;
  const bound = decimal(test.fail);
  const isWorse = `clamp_max(${worseQuery(1, judged, reading)} >= ${bound}, 2)`;
  const fail = `${canaryEvidence(test, judged, reading)} >= ${bound}`;
  const undecided = `0 * ${canaryTotalRequests(canary, reading)}`;
  if (line === undefined) return `((${isWorse}\nor ${undecided}) and ${missed})\nor ${decided(fail, undecided)}`;
  const clumps = `${decimal(-Math.log(1 / test.miss))} * ${clumpingQuery(stable, reading)}`;
  const notWorse = `(${twiceAsBadQuery(judged, reading)} <= bool ${clumps})`;
  const pass = passQuery(line, canary, stable, reading);
  return `((${isWorse}\nor ${notWorse}) and ${missed})\nor ${decided(fail, pass)}`;
}

/**
 * PromQL of evidence that the canary refuses more than `ratio` times the share of requests that stable refuses, as a
 * verdict that never passes: 0 or 2.
 */
export function worseFailQuery(ratio: number, fail: number, judged: JudgedRequests, reading: Readings): string {
  return `2 * (${worseQuery(ratio, judged, reading)} >= bool ${decimal(fail)})`;
}

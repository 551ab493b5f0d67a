import { bets, gained } from "../../../components/model/verdict/betting.ts";
import { scoreTest, scoreVerdict } from "../../../components/model/verdict/score.ts";
import { verdicts } from "../../../components/model/verdict/share.ts";
import { Random } from "./random.ts";

const weights = [0.05, 0.2, 0.5] as const;

/** Refused requests while both versions get the same malformed ones, and how the canary's share relates to stable's. */
export interface Refusals {
  readonly rate: number;
  readonly scrape: number;
  /** Malformed requests that one caller sends within one minute of each stage. */
  readonly malformed: number;
  /** The canary refuses so many times the share that stable refuses. */
  readonly ratio: number;
}

/** A stage of the simulated release lasts ten minutes. */
const stageSeconds = 600;
/** Both versions refuse this share of ordinary requests. */
const refused = 0.002;

/** The share of releases that refused requests abort, and the median time, by betting; and as it was before. */
export function refusals({ rate, scrape, malformed, ratio }: Refusals, runs: number, seed: number) {
  const failAt = 1 / 0.001;
  const on = bets(4);
  const interval = Math.max(scrape, 5);
  const times: number[] = [];
  let before = 0;
  for (let run = 0; run < runs; run++) {
    const random = new Random(seed * 1_000_003 + run);
    const logs = on.map(() => 0);
    const sum = { canary: 0, canaryBad: 0 };
    let [aborted, abortedBefore] = [0, false];
    // What the comparison with stable's last half hour had seen.
    const [stableTotal, stableBad] = [1_800 * rate, random.poisson(1_800 * rate * refused)];
    for (let now = interval; now <= 3 * stageSeconds && (aborted === 0 || !abortedBefore); now += interval) {
      const weight = weights[Math.floor((now - 1) / stageSeconds)] ?? 0.5;
      // Ten seconds in which a caller sends them, in the middle of each stage.
      const burst = now % stageSeconds > 300 && now % stageSeconds <= 360 ? (malformed * interval) / 60 : 0;
      const canary = random.poisson(rate * weight * interval);
      const stable = random.poisson(rate * (1 - weight) * interval);
      const canaryBad = random.poisson(canary * refused * ratio + burst * weight);
      const stableRefused = random.poisson(stable * refused + burst * (1 - weight));
      const allowed = canary === 0 ? 0 : (canaryBad + stableRefused) / (1 + stable / (3 * canary));
      for (const [index, { k }] of on.entries()) logs[index] = (logs[index] ?? 0) + gained(k, canaryBad, allowed);
      const money = on.reduce((all, { part }, index) => all + part * Math.exp(logs[index] ?? 0), 0);
      if (aborted === 0 && money >= failAt) aborted = now;
      sum.canary += canary;
      sum.canaryBad += canaryBad;
      const all = sum.canary + stableTotal;
      const expected = 3 * sum.canary + stableTotal;
      const llr = sum.canaryBad * Math.log((3 * all) / expected) + stableBad * Math.log(all / expected);
      if (llr >= Math.log(0.95 / 0.01)) abortedBefore = true;
    }
    if (aborted > 0) times.push(aborted);
    if (abortedBefore) before += 1;
  }
  times.sort((a, b) => a - b);
  return {
    aborted: times.length / runs,
    median: times[Math.floor(times.length / 2)] ?? Number.NaN,
    before: before / runs,
  };
}

/** Scores of which a few are high: 0.9 for `positives` of them, 0.001 for the rest. */
export interface SkewedScores {
  readonly positives: number;
  readonly rate: number;
  readonly scrape: number;
  /** How far the new version's mean is off, in tolerances. The tolerance is a quarter of the mean. */
  readonly off: number;
}

/** How releases end that the score alone decides: all traffic that a stage gets, until a verdict. */
export function scores({ positives, rate, scrape, off }: SkewedScores, runs: number, seed: number, patience: number) {
  const meanOf = (share: number) => share * 0.9 + (1 - share) * 0.001;
  const mean = meanOf(positives);
  const test = scoreTest(mean, mean / 4, { falseAlarm: 0.001, miss: 0.01 });
  const share = (mean * (1 + off / 4) - 0.001) / 0.899;
  let [passed, failed, plugIn] = [0, 0, 0];
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const random = new Random(seed * 1_000_003 + run);
    let [count, high] = [0, 0];
    let [ended, endedBefore] = [false, false];
    for (let now = 2 * scrape; now <= patience && !(ended && endedBefore); now += 2 * scrape) {
      const more = random.poisson(rate * 0.05 * 2 * scrape);
      high += random.binomial(more, share);
      count += more;
      if (count === 0) continue;
      const sum = high * 0.9 + (count - high) * 0.001;
      const squares = high * 0.81 + (count - high) * 1e-6;
      if (!ended) {
        const verdict = scoreVerdict(test, { count, sum, squares });
        if (verdict === verdicts.fail) failed += 1;
        if (verdict === verdicts.pass) passed += 1;
        if (verdict !== verdicts.undecided) times.push(now);
        ended = verdict !== verdicts.undecided;
      }
      if (!endedBefore) {
        // Wald's test of a normal mean with the variance so far, from 50 scores on, as it was.
        const deviation = Math.abs(sum / count - mean);
        const variance = Math.max(squares / count - (sum / count) ** 2, 1e-9);
        const statistic = (count * (mean / 4) * (deviation - mean / 4)) / variance;
        if (statistic >= Math.log(0.95 / (0.01 / 6)) && count >= 50) {
          plugIn += 1;
          endedBefore = true;
        } else if (statistic <= Math.log(0.05) && count >= 200) endedBefore = true;
      }
    }
  }
  times.sort((a, b) => a - b);
  return {
    passed: passed / runs,
    failed: failed / runs,
    waiting: 1 - (passed + failed) / runs,
    median: times[Math.floor(times.length / 2)] ?? Number.NaN,
    before: plugIn / runs,
  };
}

/**
 * A sequential test of stochastic order on all latency buckets: the canary's distribution against stable's, with the
 * time-uniform bands of Howard and Ramdas (Sequential estimation of quantiles, 2022), which the test of Lindon, Sanden
 * and Shirikian (KDD 2022) inverts. Returns the median number of requests to the canary until it fails.
 */
export function stochasticOrder(
  slowCanary: number,
  slowStable: number,
  falseAlarm: number,
  runs: number,
  seed: number,
) {
  const band = (count: number) =>
    0.85 * Math.sqrt((Math.log(Math.log(Math.E * count)) + 0.8 * Math.log(1_612 / falseAlarm)) / count);
  const needed: number[] = [];
  for (let run = 0; run < runs; run++) {
    const random = new Random(seed * 1_000_003 + run);
    let [canary, slow, stable, stableSlow] = [0, 0, 0, 0];
    while (canary < 1_000_000) {
      const more = Math.max(10, Math.round(canary / 50));
      canary += more;
      slow += random.binomial(more, slowCanary);
      stable += 19 * more;
      stableSlow += random.binomial(19 * more, slowStable);
      if (slow / canary - stableSlow / stable > band(canary) + band(stable)) break;
    }
    needed.push(canary);
  }
  needed.sort((a, b) => a - b);
  return needed[Math.floor(needed.length / 2)] ?? Number.NaN;
}

import { gained } from "./betting.ts";
import { type PassLine, passLine, type ShareTest } from "./share.ts";

/** A version under judgement at one weight. */
export interface Judged {
  /** Its true share of bad requests, 0 to 1. */
  readonly bad: number;
  /** Requests to it in one interval, above 0: its part of the traffic times the interval. */
  readonly perInterval: number;
  /** The mean size of the burst that a bad request is in, at least 1. */
  readonly clumping: number;
}

/** How verdicts come out, by simulation with fixed seeds: the same for the same version everywhere. */
export interface Odds {
  /** The part that passes. What neither passes nor fails has no verdict after fifty times what a clean pass needs. */
  readonly pass: number;
  /** The part that fails. For a healthy version: the chance of a false alarm. */
  readonly fail: number;
  /** Requests until a verdict, in the mean and for 95 of 100 releases; those without one count until then. */
  readonly mean: number;
  /** Requests within which 95 of 100 releases have a verdict. */
  readonly late: number;
}

/** Its error is about one in a hundred, and it takes some ten milliseconds. */
const runs = 500;

/** How the verdict on a version comes out, towards a `next` share of the traffic. */
export function odds(test: ShareTest, next: number, version: Judged): Odds {
  const line = passLine(test, next);
  const most = 50 * line.cleanRequests * version.clumping;
  const ends = Array.from({ length: runs }, (_, seed) => one(test, line, version, most, randomOf(seed)));
  const requests = ends.map((end) => end.requests).sort((a, b) => a - b);
  const part = (verdict: string) => ends.filter((end) => end.verdict === verdict).length / runs;
  return {
    pass: part("pass"),
    fail: part("fail"),
    mean: requests.reduce((sum, count) => sum + count, 0) / runs,
    late: requests[Math.floor(0.95 * runs)] ?? Number.NaN,
  };
}

function one(test: ShareTest, line: PassLine, version: Judged, most: number, random: () => number) {
  const { bad, perInterval, clumping } = version;
  // Bursts of geometric size with this mean have that clumping.
  const burst = (clumping + 1) / 2;
  const logs = test.bets.map(() => 0);
  let [total, failed] = [0, 0];
  while (total < most) {
    let now = 0;
    for (let event = poisson((perInterval * bad) / burst, random); event > 0; event--) {
      now += burst === 1 ? 1 : 1 + Math.floor(Math.log(1 - random()) / Math.log(1 - 1 / burst));
    }
    total += perInterval;
    failed += now;
    let money = 0;
    for (const [index, { k, part }] of test.bets.entries()) {
      const log = (logs[index] ?? 0) + gained(k, now, test.healthy * perInterval);
      logs[index] = log;
      money += part * Math.exp(log);
    }
    if (money >= test.fail) return { verdict: "fail", requests: total };
    if (failed <= line.slope * total - clumping * line.intercept) return { verdict: "pass", requests: total };
  }
  return { verdict: "none", requests: total };
}

function poisson(mean: number, random: () => number): number {
  // In parts, since e to the minus mean is 0 for great means.
  if (mean > 50) return poisson(50, random) + poisson(mean - 50, random);
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import { poisson } from "../../core/random.ts";
import { gained } from "../verdict/betting.ts";
import { type PassLine, passLine, type ShareTest } from "../verdict/share.ts";

/** One step of a release, as it is simulated. */
export interface SimulatedStep {
  /** The share of the requests that the new version gets meanwhile, 0 to 1. */
  readonly share: number;
  /** Whether callers get the answers of the new version: not of a mirrored request. */
  readonly harms: boolean;
  /** How long the step takes, in seconds; of a step that tests decide, only while it has no requests. */
  readonly seconds: number;
  /** Of a step that the tests decide: the share that the new version gets when they pass, above 0 and at most 1. */
  readonly next?: number;
}

/** A release as it is simulated. */
export interface SimulatedRelease {
  /** Its steps, in their order. */
  readonly steps: readonly SimulatedStep[];
  /** The tests of the objectives: failed requests first, then slow ones. */
  readonly tests: readonly ShareTest[];
  /** Requests that a mean score needs besides, where one is declared; else 0. */
  readonly scores: number;
  /** The interval of one observation, in seconds. */
  readonly interval: number;
  /** Seconds from the requests that decide to their verdict: a scrape and the time to the next look. */
  readonly delay: number;
  /** Requests per second of the model at this cluster, so many seconds after the start. */
  readonly traffic: (at: number) => number;
  /** How bad requests come together: the mean size of the burst that a bad request is in, at least 1. */
  readonly clumping: number;
  /** When a release counts as not decided, in seconds. */
  readonly limit: number;
}

/** How one simulated release ended. */
export interface SimulatedEnd {
  /** What became of the new version. */
  readonly ended: "promoted" | "rolledBack" | "undecided";
  /** When, in seconds from the start. */
  readonly seconds: number;
  /** Seconds of each step, to where the release ended. */
  readonly steps: readonly number[];
  /** When the new version got its first request, in seconds from the start. */
  readonly first: number;
  /** Requests of callers that failed: bad ones of the first test. */
  readonly failed: number;
}

/** Seconds for the controller to write the weights and for the gateway to have them. */
const reaction = 2;

interface Counted {
  readonly test: ShareTest;
  /** The true share of bad requests. */
  readonly share: number;
  /** The logarithm of what each bet has won. */
  readonly won: number[];
  bad: number;
}

/**
 * Simulates one release of a version with these true shares of bad requests, one for each test, with the evidence and
 * the lines of the queries. Requests arrive independently, bad ones in bursts.
 */
export function simulated(release: SimulatedRelease, shares: readonly number[], random: () => number): SimulatedEnd {
  const { tests, interval, delay, traffic, clumping, limit } = release;
  const counted = tests.map(
    (test, index): Counted => ({ test, share: shares[index] ?? 0, won: test.bets.map(() => 0), bad: 0 }),
  );
  const steps: number[] = [];
  let [now, total, failed] = [0, 0, 0];
  const arrived = (span: number, { share, harms }: SimulatedStep) => {
    const requests = poisson(traffic(now) * share * span, random);
    const found = counted.map((one) => badOf(requests, one.share, clumping, random));
    total += requests;
    now += span;
    if (harms) failed += Math.min(requests, Number(found[0]));
    return { requests, found };
  };
  const ended = (how: SimulatedEnd["ended"], began: number): SimulatedEnd => ({
    ended: how,
    seconds: now,
    steps: [...steps, now - began],
    first: firstRequest(release, steps),
    failed,
  });
  for (const step of release.steps) {
    const began = now;
    const lines = step.share === 0 || step.next === undefined ? undefined : linesOf(tests, step.next);
    const end = lines === undefined ? now + step.seconds : Number.POSITIVE_INFINITY;
    while (now < end) {
      const { requests, found } = arrived(Math.min(interval, end - now), step);
      for (const [index, one] of counted.entries()) count(one, Number(found[index]), requests);
      if (counted.some(({ test, won }) => money(test, won) >= test.fail)) {
        arrived((delay * (1 + random())) / 2 + reaction, step);
        return ended("rolledBack", began);
      }
      if (now > limit) return ended("undecided", began);
      if (lines === undefined || total < release.scores) continue;
      if (counted.every((one, index) => isBelow(lines[index], one.bad, total, clumping))) break;
    }
    if (lines !== undefined) arrived(delay / 2, step);
    steps.push(now - began);
  }
  return { ended: "promoted", seconds: now, steps, first: firstRequest(release, steps), failed };
}

function firstRequest({ steps: planned }: SimulatedRelease, taken: readonly number[]): number {
  const first = planned.findIndex(({ share }) => share > 0);
  return taken.slice(0, first).reduce((sum, seconds) => sum + seconds, 0);
}

function linesOf(tests: readonly ShareTest[], next: number): PassLine[] {
  return tests.map((test) => passLine(test, next));
}

function count(one: Counted, bad: number, requests: number): void {
  one.bad += bad;
  for (const [index, { k }] of one.test.bets.entries()) {
    one.won[index] = Number(one.won[index]) + gained(k, bad, one.test.healthy * requests);
  }
}

function money({ bets }: ShareTest, won: readonly number[]): number {
  return bets.reduce((sum, { part }, index) => sum + part * Math.exp(won[index] ?? 0), 0);
}

function isBelow(line: PassLine | undefined, bad: number, total: number, clumping: number): boolean {
  return line === undefined || bad <= line.slope * total - clumping * line.intercept;
}

/** Bad ones of some requests: bursts of geometric size, of which a bad request is in one of mean size `clumping`. */
function badOf(requests: number, share: number, clumping: number, random: () => number): number {
  if (share <= 0) return 0;
  if (share >= 1) return requests;
  const size = (clumping + 1) / 2;
  const bursts = poisson((requests * share) / size, random);
  let bad = bursts;
  for (let burst = 0; size > 1 && burst < bursts; burst += 1) {
    bad += Math.floor(Math.log(1 - random()) / Math.log(1 - 1 / size));
  }
  return Math.min(requests, bad);
}

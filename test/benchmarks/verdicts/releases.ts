import { clumping, type Minute } from "../../../components/model/verdict/clumping.ts";
import { readings } from "../../../components/model/verdict/readings.ts";
import type { ShareTest } from "../../../components/model/verdict/share.ts";
import { Random } from "./random.ts";
import type { Rule } from "./rules.ts";

/** The traffic of a model, and what is wrong with a version. */
export interface Scenario {
  /** Requests a second to the model. */
  readonly rate: number;
  /** Seconds between scrapes. */
  readonly scrape: number;
  /** The new version's share of bad requests. */
  readonly bad: number;
  /** Bad requests come in bursts of this mean size, geometrically distributed, at one moment. */
  readonly burst: number;
  /** Every burst has exactly this size: a batch that failed or was late. */
  readonly batch?: boolean;
  /** Traffic rises and falls between a third and five thirds of `rate` over the day. */
  readonly daily?: boolean;
  /** One of the canary's two pods is replaced this often, in seconds. */
  readonly restarts?: number;
  /**
   * Requests that fail whatever version gets them: so many in one minute out of thirty, from the second minute of the
   * release on, each to a version by the weights.
   */
  readonly malformed?: number;
}

/** How a release ended. */
export interface Outcome {
  readonly verdict: "promoted" | "aborted" | "waiting";
  readonly seconds: number;
  readonly bad: number;
}

const weights = [0.05, 0.2, 0.5] as const;
/** All traffic is judged for this many looks before the old pods go. */
const lastLooks = 4;
/** The stable version is healthy: a quarter of what the objective allows. */
const stablePart = 1 / 4;
const historyMinutes = readings(15, 3_600, 300).history / 60;

/** How bad requests came together in the stable version's history, as the query finds it. */
export function clumpingOf(scenario: Scenario, objective: number, random: Random): number {
  const minutes: Minute[] = [];
  let before = 0;
  for (let minute = 0; minute < historyMinutes; minute++) {
    const bad = badOnes(scenario, 60 * rateAt(scenario, minute * 60), objective * stablePart, random);
    minutes.push({ bad, change: bad - before });
    before = bad;
  }
  return clumping(minutes);
}

function rateAt({ rate, daily = false }: Scenario, seconds: number): number {
  return daily ? rate * (1 + (2 / 3) * Math.sin((2 * Math.PI * seconds) / 86_400)) : rate;
}

function badOnes({ burst, batch = false }: Scenario, requests: number, share: number, random: Random): number {
  const events = random.poisson((requests * share) / burst);
  if (burst === 1) return events;
  let bad = 0;
  for (let event = 0; event < events; event++) bad += batch ? burst : random.geometric(burst);
  return bad;
}

/** An interval before its first request. */
function nothing() {
  return { canary: { bad: 0, total: 0 }, stable: { bad: 0, total: 0 } };
}

/**
 * One release under an objective, from the first weight to its end, or until it has waited for `patience` seconds.
 */
export function release(scenario: Scenario, objective: number, rule: Rule, random: Random, patience: number): Outcome {
  const { scrape, restarts } = scenario;
  const { interval } = readings(scrape, 3_600, 300);
  const look = 2 * scrape;
  // The release begins at any time of the day.
  const begin = random.uniform() * 86_400;
  let [stage, since, bad, watched] = [0, 0, 0, 0];
  let seen = nothing();
  for (let now = scrape; now <= patience; now += scrape) {
    since += scrape;
    const weight = weights[stage] ?? 1;
    const all = rateAt(scenario, begin + now) * scrape;
    const malformed = now % 1_800 > 60 && now % 1_800 <= 120 ? ((scenario.malformed ?? 0) * scrape) / 60 : 0;
    const failed = badOnes(scenario, all * weight, scenario.bad, random) + random.poisson(malformed * weight);
    const stableFailed =
      badOnes(scenario, all * (1 - weight), objective * stablePart, random) + random.poisson(malformed * (1 - weight));
    bad += failed;
    seen.canary.bad += failed;
    seen.canary.total += Math.max(failed, random.poisson(all * weight));
    seen.stable.bad += stableFailed;
    seen.stable.total += Math.max(stableFailed, random.poisson(all * (1 - weight)));
    if (now % interval < scrape) {
      rule.observe(seen);
      seen = nothing();
    }
    if (restarts !== undefined && now % restarts < scrape) rule.forget?.(0.5);
    if (now % look >= scrape) continue;
    const verdict = rule.look(weights[stage + 1] ?? 1, since);
    if (verdict === "fail") return { verdict: "aborted", seconds: now, bad };
    if (stage < weights.length) {
      if (verdict !== "pass") continue;
      stage += 1;
      since = 0;
    } else {
      watched += 1;
      if (watched >= lastLooks) return { verdict: "promoted", seconds: now, bad };
    }
  }
  return { verdict: "waiting", seconds: patience, bad };
}

/** What many releases came to. */
export interface Cell {
  /** Parts of all releases, 0 to 1. */
  readonly promoted: number;
  readonly aborted: number;
  readonly waiting: number;
  /** Seconds to the promotion and to the abort, median and mean. */
  readonly promotion: number;
  readonly abort: number;
  readonly meanAbort: number;
  /** Bad requests until the abort, in the mean. */
  readonly bad: number;
}

/** Many releases of a scenario under a rule, each with a seed of its own. */
export function releases(
  scenario: Scenario,
  test: ShareTest,
  ruleOf: (clumping: number) => Rule,
  { runs, seed, patience }: { runs: number; seed: number; patience: number },
): Cell {
  const outcomes = Array.from({ length: runs }, (_, run) => {
    const random = new Random(seed * 1_000_003 + run);
    const clumps = clumpingOf(scenario, test.objective, random);
    return release(scenario, test.objective, ruleOf(clumps), random, patience);
  });
  const of = (verdict: Outcome["verdict"]) => outcomes.filter((one) => one.verdict === verdict);
  const [promoted, aborted] = [of("promoted"), of("aborted")];
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  return {
    promoted: promoted.length / runs,
    aborted: aborted.length / runs,
    waiting: of("waiting").length / runs,
    promotion: median(promoted.map(({ seconds }) => seconds)) ?? Number.NaN,
    abort: median(aborted.map(({ seconds }) => seconds)) ?? Number.NaN,
    meanAbort: mean(aborted.map(({ seconds }) => seconds)),
    bad: mean(aborted.map((one) => one.bad)),
  };
}

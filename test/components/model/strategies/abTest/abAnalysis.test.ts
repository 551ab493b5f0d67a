import { describe, expect, it } from "vitest";
import { abQuery, abVerdicts } from "../../../../../components/model/strategies/abTest/abAnalysis.ts";
import { type AbTest, abTest } from "../../../../../components/model/strategies/abTest/abTest.ts";
import { sound } from "../../fixtures.ts";
import { evaluate, type Series } from "../../verdict/promql.ts";

/** Seconds between two points of the query, and between two scrapes. */
const look = 30;
/** When the new version's pods appear, and when its weight is the test's. */
const start = 120;
const minutes = 60;
const shortest = 3 * minutes;
const longest = 15 * minutes;

/** What both versions count between two scrapes. */
interface Gain {
  readonly trials: number;
  readonly successes: number;
}

/** A time line: what each version gains until each scrape, the new one from `start` on. */
interface History {
  readonly fresh: readonly Gain[];
  readonly stable: readonly Gain[];
  /** Scrapes that Prometheus missed, from the first to before the second, in seconds. */
  readonly outage?: readonly [number, number];
}

const at = { name: "fraud", namespace: "models" };
const declared = (percent = 50, noWinner: "back" | "wait" = "back") =>
  abTest({
    percent,
    noWinner,
    metric: { successes: "won_total", trials: 'tried_total{shop="eu"}' },
    shortest: `${shortest}s`,
    longest: `${longest}s`,
  });

function seriesOf({ fresh, stable, outage = [0, 0] }: History): Series[] {
  const one = (metric: string, pod: string, gains: readonly number[], first: number, before: number): Series => {
    let value = before;
    const samples = gains.flatMap((gain, index): [number, number][] => {
      value += gain;
      const when = first + index * look;
      return when >= outage[0] && when < outage[1] ? [] : [[when, value]];
    });
    return { labels: { __name__: metric, shop: "eu", namespace: "models", pod }, samples };
  };
  return [
    one(
      "won_total",
      "fraud-new-a",
      fresh.map(({ successes }) => successes),
      start,
      0,
    ),
    one(
      "tried_total",
      "fraud-new-a",
      fresh.map(({ trials }) => trials),
      start,
      0,
    ),
    one(
      "won_total",
      "fraud-old-a",
      stable.map(({ successes }) => successes),
      0,
      70_000,
    ),
    one(
      "tried_total",
      "fraud-old-a",
      stable.map(({ trials }) => trials),
      0,
      1_000_000,
    ),
  ];
}

/** The same users, with the stable version's in two pods from `first` to `last`, when the younger one ends. */
function twoPods(history: History, first: number, last: number): Series[] {
  let [won, tried] = [0, 0];
  const young = history.stable.slice(first / look, last / look + 1).map(({ trials, successes }) => {
    won += Math.floor(successes / 2);
    tried += Math.floor(trials / 2);
    return { won, tried };
  });
  const lived = (value: (at: (typeof young)[number]) => number) => [
    ...young.map((at, index): [number, number] => [first + index * look, value(at)]),
    [last + look / 2, undefined] as const,
  ];
  const old = history.stable.map(({ trials, successes }, index) =>
    index * look >= first && index * look <= last
      ? { trials: Math.ceil(trials / 2), successes: Math.ceil(successes / 2) }
      : { trials, successes },
  );
  const labels = { shop: "eu", namespace: "models", pod: "fraud-old-b" };
  return [
    ...seriesOf({ ...history, stable: old }),
    { labels: { __name__: "won_total", ...labels }, samples: lived((at) => at.won) },
    { labels: { __name__: "tried_total", ...labels }, samples: lived((at) => at.tried) },
  ];
}

function verdict(history: History, time: number, ab = declared()): number | undefined {
  return verdictOn(seriesOf(history), time, ab);
}

function verdictOn(series: readonly Series[], time: number, ab: AbTest): number | undefined {
  const query = abQuery(sound, ab, look, at)
    .replaceAll("{{args.canary-hash}}", "new")
    .replaceAll("{{args.stable-hash}}", "old");
  return evaluate(query, series, time)[0]?.value;
}

/** A small generator, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Users who arrive one by one: `share` of them on the new version, each successful with the rate of its version. */
function users(
  seed: number,
  {
    share = () => 0.5,
    fresh,
    stable,
  }: { share?: (when: number) => number; fresh: number; stable: (when: number) => number },
): History {
  const next = random(seed);
  const gains: { fresh: Gain[]; stable: Gain[] } = { fresh: [], stable: [] };
  for (let when = 0; when <= start + longest + 4 * look; when += look) {
    const counts = { fresh: { trials: 0, successes: 0 }, stable: { trials: 0, successes: 0 } };
    for (let user = 0; user < 150; user += 1) {
      const side = when >= start && next() < share(when) ? "fresh" : "stable";
      counts[side].trials += 1;
      if (next() < stable(when) * (side === "fresh" ? fresh : 1)) counts[side].successes += 1;
    }
    if (when >= start) gains.fresh.push(counts.fresh);
    gains.stable.push(counts.stable);
  }
  return gains;
}

/** Looks from the end of the least time on; the first that decides. */
function course(history: History, ab = declared(), from = start + shortest + look): number {
  for (let time = from; time <= start + longest + 2 * look; time += 6 * look) {
    const seen = verdict(history, time, ab);
    if (seen !== undefined && seen !== abVerdicts.undecided) return seen;
  }
  return abVerdicts.undecided;
}

describe("the query of an A/B test", () => {
  const seeds = [1, 2];
  const rate = () => 0.2;

  it("declares the better version, whichever it is", () => {
    expect(seeds.map((seed) => course(users(seed, { fresh: 1.5, stable: rate })))).toEqual(seeds.map(() => 1));
    expect(seeds.map((seed) => course(users(seed, { fresh: 0.6, stable: rate })))).toEqual(seeds.map(() => 2));
  });

  it("declares nobody between equals: it waits, and when the time is over, traffic goes back", () => {
    for (const seed of seeds) {
      const equals = users(seed, { fresh: 1, stable: rate });
      expect(course(equals, declared(50, "wait"))).toBe(abVerdicts.undecided);
      expect(verdict(equals, start + longest - 3 * look)).toBe(abVerdicts.undecided);
      expect(verdict(equals, start + longest + look)).toBe(abVerdicts.back);
    }
  });

  it("is not misled by a weight that grew before, nor by hours in which everybody buys more", () => {
    for (const seed of seeds) {
      const grown = start + 240;
      const share = (when: number) => (when <= grown ? 0.05 : 0.5);
      const stable = (when: number) => (when <= grown ? 0.5 : 0.1);
      expect(course(users(seed, { share, fresh: 1, stable }), declared(50, "wait"), grown + shortest + look)).toBe(
        abVerdicts.undecided,
      );
    }
  });

  it("says that users are not split as declared, and then declares no winner", () => {
    expect(course(users(1, { share: () => 0.35, fresh: 1.5, stable: rate }))).toBe(abVerdicts.mismatch);
    expect(course(users(1, { share: () => 0.2, fresh: 1.5, stable: rate }), declared(20))).toBe(abVerdicts.better);
  });

  it("takes no pod that ends for users that are missing", () => {
    for (const seed of seeds) {
      const equals = users(seed, { fresh: 1, stable: rate });
      for (const begins of [0, start, start + look]) {
        for (let ends = start + shortest / 2; ends <= start + shortest; ends += look) {
          const series = twoPods(equals, begins, ends);
          expect(verdictOn(series, start + shortest + look, declared(50, "wait"))).toBe(abVerdicts.undecided);
        }
      }
    }
  });

  it("takes no hour in which hardly anybody comes for users that are missing", () => {
    const next = random(7);
    const gains: { fresh: Gain[]; stable: Gain[] } = { fresh: [], stable: [] };
    for (let when = 0; when <= start + longest; when += look) {
      const isFresh = next() < 0.5;
      const gain = (counts: boolean) => ({ trials: counts ? 1 : 0, successes: 0 });
      if (when >= start) gains.fresh.push(gain(isFresh));
      gains.stable.push(gain(when < start || !isFresh));
    }
    const long = { ...declared(50, "wait"), shortest: `${longest - 2 * look}s` as const };
    expect(verdict(gains, start + longest, long)).toBe(abVerdicts.undecided);
  });

  it("counts no gap of Prometheus' data as a gain of either version", () => {
    for (const seed of seeds) {
      const equals = users(seed, { fresh: 1, stable: rate });
      const outage = [start + 60, start + 60 + 420] as const;
      expect(course({ ...equals, outage }, declared(50, "wait"))).toBe(abVerdicts.undecided);
    }
  });

  it("reaches a verdict exactly where the mathematics do", () => {
    let decided = 0;
    for (const seed of seeds) {
      const history = users(seed, { fresh: 1.4, stable: rate });
      for (let time = start + shortest; time < start + longest - 2 * look; time += 5 * look) {
        let [ahead, successes] = [0, 0];
        for (let index = 0; start + index * look <= time; index += 1) {
          const [fresh, stable] = [history.fresh[index], history.stable[index + start / look]] as [Gain, Gain];
          const all = fresh.successes + stable.successes;
          ahead += fresh.successes - (all * fresh.trials) / (fresh.trials + stable.trials);
          successes += all;
        }
        // A normal mixture over the log odds, with a standard deviation of 0.1.
        const spread = 1 + 0.0025 * successes;
        const evidence = Math.exp((0.005 * ahead ** 2) / spread) / Math.sqrt(spread);
        const expected = evidence < 100 ? 0 : ahead > 0 ? 1 : 2;
        expect(verdict(history, time)).toBe(expected);
        decided += expected;
      }
    }
    expect(decided).toBeGreaterThan(0);
  });

  it("tells versions apart by a label of an application's counters", () => {
    const metric = { successes: "won_total", trials: "tried_total", versionLabel: "model" };
    const query = abQuery({ ...sound, version: "2" }, { ...declared(), metric }, look, at);
    expect(query).toContain('won_total{model="2"}');
    expect(query).toContain('tried_total{model!="",model!="2"}');
    expect(query).not.toContain("args.");
  });
});

import fc from "fast-check";
import type { Minute } from "../../../../components/model/verdict/clumping.ts";
import type { JudgedRequests, RequestCounters } from "../../../../components/model/verdict/counter.ts";
import type { Readings } from "../../../../components/model/verdict/readings.ts";
import type { Series } from "./promql.ts";

/** One scrape of a pod: what was counted since the one before, and whether Prometheus missed it. */
export interface Scrape {
  readonly good: number;
  readonly bad: number;
  readonly missed: boolean;
}

/** A pod and its scrapes, from `start` on, in seconds; it is gone after the last. */
export interface Pod {
  readonly version: "canary" | "stable";
  readonly start: number;
  readonly scrapes: readonly Scrape[];
}

/** What a test makes up: pods, and what the gateway counted on each subset at each scrape, if it did at all. */
export interface World {
  readonly pods: readonly Pod[];
  readonly gateway: { readonly canary: readonly number[]; readonly stable: readonly number[] };
}

/** Short spans, so that a query has few steps. */
export const reading: Readings = {
  interval: 15,
  range: 90,
  whole: { interval: 15, range: 90 },
  gap: 90,
  alive: 25,
  history: 240,
  minute: 60,
};
/** Seconds between scrapes. */
export const scrapeEvery = 5;
/** When queries are evaluated. */
export const now = 300;

const counters = (hash: string, subset: string): RequestCounters => ({
  bad: {
    pods: [`requests_total{pod=~"m-${hash}-.+",code="500"}`, `requests_total{pod=~"m-${hash}-.+",code="grpc"}`],
    gateway: [`gateway_total{subset="${subset}"}`],
  },
  total: { pods: [`requests_total{pod=~"m-${hash}-.+"}`] },
});

/** Counters of failed requests. */
export const failed: JudgedRequests = { canary: counters("new", "canary"), stable: counters("old", "stable") };

const histogram = (hash: string): RequestCounters => {
  const total = { pods: [`time_count{pod=~"m-${hash}-.+"}`] };
  return { bad: { ...total, less: [`time_bucket{pod=~"m-${hash}-.+",le="150"}`] }, total };
};

/** Counters of slow requests. */
export const slow: JudgedRequests = { canary: histogram("new"), stable: histogram("old") };

/** Worlds with bad requests of both versions, late, dead and unscraped pods. */
export const worlds: fc.Arbitrary<World> = fc.integer({ min: 0, max: 2 ** 31 - 1 }).map(worldOf);

/** How many bad requests a pod has in a scrape: at random, none, few, one each time, one great burst, small ones. */
const kinds = ["random", "none", "few", "even", "burst", "bursts"] as const;

/** The world of a seed: by hand, since a thousand arbitraries a world take ten times as long. */
export function worldOf(seed: number): World {
  const random = randomOf(seed);
  const upTo = (count: number) => Math.floor(random() * (count + 1));
  const pod = (version: Pod["version"], from: number, to: number, dies: boolean): Pod => {
    const start = from + upTo(to - from);
    const kind = kinds[(version === "canary" ? seed : Math.floor(seed / kinds.length)) % kinds.length];
    const one = upTo(40);
    const bad = {
      random: () => (upTo(4) === 0 ? 1 + upTo(5) : 0),
      none: () => 0,
      few: (scrape: number) => (scrape === one ? 1 + upTo(2) : 0),
      even: () => 1,
      burst: (scrape: number) => (scrape === 0 ? 2 : scrape === one ? 300 : 0),
      bursts: (scrape: number) => (scrape === 0 ? 2 : upTo(24) === 0 ? 6 : 0),
    }[kind ?? "random"];
    const scrapes = Array.from(
      { length: dies ? Math.max(1, Math.ceil((now - 30 - start) / scrapeEvery)) : 80 },
      (_, scrape) => ({
        good: upTo(quiet ? 1 : 30),
        bad: bad(scrape),
        missed: seldom ? upTo(9) === 0 : scrape % 5 !== 0,
      }),
    );
    return { version, start, scrapes };
  };
  // In a fifth of the worlds only every fifth scrape succeeds.
  const seldom = upTo(4) > 0;
  // In a third of the worlds few requests come.
  const quiet = upTo(2) === 0;
  // In a third of the worlds the first pods of the canary have died, as before a retry.
  const retried = upTo(2) === 0;
  const pods = [
    ...(retried ? [pod("canary", 60, 150, true)] : []),
    ...Array.from({ length: 1 + upTo(1) }, () => pod("canary", retried ? now - 60 : 120, now - 30, false)),
    ...Array.from({ length: 1 + upTo(1) }, () => pod("stable", -60, 260, upTo(2) === 0)),
  ];
  const gateway = (often: boolean) =>
    Array.from({ length: now / scrapeEvery }, () => (often || upTo(5) === 0 ? upTo(2) : 0));
  const none = upTo(2) === 0;
  return { pods, gateway: { canary: none ? [] : gateway(true), stable: none ? [] : gateway(false) } };
}

/** mulberry32, so that a failure repeats. */
export function randomOf(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const codes = ["200", "500", "grpc"] as const;

/** What a pod counted until each of its scrapes; bad requests are HTTP's and gRPC's in turn. */
function cumulative({ start, scrapes }: Pod) {
  let [good, bad] = [0, 0];
  return scrapes.map((scrape, index) => {
    good += scrape.good;
    bad += scrape.bad;
    return { time: start + index * scrapeEvery, good, bad, missed: scrape.missed };
  });
}

type Counted = ReturnType<typeof cumulative>[number];

const counted: Record<(typeof codes)[number], (scrape: Counted) => number> = {
  "200": ({ good }) => good,
  "500": ({ bad }) => Math.ceil(bad / 2),
  grpc: ({ bad }) => Math.floor(bad / 2),
};

/** The world as Prometheus has it. A series begins with the first request that it counts. */
export function seriesOf({ pods, gateway }: World): Series[] {
  const ofPods = pods.flatMap((one, index): Series[] => {
    const name = `m-${one.version === "canary" ? "new" : "old"}-${index}`;
    const seen = cumulative(one);
    const end = one.start + one.scrapes.length * scrapeEvery;
    const series = (
      labels: Record<string, string>,
      value: (scrape: (typeof seen)[number]) => number | undefined,
    ): Series => ({
      labels: { ...labels, pod: name },
      samples: [
        ...seen.flatMap((scrape): [number, number | undefined][] => {
          const found = value(scrape);
          if (found === undefined) return [];
          return [[scrape.time, scrape.missed ? undefined : found]];
        }),
        [end, undefined],
      ],
    });
    return [
      ...codes.map((code) =>
        series({ __name__: "requests_total", code }, (scrape) => {
          const value = counted[code](scrape);
          return value === 0 ? undefined : value;
        }),
      ),
      series({ __name__: "time_count" }, ({ good, bad }) => (good + bad === 0 ? undefined : good + bad)),
      series({ __name__: "time_bucket", le: "150" }, ({ good, bad }) => (good + bad === 0 ? undefined : good)),
    ];
  });
  const atGateway = Object.entries(gateway).map(([subset, counts]): Series => {
    const until = (index: number) => counts.slice(0, index + 1).reduce((sum, one) => sum + one, 100);
    return {
      labels: { __name__: "gateway_total", subset, pod: "gateway-0" },
      samples: counts.map((_, index) => [index * scrapeEvery, until(index)]),
    };
  });
  return [...ofPods, ...atGateway];
}

/** Bad requests and all of them. */
export interface Seen {
  readonly bad: number;
  readonly total: number;
}

/** What the queries should see, by following each pod from one interval to the next. */
export function seenIn(world: World, gatewayToo: boolean) {
  const alive = world.pods.filter(
    (pod) => pod.version === "canary" && cumulative(pod).some((one) => counts(one) && within(one, now, reading.alive)),
  );
  const stable = world.pods.filter(({ version }) => version === "stable");
  const steps: number[] = [];
  for (let at = now; at > now - reading.range; at -= reading.interval) steps.unshift(at);
  const gateway = (subset: Pod["version"], at: number) => {
    const until = (time: number) =>
      world.gateway[subset].filter((_, index) => index * scrapeEvery <= time).reduce((a, b) => a + b, 0);
    return gatewayToo ? until(at) - until(at - reading.interval) : 0;
  };
  const failedAt = (at: number) => {
    const there = alive.some((pod) => cumulative(pod).some((one) => counts(one) && within(one, at, reading.alive)));
    return there ? gateway("canary", at) : 0;
  };
  const intervals = steps.map((at) => {
    const canary = alive.map((pod) => gained(pod, at, reading.interval, true)).filter((one) => one !== undefined);
    const old = stable.map((pod) => gained(pod, at, reading.interval, false)).filter((one) => one !== undefined);
    return {
      canary: added([...canary, { bad: failedAt(at), total: 0 }]),
      // What the gateway counted says nothing without the number of requests.
      stable: old.length === 0 ? { bad: 0, total: 0 } : added([...old, { bad: gateway("stable", at), total: 0 }]),
      there: alive.some((pod) => cumulative(pod).some((one) => counts(one) && within(one, at, reading.alive))),
    };
  });
  const newest = alive.map((pod) => cumulative(pod).findLast((one) => counts(one) && one.time <= now));
  const canary = added([
    ...newest.map((one) => ({ bad: one?.bad ?? 0, total: (one?.bad ?? 0) + (one?.good ?? 0) })),
    { bad: steps.reduce((sum, at) => sum + failedAt(at), 0), total: 0 },
  ]);
  // As an instant vector sees it, series by series.
  const valueAt = (pod: Pod, series: (scrape: Counted) => number, at: number) => {
    // A histogram has all of its buckets from its first request on; a counter of failures begins with the first.
    const begun = (one: Counted) => (gatewayToo ? series(one) : one.good + one.bad) > 0;
    const last = cumulative(pod).findLast((one) => one.time <= at && (one.missed || begun(one)));
    const end = pod.start + pod.scrapes.length * scrapeEvery;
    return last === undefined || last.missed || end <= at ? undefined : series(last);
  };
  const series = gatewayToo
    ? [counted["500"], counted.grpc]
    : [({ bad, good }: Counted) => bad + good, ({ good }: Counted) => good];
  const minutes: Minute[] = [];
  for (let at = 60 * Math.floor(now / 60); at > now - reading.history; at -= 60) {
    const sums = series.map((one) => {
      const values = stable.map((pod) => [0, 60, 120].map((ago) => valueAt(pod, one, at - ago)));
      const sum = (numbers: number[]) =>
        numbers.length === 0 ? undefined : numbers.reduce((all, each) => all + each, 0);
      return {
        bad: sum(values.flatMap(([a, b]) => (a === undefined || b === undefined ? [] : [a - b]))),
        change: sum(
          values.flatMap(([a, b, c]) => (a === undefined || b === undefined || c === undefined ? [] : [a + c - 2 * b])),
        ),
      };
    });
    const combined = (key: "bad" | "change") => {
      const [first, second] = sums.map((one) => one[key]);
      if (gatewayToo) return (first ?? 0) + (second ?? 0);
      return first === undefined || second === undefined ? 0 : first - second;
    };
    minutes.unshift({ bad: combined("bad"), change: combined("change") });
  }
  return { alive: alive.length, intervals, canary, minutes };
}

function counts({ missed, good, bad }: { missed: boolean; good: number; bad: number }): boolean {
  return !missed && good + bad > 0;
}

function within({ time }: { time: number }, at: number, span: number): boolean {
  return time > at - span && time <= at;
}

function added(seen: readonly Seen[]): Seen {
  return seen.reduce((sum, one) => ({ bad: sum.bad + one.bad, total: sum.total + one.total }), { bad: 0, total: 0 });
}

/** What a pod gained in the interval until `at`: nothing is known where it was not scraped. */
function gained(pod: Pod, at: number, interval: number, fresh: boolean): Seen | undefined {
  const scrapes = cumulative(pod).filter(counts);
  const last = scrapes.findLast((one) => within(one, at, interval));
  const before = scrapes.findLast((one) => within(one, at - interval, reading.gap));
  if (last === undefined) return undefined;
  if (before === undefined && !fresh) return undefined;
  const bad = last.bad - (before?.bad ?? 0);
  return { bad, total: bad + last.good - (before?.good ?? 0) };
}

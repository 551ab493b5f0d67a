import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bet, evidence } from "../../../../components/model/verdict/betting.ts";
import { clumping, clumpingQuery } from "../../../../components/model/verdict/clumping.ts";
import { comparedQuery, comparedVerdict, worse, worseQuery } from "../../../../components/model/verdict/compared.ts";
import type { JudgedRequests } from "../../../../components/model/verdict/counter.ts";
import { canaryTotal, readings } from "../../../../components/model/verdict/readings.ts";
import {
  allowedBad,
  canaryEvidence,
  type Interval,
  passLine,
  shareQuery,
  shareTest,
  shareVerdict,
} from "../../../../components/model/verdict/share.ts";
import { type Expression, evaluate } from "./promql.ts";
import { failed, now, reading, seenIn, seriesOf, slow, type World, worlds } from "./world.ts";

const value = (query: string | Expression, world: World) => evaluate(query, seriesOf(world), now)[0]?.value;
const test = shareTest(0.02, 10, { falseAlarm: 0.01, miss: 0.01 });

function seen(judged: JudgedRequests, world: World) {
  const { alive, intervals, canary, minutes } = seenIn(world, judged === failed);
  return { alive, intervals, canary, history: minutes };
}

/** What the twin finds, where there is a canary. */
function found(world: World, judged: JudgedRequests) {
  const { alive, intervals, canary, history } = seen(judged, world);
  fc.pre(alive > 0);
  return { intervals: intervals.filter(({ there }) => there), canary, history };
}

/** The evidence against the canary, by its definition. */
const money = (on: readonly Bet[], healthy: number, intervals: readonly Interval[]) =>
  evidence(
    on,
    intervals.map((one) => ({ observed: one.canary.bad, allowed: allowedBad(healthy, one) })),
  );

const side = fc.constantFrom(1, -1);

describe("PromQL finds what is in the series:", () => {
  it.each([
    ["failed requests", failed],
    ["slow requests", slow],
  ])("evidence of %s", (_, judged) => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { intervals } = found(world, judged);
        const inQuery = value(canaryEvidence(test, judged, reading), world) ?? 1;
        expect(Math.log(inQuery)).toBeCloseTo(Math.log(money(test.bets, test.healthy, intervals)), 6);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["failed requests", failed],
    ["slow requests", slow],
  ])("how %s come together", (_, judged) => {
    fc.assert(
      fc.property(worlds, (world) => {
        const clumps = value(clumpingQuery(judged.stable, reading), world);
        expect(clumps).toBeCloseTo(clumping(seen(judged, world).history), 6);
      }),
      { numRuns: 20 },
    );
  });

  it("how failed requests come together where a proxy started anew in its pod, which is no burst", () => {
    const { minute, history } = reading;
    const anew = { ...reading, history: 20 * minute };
    const samples = Array.from({ length: 24 }, (_, at): [number, number] => [
      at * minute,
      at < 15 ? 1_000 + at : at - 14,
    ]);
    const series = [{ labels: { __name__: "requests_total", code: "500", pod: "m-old-0" }, samples }];
    expect(history).toBeLessThan(anew.history);
    const clumps = evaluate(clumpingQuery(failed.stable, anew), series, 23 * minute)[0]?.value;
    expect(clumps).toBe(1);
  });

  it("whether slow requests are worse than the stable version's", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const money = value(worseQuery(3, slow, reading), world) ?? 1;
        expect(Math.log(money)).toBeCloseTo(Math.log(worse(3, found(world, slow).intervals)), 6);
      }),
      { numRuns: 20 },
    );
  });
});

it("the minutes of a history have the same number of scrapes each", () => {
  const minute = (scrape: number) => readings(scrape, 3_600, 300).minute;
  expect([1, 15, 30, 45, 60, 120].map(minute)).toEqual([60, 60, 60, 90, 60, 120]);
});

it("what the gateway failed counts as long as the requests of a pod do, however long a release waits", () => {
  const day = readings(15, 3_600, 300, 24 * 3_600);
  expect(readings(15, 3_600, 300, 3_600).whole).toEqual({ interval: 15, range: 3_600 });
  expect(day).toMatchObject({ interval: 15, range: 3_600, whole: { interval: 60, range: 25 * 3_600 } });
  const every = (seconds: number, last: number, value: (at: number) => number) =>
    Array.from({ length: last / seconds + 1 }, (_, index): [number, number] => [
      index * seconds,
      value(index * seconds),
    ]);
  const end = 12 * 3_600;
  const series = [
    { labels: { __name__: "requests_total", code: "200", pod: "m-new-0" }, samples: every(15, end, (at) => at) },
    // All of its failures were in the second hour.
    {
      labels: { __name__: "gateway_total", subset: "canary", pod: "gateway-0" },
      samples: every(15, end, (at) => 1_000 + Math.min(360, Math.max(0, (at - 3_600) / 10))),
    },
  ];
  const bad = evaluate(canaryTotal(failed.canary.bad, failed.canary, day), series, end)[0]?.value;
  expect(bad).toBe(360);
});

/** Tests and lines whose bounds are so close to what a world shows that a small error changes the verdict. */
function close(world: World, judged: JudgedRequests, side: number) {
  const { intervals, canary, history } = found(world, judged);
  const now = money(test.bets, test.healthy, intervals);
  // Ten times what there is: a bound below 2 would be read as a verdict, and no test has one.
  const more = test.bets.map((bet) => ({ ...bet, part: (bet.part * 10) / now }));
  const fail = 10 * (1 + side * 1e-4);
  const line = passLine(test, 0.5);
  const intercept = (line.slope * canary.total - canary.bad) / clumping(history);
  return { test: { ...test, fail, bets: more }, line: { ...line, intercept: intercept * (1 + side * 1e-4) } };
}

describe("PromQL returns the verdict of its twin", () => {
  it("on failed requests, however close the bounds are", () => {
    fc.assert(
      fc.property(worlds, side, side, (world, failSide, passSide) => {
        const bounds = { ...close(world, failed, failSide), line: close(world, failed, passSide).line };
        const expected = shareVerdict(bounds.test, found(world, failed), bounds.line);
        expect(value(shareQuery(bounds.test, failed, reading, bounds.line), world)).toBe(expected);
        const failing = shareVerdict(bounds.test, found(world, failed));
        expect(value(shareQuery(bounds.test, failed, reading), world)).toBe(failing);
      }),
      { numRuns: 30 },
    );
  });

  it("on slow requests, however close the bounds are, and when both versions are slow", () => {
    const outcomes = new Set<number>();
    fc.assert(
      fc.property(worlds, side, side, fc.constantFrom(1, 0.01), (world, failSide, passSide, objective) => {
        const { test, line } = { ...close(world, slow, failSide), line: close(world, slow, passSide).line };
        // With bets that are more than 1 together there would be evidence against a stable version that is not there.
        fc.pre(found(world, slow).intervals.some(({ stable }) => stable.total > 0));
        const bounds = { ...test, objective: test.objective * objective };
        const expected = comparedVerdict(bounds, found(world, slow), line);
        outcomes.add(expected);
        expect(value(comparedQuery(bounds, slow, reading, line), world)).toBe(expected);
        const failing = comparedVerdict(bounds, found(world, slow));
        expect(value(comparedQuery(bounds, slow, reading), world)).toBe(failing);
      }),
      { numRuns: 30 },
    );
    expect(outcomes).toEqual(new Set([0, 1, 2]));
  });
});

import fc from "fast-check";
import { expect, it } from "vitest";
import {
  beyond,
  type Scores,
  type ScoreTest,
  scoreQuery,
  scoreTest,
  scoreTotals,
  scoreVerdict,
} from "../../../../components/model/verdict/score.ts";
import { verdicts } from "../../../../components/model/verdict/share.ts";
import { mutations } from "./mutations.ts";
import { evaluate, parse } from "./promql.ts";
import { counters, seriesOf } from "./scores.ts";
import { now, reading } from "./world.ts";

/** Scores from 0 to 1, of a model with and without a counter for those below 0, and scores from -1 to 1. */
const cases = fc
  .record({
    mean: fc.double({ min: 0.05, max: 0.5, noNaN: true }),
    signs: fc.constantFrom("none", "above", "both"),
    tolerance: fc.double({ min: 0.01, max: 0.04, noNaN: true }),
    off: fc.double({ min: -3, max: 3, noNaN: true }),
    deviation: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
    count: fc.integer({ min: 4, max: 4_000 }),
  })
  .map(({ mean: positive, signs, tolerance, off, deviation, count }) => {
    const mean = signs === "both" ? positive - 0.4 : positive;
    const found = mean + off * tolerance;
    const scores = { count, sum: count * found, squares: count * (found ** 2 + deviation ** 2) };
    const below = signs === "both" ? Math.max(0, -scores.sum) + 0.1 * count : 0;
    return {
      test: scoreTest(mean, tolerance, { falseAlarm: 0.001, miss: 0.01 }, signs === "both" ? { min: -1 } : {}),
      scores: signs === "none" ? scores : { ...scores, below },
    };
  });

it("PromQL returns the verdict of its twin on scores of any mean and deviation", () => {
  const outcomes = new Set<number>();
  fc.assert(
    fc.property(cases, ({ test, scores }) => {
      const expected = scoreVerdict(test, scores);
      outcomes.add(expected);
      expect(evaluate(scoreQuery(test, counters, reading), seriesOf(scores), now)[0]?.value).toBe(expected);
      const guard = evaluate(scoreQuery(test, counters, reading, true), seriesOf(scores), now)[0]?.value;
      expect(guard).toBe(expected === verdicts.fail ? verdicts.fail : verdicts.undecided);
    }),
    { numRuns: 200, seed: 7 },
  );
  expect(outcomes).toEqual(new Set([0, 1, 2]));
});

/** The test with its bounds so close to what the scores show that a small error changes the verdict. */
function close({ test, scores }: { test: ScoreTest; scores: Scores<number> }, index: number): ScoreTest {
  const { mean, tolerance } = test;
  const at = (off: number, side: 1 | -1) => beyond(test, { mean: mean + off * tolerance, side }, scores);
  const fail = Math.max(at(0.5, 1), at(-0.5, -1));
  const pass = Math.min(at(1.5, -1), at(-1.5, 1));
  const sign = (bit: number) => ((index >> bit) % 2 === 0 ? 1 : -1) * 1e-4;
  return {
    ...test,
    fail: Math.max(2.5, fail * (1 + Math.abs(sign(0)) * (index % 3 === 0 ? -1 : 1))),
    pass: pass * (1 + sign(1)),
  };
}

it("scores below 0 lower the mean, and a model without a counter for them has none", () => {
  const { count, sum, squares } = scoreTotals(counters, reading);
  const series = seriesOf({ count: 100, sum: -20, squares: 9, below: 30 });
  const read = (query: string, of: typeof series) => evaluate(query, of, now)[0]?.value;
  expect([count, sum, squares].map((query) => read(query, series))).toEqual([100, -20, 9]);
  expect(read(sum, seriesOf({ count: 100, sum: 20, squares: 9 }))).toBe(20);
  expect(read(sum, [])).toBeUndefined();
});

it("a wrong operator, sign or bound changes the verdict on some scores", () => {
  const samples = fc.sample(cases, { numRuns: 120, seed: 11 }).map((one, index) => {
    const test = close(one, index);
    return {
      series: seriesOf(one.scores),
      verdict: scoreVerdict(test, one.scores),
      wrong: mutations(parse(scoreQuery(test, counters, reading))),
    };
  });
  const survivors = (samples[0]?.wrong ?? []).flatMap(({ what }, index) =>
    samples.some(({ series, verdict, wrong }) => {
      const query = wrong[index]?.query;
      try {
        return query !== undefined && evaluate(query, series, now)[0]?.value !== verdict;
      } catch {
        return true;
      }
    })
      ? []
      : [what],
  );
  expect(survivors).toEqual([]);
});

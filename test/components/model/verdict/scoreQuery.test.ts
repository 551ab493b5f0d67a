import fc from "fast-check";
import { expect, it } from "vitest";
import {
  beyond,
  type Scores,
  type ScoreTest,
  scoreQuery,
  scoreTest,
  scoreVerdict,
} from "../../../../components/model/verdict/score.ts";
import { verdicts } from "../../../../components/model/verdict/share.ts";
import { mutations } from "./mutations.ts";
import { evaluate, parse } from "./promql.ts";
import { now, reading } from "./world.ts";

const selectors = { count: "score_count", sum: "score_sum", squares: "score_squares" };
const counters = {
  count: { pods: [selectors.count] },
  sum: { pods: [selectors.sum] },
  squares: { pods: [selectors.squares] },
};

/** Scores of two pods, as Prometheus has them. */
function seriesOf({ count, sum, squares }: { count: number; sum: number; squares: number }) {
  return Object.entries({ score_count: count, score_sum: sum, score_squares: squares }).flatMap(([name, value]) =>
    ["a", "b"].map((pod) => ({
      labels: { __name__: name, pod },
      samples: [[now - 5, value * (pod === "a" ? 0.25 : 0.75)]] as [number, number][],
    })),
  );
}

const cases = fc
  .record({
    mean: fc.double({ min: 0.05, max: 0.5, noNaN: true }),
    tolerance: fc.double({ min: 0.01, max: 0.04, noNaN: true }),
    off: fc.double({ min: -3, max: 3, noNaN: true }),
    deviation: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
    count: fc.integer({ min: 4, max: 4_000 }),
  })
  .map(({ mean, tolerance, off, deviation, count }) => {
    const found = mean + off * tolerance;
    const scores = { count, sum: count * found, squares: count * (found ** 2 + deviation ** 2) };
    return { test: scoreTest(mean, tolerance, { falseAlarm: 0.001, miss: 0.01 }), scores };
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

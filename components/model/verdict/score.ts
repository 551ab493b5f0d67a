import { choices } from "./betting.ts";
import type { Counter, ScoreCounters } from "./counter.ts";
import { decimal, type Readings } from "./readings.ts";
import { type Confidence, decided, type Verdict, verdicts } from "./share.ts";

/**
 * The test of the mean score: is it within the declared tolerance of the declared mean? It fails a version on evidence
 * that the mean is off by more than half of the tolerance, to either side, and passes it on evidence that it is off by
 * less than one and a half. Both hold for scores of any shape between `min` and `max`, rare high ones included, and
 * whenever one looks: the evidence is exp(b·D − (−ln(1−b) − b)·V), where D is how far the scores' sum is beyond the
 * mean in question and V the sum of their squared distances from it, in units of the distance that a single score can
 * be off to the other side. While the mean is not beyond, it is at most 1 on average. (Fan, Grama and Liu, Exponential
 * inequalities for martingales with applications, 2015; Howard et al., Time-uniform Chernoff bounds, 2020.) It takes
 * scores for independent of each other.
 */
export interface ScoreTest {
  /** The declared mean score. */
  readonly mean: number;
  /** How far the mean may be off to either side, in units of the score. */
  readonly tolerance: number;
  /** The least score that the model predicts. */
  readonly min: number;
  /** The greatest score that the model predicts. */
  readonly max: number;
  /** FAIL once the evidence for either side reaches this. */
  readonly fail: number;
  /** PASS once the evidence against both sides has reached this. */
  readonly pass: number;
}

/** The test of a declared mean and tolerance, for scores from `min` to `max`, by default from 0 to 1. */
export function scoreTest(
  mean: number,
  tolerance: number,
  { falseAlarm, miss }: Confidence,
  { min = 0, max = 1 }: { readonly min?: number | undefined; readonly max?: number | undefined } = {},
): ScoreTest {
  return { mean, tolerance, min, max, fail: 2 / falseAlarm, pass: 1 / miss };
}

/** A stake near 1 loses everything on one score. */
const mostStake = 0.8;

/**
 * Stakes in units of a side: the best one if the scores vary as much as they can with their mean (each is `min` or
 * `max`), and four and sixteen times as much, for scores that lie closer together.
 */
function stakesOf({ mean, tolerance, min, max }: ScoreTest, unit: number): number[] {
  const most = tolerance / ((max - mean) * (mean - min));
  return [1, 4, 16].map((times) => Math.min(mostStake, times * most * unit));
}

/** What the squares cost at a stake. */
function cost(stake: number): number {
  return -Math.log(1 - stake) - stake;
}

/** Scores: their number, sum and sum of squares. */
export interface Scores<Value> {
  /** How many scores. */
  readonly count: Value;
  /** The sum of them. */
  readonly sum: Value;
  /** The sum of their squares. */
  readonly squares: Value;
}

/** A mean that the scores are tested against, and the side on which they would be: above (1) or below (−1) it. */
interface Side {
  readonly mean: number;
  readonly side: 1 | -1;
}

/** Evidence that the mean is on this side. */
export function beyond(test: ScoreTest, { mean, side }: Side, { count, sum, squares }: Scores<number>): number {
  const unit = side === 1 ? mean - test.min : test.max - mean;
  const stakes = stakesOf(test, unit);
  const distance = (side * (sum - mean * count)) / unit;
  const square = (squares - 2 * mean * sum + mean ** 2 * count) / unit ** 2;
  return stakes.reduce((all, b) => all + Math.exp(b * distance - cost(b) * square), 0) / stakes.length;
}

function beyondQuery(test: ScoreTest, { mean, side }: Side, { count, sum, squares }: Scores<string>): string {
  const unit = side === 1 ? mean - test.min : test.max - mean;
  const stakes = stakesOf(test, unit);
  const distance = `(${sum} - ${decimal(mean)} * ${count})`;
  const square = `(${squares} - ${decimal(2 * mean)} * ${sum} + ${decimal(mean ** 2)} * ${count})`;
  const b = choices(stakes.map((stake) => (side * stake) / unit));
  const costs = choices(stakes.map((stake) => cost(stake) / unit ** 2));
  return `avg(exp(${b} * on() group_left() ${distance} - ${costs} * on() group_left() ${square}))`;
}

/** Means half a tolerance off; the sides on which they fail. */
function failing({ mean, tolerance, min, max }: ScoreTest): Side[] {
  const sides: Side[] = [
    { mean: mean + tolerance / 2, side: 1 },
    { mean: mean - tolerance / 2, side: -1 },
  ];
  return sides.filter((side) => side.mean > min && side.mean < max);
}

/** Means one and a half tolerances off; the sides on which the scores must be to pass. No score is beyond the range. */
function passing({ mean, tolerance, min, max }: ScoreTest): Side[] {
  const sides: Side[] = [
    { mean: mean + 1.5 * tolerance, side: -1 },
    { mean: mean - 1.5 * tolerance, side: 1 },
  ];
  return sides.filter((side) => side.mean > min && side.mean < max);
}

/** What speaks against the scores, the greater of both sides, and what for them, the lesser of both. */
export function scoresSpeak(test: ScoreTest, scores: Scores<number>): { against: number; towards: number } {
  return {
    against: Math.max(0, ...failing(test).map((side) => beyond(test, side, scores))),
    towards: Math.min(Number.POSITIVE_INFINITY, ...passing(test).map((side) => beyond(test, side, scores))),
  };
}

/** The verdict on these scores. */
export function scoreVerdict(test: ScoreTest, scores: Scores<number>): Verdict {
  const { against, towards } = scoresSpeak(test, scores);
  if (against >= test.fail) return verdicts.fail;
  if (scores.count === 0) return verdicts.undecided;
  return towards >= test.pass ? verdicts.pass : verdicts.undecided;
}

/** PromQL of what a version's pods have predicted since they started; no series before the first score. */
export function scoreTotals(counters: ScoreCounters, { alive }: Pick<Readings, "alive">): Scores<string> {
  const sumOf = (series: string) => `sum(last_over_time(${series}[${alive}s]))`;
  const now = ({ pods }: Counter) => `(${pods.map(sumOf).join(" + ")})`;
  const negative = counters.negativeSum.pods.map((series) => `(${sumOf(series)} or vector(0))`);
  return {
    count: now(counters.count),
    sum: `(${[counters.sum.pods.map(sumOf).join(" + "), ...negative].join(" - ")})`,
    squares: now(counters.squares),
  };
}

/** PromQL of `scoreVerdict`; where it `onlyFails`, it is 0 or 2. */
export function scoreQuery(test: ScoreTest, counters: ScoreCounters, reading: Readings, onlyFails = false): string {
  const scores = scoreTotals(counters, reading);
  const failed = failing(test)
    .map((side) => `${beyondQuery(test, side, scores)} >= ${decimal(test.fail)}`)
    .join("\nor ");
  if (onlyFails) return `clamp_max(${failed}, 2)\nor 0 * ${scores.count}`;
  const passed = passing(test).map((side) => `(${beyondQuery(test, side, scores)} >= bool ${decimal(test.pass)})`);
  return decided(failed, passed.length === 0 ? `(${scores.count} > bool 0)` : passed.join("\n* "));
}

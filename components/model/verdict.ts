/**
 * The sequential test behind the verdicts on errors and latency: Wald's SPRT of "the share of bad requests is p0"
 * against "it is p1 = ratio · p0". Plotted over all requests, the bounds for pass and fail are parallel lines; p0 is
 * chosen so that their slope is the objective. Its chances of error hold however often it is evaluated. A fixed
 * threshold that is evaluated five times a stage aborts 36–88 % of healthy canaries.
 */
export interface SequentialTest {
  /** The share of bad requests that the objective allows, between 0 and 1; also the slope of both bounds. */
  readonly objective: number;
  /** The share of bad requests of a healthy version. Below the objective. */
  readonly p0: number;
  /** The share of bad requests of a bad version. Above the objective. */
  readonly p1: number;
  /** FAIL once bad ≥ failIntercept + objective · total. */
  readonly failIntercept: number;
  /** PASS once bad ≤ objective · total − passIntercept. */
  readonly passIntercept: number;
  /** How many requests are enough to pass when none of them is bad. */
  readonly cleanRequests: number;
  /** How many requests a verdict takes on average when the share of bad ones is p0. */
  readonly expectedHealthy: number;
  /** How many requests a verdict takes on average when the share of bad ones is p1. */
  readonly expectedBad: number;
}

/** How often a verdict may be wrong. */
export interface Confidence {
  /** The chance of rolling back a healthy version, between 0 and 1. */
  readonly falseAlarm: number;
  /** The chance of promoting a bad version, between 0 and 1. */
  readonly miss: number;
}

/**
 * The test of an objective, where a bad version has `ratio` times as many bad requests as a healthy one. Bounds and
 * average sample number: Abraham Wald, Sequential Tests of Statistical Hypotheses (1945).
 */
export function sequentialTest(objective: number, ratio: number, { falseAlarm, miss }: Confidence): SequentialTest {
  const p0 = solveP0(objective, ratio);
  const p1 = ratio * p0;
  const success = Math.log(p1 / p0);
  const failure = Math.log((1 - p1) / (1 - p0));
  const upper = Math.log((1 - miss) / falseAlarm);
  const lower = Math.log(miss / (1 - falseAlarm));
  const failIntercept = upper / (success - failure);
  const passIntercept = -lower / (success - failure);
  return {
    objective,
    p0,
    p1,
    failIntercept,
    passIntercept,
    cleanRequests: Math.ceil(passIntercept / objective),
    expectedHealthy: ((1 - falseAlarm) * lower + falseAlarm * upper) / (p0 * success + (1 - p0) * failure),
    expectedBad: (miss * lower + (1 - miss) * upper) / (p1 * success + (1 - p1) * failure),
  };
}

/** The p0 at which the slope of the bounds is the objective. The slope rises with p0, so bisection finds it. */
function solveP0(objective: number, ratio: number): number {
  const slope = (p0: number) => {
    const failure = Math.log((1 - ratio * p0) / (1 - p0));
    return -failure / (Math.log(ratio) - failure);
  };
  let [low, high] = [0, Math.min(objective, 1 / ratio)];
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (slope(middle) < objective) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The sequential test of the mean score: is it within `tolerance` of the declared mean? Wald's test of a normal mean:
 * off by half the tolerance against off by one and a half, with the variance of the scores seen so far. Its statistic
 * over N scores with variance V and a mean that is off by d is T = N · tolerance · (|d| − tolerance) / V: FAIL at T ≥
 * fail, PASS at T ≤ −pass.
 */
export interface MeanTest {
  /** The declared mean score. */
  readonly mean: number;
  /** How far the mean may be off to either side, in units of the score. */
  readonly tolerance: number;
  /** The bound for FAIL, a log likelihood ratio. Half of the false alarms are allowed for each side. */
  readonly fail: number;
  /** The bound for PASS, a log likelihood ratio, above 0. */
  readonly pass: number;
  /** The fewest scores for PASS. With fewer the mean is not close enough to normal. */
  readonly minimum: number;
  /** The fewest scores for FAIL. With fewer their variance says little about the true one. */
  readonly failMinimum: number;
}

/** The mean of 200 scores between 0 and 1 is close to normal, unless nearly all scores are equal. */
const meanTestMinimum = 200;

/**
 * A few scores may lie close together by chance, and a small variance makes any deviation look certain. With
 * skewed scores (mean 0.12, standard deviation 0.10), evaluated after each one, 86 % of the healthy versions failed
 * without a minimum, 1.6 % with a minimum of 20 and 0.4 % with 50.
 */
const meanTestFailMinimum = 50;

/** The test of a declared mean and tolerance, both in units of the score. */
export function meanTest(mean: number, tolerance: number, { falseAlarm, miss }: Confidence): MeanTest {
  return {
    mean,
    tolerance,
    fail: Math.log((1 - miss) / (falseAlarm / 2)),
    pass: -Math.log(miss / (1 - falseAlarm / 2)),
    minimum: meanTestMinimum,
    failMinimum: meanTestFailMinimum,
  };
}

/**
 * The outcomes of a test at one moment, as the queries return them. An AnalysisTemplate reads 1 as successful, 2 as
 * failed and anything else as inconclusive.
 */
export const verdicts = { undecided: 0, pass: 1, fail: 2 } as const;

/** The outcome of a test at one moment: 0 undecided, 1 pass, 2 fail. */
export type Verdict = (typeof verdicts)[keyof typeof verdicts];

/**
 * The verdict on `bad` of `total` requests. Below `minimum` requests it does not pass, so that a stage needs more
 * requests than the one before it.
 */
export function verdictOf(test: SequentialTest, bad: number, total: number, minimum: number): Verdict {
  if (bad >= test.failIntercept + test.objective * total) return verdicts.fail;
  return bad <= test.objective * total - test.passIntercept && total >= minimum ? verdicts.pass : verdicts.undecided;
}

/**
 * PromQL of `verdictOf`: 0, 1 or 2, and no series while there is no data. `bad` and `total` are PromQL that returns one
 * series each. Without a minimum it never passes: it returns 0 or 2.
 */
export function verdictQuery(test: SequentialTest, bad: string, total: string, minimum?: number): string {
  const { failIntercept, passIntercept, objective } = test;
  const fail = `2 * (${bad} >= bool (${decimal(failIntercept)} + ${decimal(objective)} * ${total}))`;
  const pass = `(${bad} <= bool (${decimal(objective)} * ${total} - ${decimal(passIntercept)}))`;
  return minimum === undefined ? fail : `${fail}\n+ ${pass} * (${total} >= bool ${minimum})`;
}

/** The verdict on `count` scores with this sum and sum of squares. Below `minimum` scores it does not pass. */
export function meanVerdictOf(
  test: MeanTest,
  moments: { count: number; sum: number; squares: number },
  minimum: number,
): Verdict {
  const { count, sum, squares } = moments;
  const deviation = Math.abs(sum / count - test.mean);
  const variance = Math.max(squares / count - (sum / count) ** 2, varianceFloor);
  const statistic = (count * test.tolerance * (deviation - test.tolerance)) / variance;
  if (statistic >= test.fail && count >= test.failMinimum) return verdicts.fail;
  return statistic <= -test.pass && count >= minimum ? verdicts.pass : verdicts.undecided;
}

/** Equal scores have variance 0. The floor keeps the statistic finite. */
const varianceFloor = 1e-9;

/** PromQL of `meanVerdictOf`; without a minimum it never passes. */
export function meanVerdictQuery(
  test: MeanTest,
  moments: { count: string; sum: string; squares: string },
  minimum?: number,
): string {
  const { count, sum, squares } = moments;
  const deviation = `abs(${sum} / ${count} - ${decimal(test.mean)})`;
  const variance = `clamp_min(${squares} / ${count} - (${sum} / ${count}) ^ 2, ${varianceFloor})`;
  const statistic = `(${count} * ${decimal(test.tolerance)} * (${deviation} - ${decimal(test.tolerance)}) / ${variance})`;
  const fail = `2 * (${statistic} >= bool ${decimal(test.fail)}) * (${count} >= bool ${test.failMinimum})`;
  const pass = `(${statistic} <= bool ${decimal(-test.pass)})`;
  return minimum === undefined ? fail : `${fail}\n+ ${pass} * (${count} >= bool ${minimum})`;
}

/** Requests of one version over one span of time: numbers, or PromQL that returns one series each. */
export interface Counts<Value> {
  /** Requests that missed the objective: that failed, or that were too slow. */
  readonly bad: Value;
  /** All requests, bad ones included. */
  readonly total: Value;
}

/**
 * The log likelihood ratio of "the canary's share of bad requests is `ratio` times the stable version's" against "it is
 * equal", over the same span of time. It is conditional on the number of bad requests of both versions together, so it
 * needs no objective.
 */
export function relativeEvidence(ratio: number, canary: Counts<number>, stable: Counts<number>): number {
  const all = canary.total + stable.total;
  const expected = ratio * canary.total + stable.total;
  return canary.bad * Math.log((ratio * all) / expected) + stable.bad * Math.log(all / expected);
}

/** PromQL of `relativeEvidence`; no series while the canary has no requests. */
function relativeEvidenceQuery(ratio: number, canary: Counts<string>, stable: Counts<string>): string {
  const all = `(${canary.total} + ${stable.total})`;
  const expected = `(${ratio} * ${canary.total} + ${stable.total})`;
  return `(${canary.bad} * ln(${ratio} * ${all} / ${expected}) + ${stable.bad} * ln(${all} / ${expected}))`;
}

/** The bounds of the log likelihood ratio: at `fail` or above the canary is worse, at `pass` or below not. */
function evidenceBounds({ falseAlarm, miss }: Confidence): { fail: number; pass: number } {
  return { fail: Math.log((1 - miss) / falseAlarm), pass: Math.log(miss / (1 - falseAlarm)) };
}

/**
 * PromQL that is 2 once the evidence says that the canary's share of bad requests is `ratio` times that of the stable
 * version, else 0.
 */
export function relativeFailQuery(
  ratio: number,
  confidence: Confidence,
  canary: Counts<string>,
  stable: Counts<string>,
): string {
  return `2 * (${relativeEvidenceQuery(ratio, canary, stable)} >= bool ${decimal(evidenceBounds(confidence).fail)})`;
}

/** The requests that `comparedVerdictOf` compares. */
interface Comparison<Value> {
  /** The canary's requests since it started. They are tested against the objective. */
  readonly canary: Counts<Value>;
  /** The requests of both versions over the same recent span, so that both had the same load and dependencies. */
  readonly recently: { readonly canary: Counts<Value>; readonly stable: Counts<Value> };
}

/**
 * The verdict on what also depends on load and dependencies, such as latency. The canary fails when it misses its
 * objective and is worse than the stable version in the same span; it passes when it meets its objective or is not
 * worse. So a busy node, or a slow database behind both versions, does not fail it. Below `minimum` requests it does
 * not pass.
 */
export function comparedVerdictOf(
  test: SequentialTest,
  ratio: number,
  confidence: Confidence,
  { canary, recently }: Comparison<number>,
  minimum: number,
): Verdict {
  const alone = verdictOf(test, canary.bad, canary.total, 0);
  const evidence = relativeEvidence(ratio, recently.canary, recently.stable);
  const bounds = evidenceBounds(confidence);
  if (alone === verdicts.fail && evidence >= bounds.fail) return verdicts.fail;
  const good = alone === verdicts.pass || evidence <= bounds.pass;
  return good && canary.total >= minimum ? verdicts.pass : verdicts.undecided;
}

/** PromQL of `comparedVerdictOf`; without a minimum it never passes. */
export function comparedVerdictQuery(
  test: SequentialTest,
  ratio: number,
  confidence: Confidence,
  { canary, recently }: Comparison<string>,
  minimum?: number,
): string {
  const { failIntercept, passIntercept, objective } = test;
  const evidence = relativeEvidenceQuery(ratio, recently.canary, recently.stable);
  const bounds = evidenceBounds(confidence);
  const missed = `(${canary.bad} >= bool (${decimal(failIntercept)} + ${decimal(objective)} * ${canary.total}))`;
  const fail = `2 * ${missed} * (${evidence} >= bool ${decimal(bounds.fail)})`;
  if (minimum === undefined) return fail;
  const met = `(${canary.bad} <= bool (${decimal(objective)} * ${canary.total} - ${decimal(passIntercept)}))`;
  const notWorse = `(${evidence} <= bool ${decimal(bounds.pass)})`;
  return `${fail}\n+ clamp_max(${met} + ${notWorse}, 1) * (${canary.total} >= bool ${minimum})`;
}

/** 8 decimals are enough for a verdict. Without an exponent, since people read the queries too. */
function decimal(value: number): string {
  return String(Number(value.toFixed(8)));
}

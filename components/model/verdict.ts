/**
 * The sequential test behind every verdict: Wald's SPRT of "the share of bad requests is p0" against "it is r times as
 * much", placed so that the corridor between pass and fail rises with slope θ, the objective itself. A test that may be
 * looked at after every scrape: a fixed threshold looked at five times a stage aborts 36–88 % of healthy canaries.
 */
export interface SequentialTest {
  /** θ, the share of bad requests the objective allows; also the slope of the corridor. */
  readonly objective: number;
  readonly p0: number;
  readonly p1: number;
  /** FAIL once bad ≥ failIntercept + objective · total. */
  readonly failIntercept: number;
  /** PASS once bad ≤ objective · total − passIntercept. */
  readonly passIntercept: number;
  /** Requests without one bad among them that are enough to pass. */
  readonly cleanRequests: number;
  /** Requests until a verdict on average, if the share of bad ones is p0. */
  readonly expectedHealthy: number;
  /** Requests until a verdict on average, if the share of bad ones is p1. */
  readonly expectedBad: number;
}

/** How sure a verdict must be. */
export interface Confidence {
  /** Chance of rolling back a healthy version. */
  readonly falseAlarm: number;
  /** Chance of promoting a bad one. */
  readonly miss: number;
}

/** Abraham Wald, Sequential Tests of Statistical Hypotheses (1945): boundaries and average sample number. */
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

/** The slope rises with p0 from 0 towards 1, so halving finds where it equals the objective. */
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
 * The same corridor for a mean: is the mean score of the predictions within `tolerance` of what was declared? Wald's
 * test of a normal mean, with the variance taken from the predictions themselves; half the false alarms go to each
 * side. With d the deviation of the mean and V the variance, T = N · tolerance · (|d| − tolerance) / V: FAIL at T ≥
 * fail, PASS at T ≤ −pass.
 */
export interface MeanTest {
  readonly mean: number;
  readonly tolerance: number;
  readonly fail: number;
  readonly pass: number;
  /** Predictions below which it does not pass: the normal approximation is not trusted. */
  readonly minimum: number;
  /** Predictions below which it does not fail either: the variance they show is not the variance there is. */
  readonly failMinimum: number;
}

/** At 200 predictions the mean of scores between 0 and 1 is close to normal unless nearly all of them are equal. */
const meanTestMinimum = 200;

/**
 * A handful of scores lie close together by chance, and a small variance makes any deviation look certain. Skewed
 * scores (mean 0.12, deviation 0.10), looked at after each one: without a minimum 86 % of the healthy versions failed,
 * from 20 on 1.6 %, from 50 on 0.4 %.
 */
const meanTestFailMinimum = 50;

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

/** The outcome of a test at one moment, as the queries return it. */
export const verdicts = { undecided: 0, pass: 1, fail: 2 } as const;
export type Verdict = (typeof verdicts)[keyof typeof verdicts];

/** The verdict on `bad` of `total` requests; `minimum` keeps a stage from passing on the requests of the one before. */
export function verdictOf(test: SequentialTest, bad: number, total: number, minimum: number): Verdict {
  if (bad >= test.failIntercept + test.objective * total) return verdicts.fail;
  return bad <= test.objective * total - test.passIntercept && total >= minimum ? verdicts.pass : verdicts.undecided;
}

/**
 * PromQL of `verdictOf`: 0, 1 or 2, and no series while there is no data. `bad` and `total` are expressions of one
 * series each. Without a minimum it never passes: 0 or 2.
 */
export function verdictQuery(test: SequentialTest, bad: string, total: string, minimum?: number): string {
  const { failIntercept, passIntercept, objective } = test;
  const fail = `2 * (${bad} >= bool (${decimal(failIntercept)} + ${decimal(objective)} * ${total}))`;
  const pass = `(${bad} <= bool (${decimal(objective)} * ${total} - ${decimal(passIntercept)}))`;
  return minimum === undefined ? fail : `${fail}\n+ ${pass} * (${total} >= bool ${minimum})`;
}

/** The verdict on the mean of `count` scores, given their sum and the sum of their squares. */
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

/** Scores that are all equal have no variance; the floor keeps the statistic finite. */
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

/** Bad and all requests of one version over one span of time: numbers, or expressions of one series each. */
export interface Counts<Value> {
  readonly bad: Value;
  readonly total: Value;
}

/**
 * The evidence (log likelihood ratio) that the canary's share of bad requests is `ratio` times the stable version's
 * rather than equal to it, over the same span: the conditional binomial form of the sequential test, which needs no
 * objective.
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

/** The bounds of the evidence: above `fail` the canary is worse, below `pass` it is not. */
function evidenceBounds({ falseAlarm, miss }: Confidence): { fail: number; pass: number } {
  return { fail: Math.log((1 - miss) / falseAlarm), pass: Math.log(miss / (1 - falseAlarm)) };
}

/** PromQL that is 2 when the canary is, beyond chance, `ratio` times as bad as the stable version, else 0. */
export function relativeFailQuery(
  ratio: number,
  confidence: Confidence,
  canary: Counts<string>,
  stable: Counts<string>,
): string {
  return `2 * (${relativeEvidenceQuery(ratio, canary, stable)} >= bool ${decimal(evidenceBounds(confidence).fail)})`;
}

/** What a verdict compares: the canary since it started, and both versions over the same recent span. */
export interface Comparison<Value> {
  readonly canary: Counts<Value>;
  readonly recently: { readonly canary: Counts<Value>; readonly stable: Counts<Value> };
}

/**
 * A verdict for what depends on the surroundings, such as latency: the canary fails if it misses its objective and is
 * worse than the stable version at the same time, and passes if it meets its objective or is not worse. A busy machine,
 * or a slow database behind both versions, is not the canary's doing.
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

/** Enough digits for a verdict, and no exponent, which PromQL reads but people do not. */
function decimal(value: number): string {
  return String(Number(value.toFixed(8)));
}

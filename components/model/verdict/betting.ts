import { decimal, over, type Readings } from "./readings.ts";

/**
 * Evidence by betting, against "on average no more is bad than is allowed". In each interval a bettor stakes a part of
 * what it has on more being bad: with `observed` bad and `allowed` allowed ones it has
 * 1/2 + (k/2 + observed) / (k + 2·allowed) times as much after it, which is 1 where they are equal. While the statement
 * is true the bettor gains nothing on average, however the bad requests of one interval depend on each other (batches,
 * bursts, retries) and whenever one looks, so it reaches 1/α with a chance of at most α (Ville's inequality). A burst
 * of 8 multiplies by 1 + 8/k, not by (1 + 1/k)⁸. (Waudby-Smith and Ramdas, Estimating means of bounded random variables
 * by betting, 2023.)
 */
export interface Bet {
  /**
   * Bad requests that a bet waits for. Small: high stakes, for versions that are far worse than allowed. About 1: low
   * stakes, for those that are a little worse, and for those that become worse after a long good time.
   */
  readonly k: number;
  /** The part of the money that is bet so. The parts of all bets are 1 together. */
  readonly part: number;
}

/** What one interval showed. */
export interface Observation {
  /** How many bad ones there were. */
  readonly observed: number;
  /** How many the statement allows on average, given all before the interval and the number of requests in it. */
  readonly allowed: number;
}

/**
 * The bets for a version that has `ratio` times the bad requests that are allowed when it is bad: most on it, the rest
 * on being a little worse. Found by simulation (`npm run benchmark:verdicts`).
 */
export function bets(ratio: number): readonly Bet[] {
  return [
    { k: 1 / ratio, part: 0.9 },
    { k: 1 / 4, part: 0.07 },
    { k: 2, part: 0.03 },
  ];
}

/** The bettor's money after these intervals; it begins with 1. */
export function evidence(on: readonly Bet[], seen: readonly Observation[]): number {
  const money = ({ k, part }: Bet) =>
    part * Math.exp(seen.reduce((sum, { observed, allowed }) => sum + gained(k, observed, allowed), 0));
  return on.reduce((sum, bet) => sum + money(bet), 0);
}

/** The logarithm of what one interval multiplies the money by. */
export function gained(k: number, observed: number, allowed: number): number {
  return Math.log(0.5 + (k / 2 + observed) / (k + 2 * allowed));
}

/**
 * PromQL of `evidence` over the intervals of `reading`; no series while there is no interval. `observed` and `allowed`
 * are PromQL that returns one series without labels for the interval that ends now. An interval in which one of them
 * has no series is left out.
 */
export function evidenceQuery(on: readonly Bet[], observed: string, allowed: string, reading: Readings): string {
  const half = choices(on.map((bet) => bet.k / 2));
  const k = choices(on.map((bet) => bet.k));
  const stakes = `(${half} + on() group_left() ${observed}) / (${k} + on() group_left() (2 * ${allowed}))`;
  const gain = `ln(0.5 + ${stakes})`;
  return `sum(${choices(on.map((bet) => bet.part))} * exp(sum_over_time(${over(gain, reading)})))`;
}

/** PromQL of one series for each number, told apart by the label `bet`. */
export function choices(values: readonly number[]): string {
  const all = values.map((value, index) => `label_replace(vector(${decimal(value)}), "bet", "${index + 1}", "", "")`);
  return `(${all.join(" or ")})`;
}

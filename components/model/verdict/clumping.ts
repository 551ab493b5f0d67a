import type { RequestCounters } from "./counter.ts";
import { type Readings, sumOf } from "./readings.ts";

/**
 * How bad requests come together: the mean size of the burst that a bad request is in, 1 when they come one by one.
 * Where failures come in bursts, as many requests without one say less. Wald's line with its intercept times this holds
 * for bursts of any size distribution with this mean.
 */
export const clumpingBounds = {
  /** Where the stable version had no bad request that could tell. */
  assumed: 1,
  /** Above it the history is more likely of an outage, and a release would wait for hours. */
  most: 16,
  /** So many bad requests that came one by one are added to the history: few say little. */
  priorRequests: 2,
} as const;

/** One minute of a history. */
export interface Minute {
  /** How many bad requests there were. */
  readonly bad: number;
  /** How many more than in the minute before. */
  readonly change: number;
}

/**
 * The clumping of bad requests in these minutes: the variance over the mean of the number in a minute. The variance is
 * that of neighbours' differences, so that traffic which rises and falls over a day does not count as clumping.
 */
export function clumping(minutes: readonly Minute[]): number {
  const { assumed, most, priorRequests } = clumpingBounds;
  const squares = minutes.reduce((sum, { change }) => sum + change ** 2 / 2, 0);
  const all = minutes.reduce((sum, { bad }) => sum + bad, 0);
  return Math.min(most, Math.max(1, (priorRequests * assumed + squares) / (priorRequests + all)));
}

/**
 * PromQL of `clumping` over the stable version's history. A series counts from its second minute on, which loses the
 * first bad requests of a pod.
 */
export function clumpingQuery({ bad }: RequestCounters, { history, minute }: Readings): string {
  const { assumed, most, priorRequests } = clumpingBounds;
  const ago = (series: string, minutes: number) => (minutes === 0 ? series : `(${series} offset ${minutes * minute}s)`);
  // A proxy that starts anew in its pod counts from 0: what fell was no burst.
  const gain = (series: string, minutes = 0) => `clamp_min(${ago(series, minutes)} - ${ago(series, minutes + 1)}, 0)`;
  const known = (terms: string) => (bad.less === undefined ? terms : `(${terms} or vector(0))`);
  const gained = known(sumOf(bad, (series) => `sum(${gain(series)})`));
  const change = known(sumOf(bad, (series) => `sum(${gain(series)} - ${gain(series, 1)})`));
  const over = `[${history}s:${minute}s]`;
  const squares = `sum_over_time((${change} ^ 2 / 2)${over})`;
  const all = `sum_over_time((${gained})${over})`;
  return `clamp((${priorRequests * assumed} + ${squares}) / (${priorRequests} + ${all}), 1, ${most})`;
}

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
  /** Bad requests within so many seconds may belong together. */
  minute: 60,
} as const;

/**
 * The clumping of bad requests in these minutes: the variance over the mean of the number in a minute. The variance is
 * that of neighbours' differences, so that traffic which rises and falls over a day does not count as clumping.
 */
export function clumping(minutes: readonly number[]): number {
  const { assumed, most, priorRequests } = clumpingBounds;
  const differences = minutes.slice(1).map((count, index) => (count - Number(minutes[index])) ** 2 / 2);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  const found = (priorRequests * assumed + sum(differences)) / (priorRequests + sum(minutes.slice(1)));
  return Math.min(most, Math.max(1, found));
}

/** PromQL of `clumping` over the stable version's history. */
export function clumpingQuery({ bad, total }: RequestCounters, { history }: Readings): string {
  const { assumed, most, priorRequests, minute } = clumpingBounds;
  const gain = (ago: number) => {
    const at = (minutes: number) => (minutes === 0 ? "" : ` offset ${minutes * minute}s`);
    const before = (series: string) => `last_over_time(${series}[${2 * minute}s]${at(ago + 1)})`;
    const known = before(String(total.pods[0]));
    const sum = (series: string) => {
      const now = `last_over_time(${series}[${minute}s]${at(ago)})`;
      return `sum(clamp_min(${now} - (${before(series)} or (${now} * 0 and on(pod) ${known})), 0))`;
    };
    return bad.less === undefined ? sumOf(bad, sum) : `(${sumOf(bad, sum)} or vector(0))`;
  };
  const minutes = `[${history}s:${minute}s]`;
  const squares = `sum_over_time(((${gain(0)} - ${gain(1)}) ^ 2 / 2)${minutes})`;
  const all = `sum_over_time((${gain(0)})${minutes})`;
  return `clamp((${priorRequests * assumed} + ${squares}) / (${priorRequests} + ${all}), 1, ${most})`;
}

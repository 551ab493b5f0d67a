import { type ShareInterval, shareInterval } from "./intervals.ts";
import type { Outcome, RehearsalReport } from "./report.ts";

/** How often repeated rehearsals ended in one way. */
export interface OutcomeCount extends ShareInterval {
  /** The end. */
  readonly outcome: Outcome;
  /** How many ended so. */
  readonly count: number;
  /** Seconds to that end: the shortest, the median, the longest. */
  readonly seconds: readonly [number, number, number];
}

/** What repeated rehearsals ended with, the most frequent first; bounds of each share with 95 % confidence. */
export function outcomeCounts(reports: readonly Pick<RehearsalReport, "outcome" | "durationMs">[]): OutcomeCount[] {
  const outcomes = [...new Set(reports.map(({ outcome }) => outcome))];
  return outcomes
    .map((outcome): OutcomeCount => {
      const times = reports
        .filter((report) => report.outcome === outcome)
        .map(({ durationMs }) => durationMs / 1_000)
        .sort((a, b) => a - b);
      const at = (part: number) => times[Math.round(part * (times.length - 1))] ?? 0;
      return {
        outcome,
        count: times.length,
        ...shareInterval(times.length, reports.length),
        seconds: [at(0), at(0.5), at(1)],
      };
    })
    .sort((a, b) => b.count - a.count);
}

/** The headings of the columns of `outcomeRows`. */
export const outcomeColumns = [
  "outcome",
  "rehearsals",
  "share",
  "95 % interval",
  "after",
  "at least",
  "at most",
] as const;

/** A row per outcome. */
export function outcomeRows(counts: readonly OutcomeCount[]): string[][] {
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return counts.map(({ outcome, count, low, high, seconds: [first, median, last] }) => [
    outcome,
    `${count} of ${all}`,
    percent(count / all),
    `${percent(low)} to ${percent(high)}`,
    `${median.toFixed(0)} s`,
    `${first.toFixed(0)} s`,
    `${last.toFixed(0)} s`,
  ]);
}

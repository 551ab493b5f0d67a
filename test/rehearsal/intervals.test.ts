import { expect, it } from "vitest";
import { shareInterval } from "../../rehearsal/intervals.ts";

// Known values of the interval, as statistics programs print them.
it.each([
  [0, 10, 0, 0.3085],
  [10, 10, 0.6915, 1],
  [1, 10, 0.0025, 0.445],
  [5, 10, 0.1871, 0.8129],
  [3, 100, 0.0062, 0.0852],
])("%d of %d is a share between %f and %f", (hits, trials, low, high) => {
  const found = shareInterval(hits, trials);
  expect(found.low).toBeCloseTo(low, 3);
  expect(found.high).toBeCloseTo(high, 3);
});

it("has a true share as often as it says", () => {
  const share = 0.2;
  const trials = 30;
  let covered = 0;
  let chance = (1 - share) ** trials;
  for (let hits = 0; hits <= trials; hits += 1) {
    const { low, high } = shareInterval(hits, trials);
    if (low <= share && share <= high) covered += chance;
    chance *= ((trials - hits) / (hits + 1)) * (share / (1 - share));
  }
  expect(covered).toBeGreaterThanOrEqual(0.95);
});

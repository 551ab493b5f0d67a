import { expect, it } from "vitest";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { servedLines } from "../../rehearsal/text.ts";

it("says of both versions together how many requests failed or were slow", () => {
  const report = {
    served: {
      requests: 2_000,
      bad: 5,
      errors: 2,
      errorsBy: { 500: 1, timeout: 1 },
      slow: 3,
      dropped: 0,
      byNewVersion: 400,
    },
    objectives: { p99Ms: 150 },
    faults: [],
  } as unknown as RehearsalReport;
  expect(servedLines(report)).toEqual([
    "Failed or slow requests, both versions: 5 of 2000 (0.250 %): 2 failed (500: 1, timeout: 1), 3 slower than 150 ms.",
  ]);
});

import { expect, it } from "vitest";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { servedLines, stepRows } from "../../rehearsal/text.ts";

const report = {
  samples: [],
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

it("says of both versions together how many requests failed or were slow", () => {
  expect(servedLines(report)).toEqual([
    "Failed or slow requests, both versions: 5 of 2000 (0.250 %): 2 failed (500: 1, timeout: 1), 3 slower than 150 ms.",
  ]);
});

it("says which of them came before the new version had any traffic", () => {
  const sample = (weight: number, errors: number, slow: number) => ({ weight, errors, stable: { slow } });
  const samples = [sample(0, 1, 0), sample(0, 0, 2), sample(5, 1, 1), sample(0, 7, 7)];
  expect(servedLines({ ...report, samples } as unknown as RehearsalReport)[1]).toBe(
    "Of these, 3 came before the new version had any traffic.",
  );
});

it("says once what both a step's analysis and the guard failed", () => {
  const failed = (by: "step" | "guard", metric = "errors") => ({ metric, verdict: "Failed", by });
  const verdictOf = (verdicts: object[]) =>
    stepRows({
      ...report,
      steps: [{ weight: 5, startMs: 0, endMs: 1, verdicts }],
    } as unknown as RehearsalReport)[0]?.at(-1);
  expect(verdictOf([failed("step"), failed("guard")])).toBe("errors failed");
  expect(verdictOf([failed("guard"), failed("guard", "latency")])).toBe(
    "errors failed (guard), latency failed (guard)",
  );
});

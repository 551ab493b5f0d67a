import { expect, it } from "vitest";
import { answer } from "../../cli/verbs/rehearse.ts";
import { exitCodes } from "../../components/core/problem.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";

const report = (outcome: RehearsalReport["outcome"]) =>
  ({
    model: "fraud",
    from: "1",
    to: "2",
    faults: [],
    outcome,
    reason: "Every analysis passed.",
    durationMs: 1_000,
    steps: [],
    samples: [],
    events: [],
    objectives: { p99Ms: 150 },
    served: { requests: 1, bad: 0, errors: 0, errorsBy: {}, slow: 0, dropped: 0, byNewVersion: 1 },
  }) as unknown as RehearsalReport;
const files = { json: "r.json", page: "r.html" };

it("ends with 0 for a promoted version, with 5 for any other outcome", () => {
  expect(answer({ report: report("promoted") }, files, "local").exitCode).toBe(exitCodes.ok);
  expect(answer({ report: report("rolledBack") }, files, "local").exitCode).toBe(exitCodes.releaseFailed);
  expect(answer({ report: report("timedOut") }, files, "local").exitCode).toBe(exitCodes.releaseFailed);
});

it("ends with 6 if the return failed, whatever the outcome, with the outcome, the report and the way on", () => {
  const notReturned = "the API server is gone";
  const { exitCode, text, result } = answer({ report: report("promoted"), notReturned }, files, "local");
  expect(exitCode).toBe(exitCodes.incomplete);
  for (const part of ["promoted to 100 %", "r.html", notReturned, "npx serin up local"]) expect(text).toContain(part);
  expect(result).toMatchObject({ outcome: "promoted", files, notReturned });
});

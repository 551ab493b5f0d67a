import { expect, it } from "vitest";
import type { SaveReport } from "../../../rehearsal/dev/devSession.ts";
import { saveText } from "../../../rehearsal/dev/saveText.ts";

const serves: SaveReport = {
  number: 2,
  at: "2026-11-28T09:00:00.000Z",
  outcome: "serves",
  firstAnswerMs: 1_240,
  requests: { sent: 200, failed: 0 },
  against: 1,
  comparison: { compared: 200, differing: 198, outputs: [{ name: "score", differing: 198, maxDifference: 0.031_25 }] },
  latencyMs: { before: { p50: 1.1, p99: 2 }, after: { p50: 1.3, p99: 2.4 } },
  meanScore: { before: 0.121_41, after: 0.125 },
  serving: 2,
};

it("a save that answers is shown beside the one before", () => {
  expect(saveText(serves, 80)).toBe(
    [
      "Save 2 answers, 1.2 s after it.",
      "  answers   198 of 200 differ from those of save 1: score in 198, by 0.03125 at",
      "            most",
      "  latency   p50 1.1 → 1.3 ms, p99 2.0 → 2.4 ms",
      "  score     mean 0.1214 → 0.125",
    ].join("\n"),
  );
});

it("a save with the same answers says so, and how many requests it failed", () => {
  const text = saveText({
    ...serves,
    comparison: { compared: 198, differing: 0, outputs: [] },
    requests: { sent: 200, failed: 2, firstFailure: "too many\nfeatures" },
  });
  expect(text).toContain("the same as those of save 1, all 198");
  expect(text).toContain("2 of 200 requests; the first: too many features");
});

it("a save that does not load says why, what to change, and which one goes on answering", () => {
  const text = saveText({
    number: 3,
    at: serves.at,
    outcome: "doesNotLoad",
    serving: 2,
    findings: [
      {
        rule: "python-syntax",
        area: "model",
        cause: "model.py does not compile: SyntaxError: invalid syntax (model.py, line 3).",
        evidence: ["save 3 log: failed to load 'fraud' version 3: Internal: SyntaxError: invalid syntax"],
        confidence: "certain",
        change: "Correct that line.",
        next: "less /tmp/triton.log",
        about: ["save 3"],
        final: true,
        follows: false,
      },
    ],
  });
  expect(text).toContain("Save 3 does not load. Save 2 goes on answering.");
  expect(text).toContain("failed to load 'fraud' version 3: Internal: SyntaxError");
  expect(text).toContain("Correct that line.");
});

it("a save whose files Triton would refuse lists what is wrong with them", () => {
  const problems = [{ path: "fraud/config.pbtxt:3:1", reason: "input has no name.", fix: "Write name." }];
  expect(saveText({ number: 1, at: serves.at, outcome: "refused", problems })).toBe(
    "Save 1 is not loaded, since Triton would refuse it.\n  - fraud/config.pbtxt:3:1: input has no name. Write name.",
  );
});

it("a save that takes Triton down says so, and how it ended", () => {
  const text = saveText({
    number: 4,
    at: serves.at,
    outcome: "fails",
    tookDown: true,
    serving: 3,
    requests: { sent: 0, failed: 0, firstFailure: "Triton ended: signal 6" },
  });
  expect(text).toBe(
    "Save 4 loads and takes Triton down. Save 3 goes on answering.\n  failed    the first request: Triton ended: signal 6",
  );
});

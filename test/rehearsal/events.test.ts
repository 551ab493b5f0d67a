import { expect, it } from "vitest";
import { type EventSources, releaseEvents } from "../../rehearsal/events.ts";

const declaredAt = Date.parse("2026-03-01T10:00:00Z");
const at = (seconds: number) => new Date(declaredAt + seconds * 1_000).toISOString();
const seen = (seconds: number, weight: number, requests: number) => ({
  atMs: seconds * 1_000,
  weight,
  counters: { requests, errors: 0, slow: 0 },
});
const metric = (name: string, phase: string, seconds: number) => ({
  name,
  phase,
  message: "",
  measurements: 1,
  measuredAt: at(seconds),
});
const sources: EventSources = {
  to: "2",
  faults: ["errors=1%"],
  observations: [seen(5, 0, 0), seen(9, 5, 0), seen(10, 5, 3), seen(30, 20, 90), seen(41, 0, 120)],
  analyses: [
    {
      name: "guard",
      step: undefined,
      phase: "Failed",
      message: "",
      startedAt: at(9),
      metrics: [metric("errors", "Failed", 40), metric("latency", "Successful", 40)],
    },
    {
      name: "step",
      step: 1,
      phase: "Successful",
      message: "",
      startedAt: at(9),
      metrics: [metric("errors", "Successful", 28), metric("latency", "Successful", 29)],
    },
  ],
  stepWeights: [5, 5, 20],
  actions: [
    { verb: "pause", by: "kim", reason: "before", at: at(-60), stable: "1", version: "2", hash: "", weight: 5 },
    { verb: "pause", by: "kim", reason: "lunch", at: at(33), stable: "1", version: "2", hash: "", weight: 5 },
  ],
  declaredAt,
  end: { outcome: "rolledBack", atMs: 41_000 },
};

it("tells once what both the guard and a step's analysis failed, and nothing passed where the controller only stopped it", () => {
  const [guard, step] = sources.analyses;
  if (guard === undefined || step === undefined) throw new Error("the sources lack an analysis");
  const metrics = [metric("errors", "Failed", 40), metric("latency", "Successful", 40)];
  const found = releaseEvents({ ...sources, analyses: [guard, { ...step, phase: "Failed", metrics }] });
  expect(found.filter(({ kind }) => kind === "failed" || kind === "passed").map(({ text }) => text)).toEqual([
    "errors failed (the guard and the analysis at 5 %)",
  ]);
});

it("tells weights, verdicts, people and the end in the order of time", () => {
  expect(releaseEvents(sources).map(({ atMs, kind, text }) => `${atMs / 1_000} ${kind}: ${text}`)).toEqual([
    "0 declared: version 2 declared, with errors=1%",
    "9 weight: 5 % of the traffic",
    "10 firstAnswer: version 2 answers its first requests; its faults: errors=1%",
    "29 passed: errors and latency passed (the analysis at 5 %)",
    "30 weight: 20 % of the traffic",
    "33 action: kim asked for pause: lunch",
    "40 failed: errors failed (the guard)",
    "41 weight: 0 % of the traffic",
    "41 end: rolled back: all traffic is on the old version",
  ]);
});

import { describe, expect, it } from "vitest";
import { type Look, watchState } from "../../cli/verbs/watch.ts";
import { blockLines, changeLines, type WatchState } from "../../cli/watchText.ts";
import type { RolloutView } from "../../rehearsal/cluster/clusterView.ts";
import type { AnalysisEvidence } from "../../rehearsal/cluster/releaseEvidence.ts";
import type { ReleaseView } from "../../rehearsal/cluster/releaseView.ts";

const now = new Date(2026, 2, 1, 10, 0, 31);
const rollout: RolloutView = {
  name: "fraud",
  version: "2",
  phase: "Progressing",
  message: "",
  aborted: false,
  inconclusive: false,
  stableHash: "old1",
  currentHash: "new1",
  replicas: 3,
  readyReplicas: 3,
  observed: true,
  step: 1,
  stepWeights: [5, 5, 20, 20],
};
const release: ReleaseView = {
  rollout,
  resourceVersion: "1",
  uid: "1",
  paused: false,
  pauseReasons: [],
  steps: [
    { kind: "setWeight", does: "5 % of the traffic" },
    { kind: "analysis", does: "analysis fraud-to-20" },
    { kind: "setWeight", does: "20 % of the traffic" },
    { kind: "analysis", does: "analysis fraud-to-100" },
  ],
  podsForTraffic: 3,
  plannedSeconds: [10, 140, 10, 60],
  waitingSince: new Date(now.getTime() - 31_000).toISOString(),
  weight: 5,
  stableVersion: "1",
  revisions: [],
  actions: [],
};
const errors: AnalysisEvidence = {
  metric: "errors",
  step: 1,
  canary: { bad: 1, total: 300 },
  stable: { bad: 2, total: 5_700 },
  against: { evidence: 10, failsAt: 100 },
  passesAt: -1,
  missing: { requests: 100, seconds: 20 },
  verdict: "undecided",
  reason: "",
};
const guard: AnalysisEvidence = { ...errors, missing: { requests: 9_999 } };
delete (guard as { step?: number }).step;
const latency: AnalysisEvidence = { ...errors, metric: "latency", canary: { bad: 4, total: 300 }, verdict: "passed" };
const score: AnalysisEvidence = {
  metric: "prediction-score",
  step: 1,
  scores: { count: 300, mean: 0.121 },
  against: { evidence: 0.4, failsAt: 6_000 },
  towards: { evidence: 10, passesAt: 100 },
  missing: { requests: 540, seconds: 54 },
  verdict: "undecided",
  reason: "",
};
const analysis = { name: "a", step: 1, phase: "Running", message: "", startedAt: now.toISOString(), metrics: [] };
const look: Look = {
  name: "fraud",
  cluster: "embedded",
  release,
  before: undefined,
  analyses: [{ ...analysis, startedAt: new Date(now.getTime() - 31_000).toISOString() }],
  evidence: [guard, errors, latency, score],
  hopeless: [],
};
const state = (more: Partial<Look> = {}): WatchState => watchState({ ...look, ...more }, now);
const rolloutNow = (more: Partial<RolloutView>, weight = release.weight): Partial<Look> => ({
  before: release,
  release: { ...release, rollout: { ...rollout, ...more }, weight },
});

describe("the block", () => {
  it("has weight, step, both versions, the evidence and what is left, within 80 columns", () => {
    const lines = blockLines(state(), 80);
    expect(lines).toEqual([
      "fraud on embedded: 5 % on version 2, 95 % on 1 (progressing)",
      "Step 2 of 4: analysis fraud-to-20, 31 s of at most 2 min",
      "",
      "                     requests     failed       slow",
      "version 1               5,700          2          2",
      "version 2                 300          1          4",
      "",
      "evidence          to failing        to passing        left",
      "errors            █████░░░░░  50 %  ████████░░  75 %  100 requests, 20 s",
      "latency           █████░░░░░  50 %  ██████████ 100 %  passes",
      "prediction-score  ░░░░░░░░░░   0 %  █████░░░░░  50 %  540 requests, 54 s",
      "",
      "Left: this step about 54 s, the steps after it at most 70 s.",
    ]);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("says of a step without requests that it waits for them", () => {
    const { missing: _, ...quiet } = errors;
    expect(blockLines(state({ evidence: [{ ...quiet, missing: { requests: 100 } }] }), 80).at(-1)).toBe(
      "Left: this step waits for requests, the steps after it at most 70 s.",
    );
  });

  it("of a release that has ended says of no metric what is missing", () => {
    expect(blockLines(state(rolloutNow({ aborted: true }, 0)), 80).join("\n")).not.toContain(" requests, ");
  });

  it("is no wider than a narrow terminal", () => {
    expect(Math.max(...blockLines(state(), 40).map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it("says why no pod can start", () => {
    const lines = blockLines(state({ hopeless: ["model.py does not parse."], evidence: [] }), 80);
    expect(lines.at(-1)).toBe("model.py does not parse.");
  });
});

describe("how it ends", () => {
  it.each([
    ["promoted", rolloutNow({ phase: "Healthy", stableHash: "new1" }, 0)],
    ["rolledBack", rolloutNow({ aborted: true }, 0)],
    ["rolledBack", rolloutNow({ phase: "Healthy", currentHash: "old1" }, 0)],
    ["undecided", rolloutNow({ inconclusive: true })],
    ["notStarted", { hopeless: ["no"] }],
    [undefined, rolloutNow({ aborted: true }, 5)],
    [undefined, rolloutNow({ stableHash: "new1", phase: "Progressing" })],
    [undefined, {}],
  ] satisfies [WatchState["outcome"], Partial<Look>][])("%s", (outcome, more) => {
    expect(state(more).outcome).toBe(outcome);
  });

  it("promoted has all of the traffic, although nothing is weighed any more", () => {
    const end = state(rolloutNow({ phase: "Healthy", stableHash: "new1" }, 0));
    expect(end).toMatchObject({ weight: 100, version: { stable: "1", newest: "2" } });
  });
});

describe("the timeline", () => {
  const lines = (more: Partial<Look>, before = state()) =>
    changeLines(before, state(more)).map((line) => line.slice(10));

  it("begins with who has the traffic, and says nothing while nothing changes", () => {
    expect(changeLines(undefined, state())).toEqual(["10:00:31  version 2 has 5 % of the traffic, version 1 the rest"]);
    expect(changeLines(state(), state())).toEqual([]);
  });

  it("tells weights, verdicts, first answers, people and the end", () => {
    const metrics = ["errors", "latency"].map((name) => ({ name, phase: "Successful", message: "", measurements: 1 }));
    expect(
      lines({ analyses: [{ ...analysis, phase: "Successful", metrics }], release: { ...release, weight: 20 } }),
    ).toEqual(["errors, latency passed (at 5 %)", "20 % of the traffic on version 2"]);
    expect(lines({}, state({ evidence: [] }))).toEqual(["version 2 answers its first requests"]);
    const action = {
      verb: "pause",
      by: "kim",
      reason: "lunch",
      at: "",
      stable: "1",
      version: "2",
      hash: "",
      weight: 5,
    };
    expect(lines({ release: { ...release, actions: [action] } })).toEqual(["kim asked for pause: lunch"]);
    expect(lines(rolloutNow({ aborted: true }, 0))).toEqual([
      "0 % of the traffic on version 2",
      "version 2 rolled back: the version before has all of the traffic",
    ]);
  });

  it("says once what the guard and the step's analysis failed", () => {
    const metrics = [{ name: "errors", phase: "Failed", message: "", measurements: 1 }];
    const analyses = [
      { ...analysis, step: undefined, phase: "Failed", metrics },
      { ...analysis, phase: "Failed", metrics },
    ];
    expect(lines({ analyses })).toEqual(["errors failed (guard, at 5 %)"]);
  });

  it("does not call passed what another metric's failure stopped", () => {
    const metrics = [
      { name: "errors", phase: "Failed", message: "", measurements: 1 },
      { name: "latency", phase: "Successful", message: "", measurements: 1 },
    ];
    expect(lines({ analyses: [{ ...analysis, phase: "Failed", metrics }] })).toEqual(["errors failed (at 5 %)"]);
  });
});

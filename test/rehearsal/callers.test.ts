import { describe, expect, it } from "vitest";
import type { Model } from "../../components/model/model.ts";
import { stepStages } from "../../components/model/releasePlan/releasePlan.ts";
import { abTest } from "../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../components/model/strategies/blueGreen/blueGreen.ts";
import { darkLaunch } from "../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../components/model/strategies/shadow/shadow.ts";
import { stepWeightsOf, strategyOf } from "../../components/model/strategies/strategies.ts";
import { callersOf, personGates } from "../../rehearsal/callers.ts";
import type { RolloutView } from "../../rehearsal/cluster/clusterView.ts";
import { rehearsalContext, rehearsalTime } from "../../rehearsal/rehearsalTime.ts";
import { stepsOf } from "../../rehearsal/timeline.ts";
import { local } from "../../stacks/environments/local.ts";

const metric = { successes: "won_total", trials: "tried_total" };
const short = { lasts: "0s", requests: 20 } as const;
const releases = {
  canary: local.models.fraud.release,
  darkLaunch: darkLaunch({ lasts: "30s", gate: "manual" }),
  shadow: shadow({ lasts: "0s" }),
  blueGreen: blueGreen({ ...short, bake: "0s" }),
  abTest: abTest({ metric, percent: 49, shortest: "20s", longest: "2m" }),
  sequence: sequence([darkLaunch(short), shadow({ lasts: "0s" }), blueGreen({ ...short, bake: "0s" })]),
} as const;

const modelOf = (release: Model["release"]): Model => ({ ...local.models.fraud, stateless: true, release });
const contextOf = (model: Model) => rehearsalContext("fraud", model, local);

describe.each(Object.entries(releases))("a rehearsal of %s", (kind, release) => {
  const model = modelOf(release);
  const context = contextOf(model);

  it("takes a time that is known, minutes and not days", () => {
    const { healthy, stages, timeoutMs } = rehearsalTime("fraud", model, local, { rate: 200, faults: "" });
    expect(healthy?.late).toBeLessThan(20 * 60);
    expect(stages.length).toBeGreaterThan(0);
    expect(timeoutMs).toBeLessThan(60 * 60_000);
  });

  it("sends the requests that the release chooses, of users that it keeps apart", () => {
    const { chosen, users } = callersOf(model, context);
    const choosing = ["darkLaunch", "blueGreen", "sequence"].includes(kind);
    expect(chosen?.headers).toEqual(choosing ? { "x-user-group": "internal-testers" } : undefined);
    expect(users === undefined).toBe(kind !== "abTest");
  });

  it("passes the gate of a person, and no other pause", () => {
    expect(personGates(model, context).size).toBe(kind === "darkLaunch" ? 1 : 0);
  });
});

it("shows stages without a weight as steps of their own, in their order, with their requests and verdicts", () => {
  const model = modelOf(releases.sequence);
  const context = contextOf(model);
  const stages = stepStages(model, context);
  const strategy = strategyOf(model.release).rollout(model, model.release, context) as never;
  const rollout = { stepWeights: stepWeightsOf(strategy), aborted: false } as unknown as RolloutView;
  const observations = stages.map((_, step) => ({
    atMs: step * 1_000,
    step,
    weight: rollout.stepWeights[step] ?? 0,
    counters: { requests: 10 * step, errors: 0, slow: 0 },
  }));
  const copied = stages.findLastIndex((stage) => stage.startsWith("copies"));
  const analysis = {
    name: "a",
    step: copied,
    phase: "Successful",
    message: "",
    startedAt: "",
    metrics: [{ name: "errors", phase: "Successful", message: "", measurements: 1 }],
  };
  const steps = stepsOf(observations, [analysis], rollout, stages);
  expect(steps.map(({ stage, weight }) => stage ?? `${weight} %`)).toEqual([
    "chosen requests",
    "copies of 100 %",
    ...(steps.length > 3 ? [expect.stringMatching(/./), "100 %"] : ["100 %"]),
  ]);
  expect(steps[1]?.verdicts).toEqual([{ metric: "errors", verdict: "Successful", by: "step" }]);
  expect(steps.reduce((sum, { requests }) => sum + requests, 0)).toBe(10 * (stages.length - 1));
});

it("shows no stage for the pods that a canary waits for, nor for the return", () => {
  const model = modelOf(releases.canary);
  const stages = stepStages(model, contextOf(model));
  const rollout = { stepWeights: stages.map((stage) => Number.parseInt(stage, 10)) } as unknown as RolloutView;
  const at = (atMs: number, step: number, weight: number) => ({
    atMs,
    step,
    weight,
    counters: { requests: 0, errors: 0, slow: 0 },
  });
  const steps = stepsOf([at(0, 0, 0), at(1, 1, 5), at(2, 0, 0)], [], { ...rollout, aborted: true }, stages);
  expect(steps.map(({ weight }) => weight)).toEqual([5]);
});

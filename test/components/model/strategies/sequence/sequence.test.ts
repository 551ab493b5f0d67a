import { describe, expect, it } from "vitest";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { abTest } from "../../../../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../../../../components/model/strategies/blueGreen/blueGreen.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { internalTesters } from "../../../../../components/model/strategies/phases/cohort.ts";
import { type Sequence, sequence } from "../../../../../components/model/strategies/sequence/sequence.ts";
import { released, rolloutOf } from "../phases/releases.ts";

const problemsOf = (release: Sequence) => validateModel("fraud", released(release)).map(({ path }) => path);

describe("a sequence", () => {
  it("of a canary alone is that canary", () => {
    const release = canary({ weights: [10, 100], bake: "1m" });
    expect(rolloutOf(sequence([release])).canary).toEqual(rolloutOf(release).canary);
  });

  it("of a dark launch and a canary is what the dark launch alone is, with that canary", () => {
    expect(rolloutOf(sequence([darkLaunch(), canary()])).canary).toEqual(rolloutOf(darkLaunch()).canary);
  });

  it("must shift traffic at its end, and prepare before that", () => {
    expect(problemsOf(sequence([]))).toEqual(["release.phases"]);
    expect(problemsOf(sequence([darkLaunch()]))).toEqual(["release.phases"]);
    expect(problemsOf(sequence([canary(), darkLaunch()]))).toEqual(["release.phases[1]", "release.phases"]);
    expect(problemsOf(sequence([canary(), canary()]))).toEqual(["release.phases[1]"]);
  });

  it("has weights that rise from phase to phase", () => {
    const test = (percent: number) => abTest({ percent, metric: { successes: "a_total", trials: "b_total" } });
    const upTo = (weight: number) => canary({ weights: [5, weight, 100] });
    expect(problemsOf(sequence([upTo(60), test(50)]))).toEqual(["release.phases[1]"]);
    expect(problemsOf(sequence([test(20), canary()]))).toEqual(["release.phases[1]"]);
    expect(problemsOf(sequence([upTo(50), test(50)]))).toEqual([]);
    expect(problemsOf(sequence([test(5), canary()]))).toEqual([]);
  });

  it("gives half of the callers no version that nothing came before", () => {
    const test = abTest({ percent: 90, metric: { successes: "a_total", trials: "b_total" } });
    expect(problemsOf(sequence([test]))).toEqual(["release.phases[0]"]);
    expect(problemsOf(sequence([darkLaunch(), test]))).toEqual([]);
  });

  it("ends with blue-green where it has one, which judges all of the traffic", () => {
    expect(problemsOf(sequence([blueGreen(), canary()]))).toEqual(["release.phases[0]"]);
    expect(problemsOf(sequence([canary(), blueGreen()]))).toEqual([]);
  });

  it("keeps the pods of a weight while blue-green shows the version to fewer", () => {
    const release = sequence([canary({ weights: [5, 50, 100] }), blueGreen({ previewPods: 1 })]);
    const { steps } = rolloutOf(release, { replicas: 10 }).canary;
    const preview = steps.findIndex(({ setHeaderRoute }) => setHeaderRoute !== undefined);
    expect(steps[preview - 1]).toEqual({ setCanaryScale: { replicas: 5 } });
    const alone = rolloutOf(blueGreen({ previewPods: 1 }), { replicas: 10 }).canary.steps;
    expect(alone[0]).toEqual({ setCanaryScale: { replicas: 1 } });
  });

  it("has one feature flag of a key", () => {
    const cohort = (key?: string, percent = 5) => ({
      ...internalTesters,
      flag: { percent, ...(key === undefined ? {} : { key }) },
    });
    const two = (first?: string, second?: string, percent = 5) =>
      sequence([darkLaunch({ cohort: cohort(first) }), blueGreen({ preview: cohort(second, percent) })]);
    expect(problemsOf(two(undefined, undefined, 6))).toEqual(["release.phases[1]"]);
    expect(problemsOf(two("a", "a", 6))).toEqual(["release.phases[1]"]);
    expect(problemsOf(two("a", "b", 6))).toEqual([]);
    expect(problemsOf(two())).toEqual([]);
  });

  it("has the problems of its phases, by the path that was typed", () => {
    expect(problemsOf(sequence([darkLaunch({ pods: 0 }), canary({ weights: [5] })]))).toEqual([
      "release.phases[0].pods",
      "release.phases[1].weights",
    ]);
    const misspelt = { kind: "sequence", phases: [{ kind: "darklaunch" }] } as unknown as Sequence;
    expect(problemsOf(misspelt)).toEqual(["release.phases[0].kind"]);
  });
});

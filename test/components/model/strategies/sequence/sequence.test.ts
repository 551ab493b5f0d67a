import { describe, expect, it } from "vitest";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
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

  it("has the problems of its phases, by the path that was typed", () => {
    expect(problemsOf(sequence([darkLaunch({ pods: 0 }), canary({ weights: [5] })]))).toEqual([
      "release.phases[0].pods",
      "release.phases[1].weights",
    ]);
    const misspelt = { kind: "sequence", phases: [{ kind: "darklaunch" }] } as unknown as Sequence;
    expect(problemsOf(misspelt)).toEqual(["release.phases[0].kind"]);
  });
});

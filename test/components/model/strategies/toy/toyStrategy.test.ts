import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../../../../components/model/model.ts";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { type Release, stepWeightsOf, strategies } from "../../../../../components/model/strategies/strategies.ts";
import { plannedReleases } from "../../../../../plan/plannedReleases.ts";
import { shown } from "../../../../../plan/shownValues.ts";
import type { Environment } from "../../../../../stacks/environments/environment.ts";
import { local } from "../../../../../stacks/environments/local.ts";
import { recordLayers } from "../../../../recordLayers.ts";
import { sound } from "../../fixtures.ts";
import { type AllAtOnce, allAtOnceStrategy } from "./toyStrategy.ts";

// The one line that a strategy takes outside its folder.
beforeAll(() => void Object.assign(strategies, { allAtOnce: allAtOnceStrategy }));
afterAll(() => void Reflect.deleteProperty(strategies, "allAtOnce"));

const released = (release: AllAtOnce): Model => ({ ...sound, release: release as unknown as Release });
const soon = released({ kind: "allAtOnce", delay: 5 });

describe("a strategy with one folder and one line", () => {
  it("is validated with the model, by the path that was typed", () => {
    expect(validateModel("fraud", soon)).toEqual([]);
    expect(validateModel("fraud", released({ kind: "allAtOnce", delay: -1 }))).toEqual([
      { path: "release.delay", reason: "-1 is below 0." },
    ]);
  });

  it("is planned: its Rollout, and no analysis that it does not ask for", async () => {
    const environment = { ...local, models: { fraud: soon } } as Environment;
    const resources = await recordLayers(environment);
    const kinds = resources.map(({ type }) => type.slice(type.lastIndexOf(":") + 1));
    expect(kinds).not.toContain("AnalysisTemplate");
    const rollout = resources.find(({ type }) => type.endsWith(":Rollout"));
    expect(shown(rollout?.props ?? {})).toMatchObject({
      spec: { strategy: { blueGreen: { activeService: "fraud", scaleDownDelaySeconds: 5 } } },
    });
    expect(plannedReleases(environment)).toEqual([
      { model: "fraud", version: soon.version, release: "all at once; the old pods go after 5 s" },
    ]);
  });

  it("says what progress means for its Rollouts, and for no others", () => {
    expect(stepWeightsOf({ blueGreen: {} })).toEqual([100]);
    expect(stepWeightsOf({ canary: { steps: [{ setWeight: 5 }, { pause: {} }, { setWeight: 100 }] } })).toEqual([
      5, 5, 100,
    ]);
    expect(stepWeightsOf({})).toEqual([]);
  });
});

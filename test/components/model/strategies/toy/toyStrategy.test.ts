import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

it("refuses a kind of release that does not exist, with those that do", () => {
  const [problem] = validateModel("fraud", released({ kind: "allAtOnec" as "allAtOnce", delay: 0 }));
  expect(problem).toMatchObject({ path: "release.kind", reason: expect.stringContaining('"allAtOnec"') });
});

it("no code outside the strategies' folders branches on the kind of a release", () => {
  const root = fileURLToPath(new URL("../../../../..", import.meta.url));
  const rooms = ["components", "stacks", "engine", "plan", "preflight", "rehearsal", "embedded", "cli"];
  const branch = /release\.(weights|bake|confidence|metricsOutage)\b|"canary"|kind === "\w*(canary|blueGreen)/;
  const files = rooms
    .flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((file) => `${room}/${file}`),
    )
    .filter(
      (file) => file.endsWith(".ts") && !/^components\/model\/strategies\/|^stacks\/(environments|models)\//.test(file),
    );
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .filter((line) => branch.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  // The name of a subset and the heading of a column are words of Istio and of the table.
  expect(found).toEqual([
    'components/model/objectNames.ts: export const subsets = { canary: "canary", stable: "stable" } as const;',
    'cli/verbs/status.ts: columns(["model", "version", "state", "canary", "verdicts"], models.map(modelRow), [3]),',
  ]);
});

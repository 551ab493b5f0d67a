import { describe, expect, it } from "vitest";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { sequence } from "../../../../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../../../../components/model/strategies/shadow/shadow.ts";
import { analysesOf, released, rolloutOf } from "../phases/releases.ts";

describe("a shadow", () => {
  it("copies requests to as many pods as the copies need, judges the copies, and stops before callers come", () => {
    const { steps, trafficRouting } = rolloutOf(shadow({ percent: 50 })).canary;
    expect(steps.slice(0, 5)).toMatchObject([
      { setCanaryScale: { weight: 50 } },
      { setMirrorRoute: { name: "shadow", percentage: 50, match: [{ path: { prefix: "/" } }] } },
      { pause: { duration: 300 } },
      { analysis: { templates: [{ templateName: "fraud-shadow" }] } },
      { setMirrorRoute: { name: "shadow" } },
    ]);
    expect(steps[4]?.setMirrorRoute).not.toHaveProperty("match");
    expect(trafficRouting.managedRoutes).toEqual([{ name: "shadow" }]);
  });

  it("judges errors, latency and score as a canary does", () => {
    const metrics = (name: string, release: Parameters<typeof analysesOf>[0]) => {
      const spec = analysesOf(release).get(name)?.spec as unknown as { metrics: { name: string }[] } | undefined;
      return spec?.metrics.map((metric) => metric.name);
    };
    expect(metrics("fraud-shadow", shadow())).toContain("errors");
    expect(metrics("fraud-shadow", shadow())).toEqual(metrics("fraud-at-5", canary()));
  });

  it("is refused for a model that is not declared stateless, in a sequence too", () => {
    const pathsOf = (release: Parameters<typeof released>[0], stateless?: boolean) =>
      validateModel("fraud", released(release, stateless === undefined ? {} : { stateless })).map(({ path }) => path);
    expect(pathsOf(shadow())).toEqual(["release.kind"]);
    expect(pathsOf(shadow(), false)).toEqual(["release.kind"]);
    expect(pathsOf(shadow(), true)).toEqual([]);
    expect(pathsOf(sequence([shadow(), canary()]))).toEqual(["release.phases[0].kind"]);
  });

  it("copies a whole percentage of the requests", () => {
    for (const percent of [0, 0.5, 101]) {
      const problems = validateModel("fraud", released(shadow({ percent }), { stateless: true }));
      expect(problems.map(({ path }) => path)).toEqual(["release.percent"]);
    }
  });
});

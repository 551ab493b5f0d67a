import { describe, expect, it } from "vitest";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { blueGreen } from "../../../../../components/model/strategies/blueGreen/blueGreen.ts";
import { released, rolloutOf } from "../phases/releases.ts";

describe("a blue-green release", () => {
  it("stands beside the old version, is tried by a header, gets all traffic at once, and is judged with it", () => {
    const { steps } = rolloutOf(blueGreen()).canary;
    expect(steps).toMatchObject([
      { setCanaryScale: { weight: 100 } },
      { setHeaderRoute: { match: [{ headerName: "x-user-group", headerValue: { exact: "internal-testers" } }] } },
      { pause: { duration: 600 } },
      { analysis: { templates: [{ templateName: "fraud-preview" }] } },
      { setCanaryScale: { weight: 100 } },
      { analysis: { templates: [{ templateName: "fraud-pods" }] } },
      { setWeight: 100 },
      { pause: { duration: 120 } },
      { analysis: { templates: [{ templateName: "fraud-switched" }] } },
    ]);
  });

  it("brings up the other pods before the switch where the preview had fewer", () => {
    const { steps } = rolloutOf(blueGreen({ previewPods: 1 })).canary;
    const scales = steps.flatMap(({ setCanaryScale }) => setCanaryScale ?? []);
    expect(scales).toEqual([{ replicas: 1 }, { weight: 100 }]);
    expect(steps.findIndex(({ setCanaryScale }) => setCanaryScale?.weight === 100)).toBeLessThan(
      steps.findIndex(({ setWeight }) => setWeight === 100),
    );
  });

  it("waits for a person before the switch where it is declared so", () => {
    const { steps } = rolloutOf(blueGreen({ gate: "manual" })).canary;
    const gate = steps.findIndex(({ pause }) => pause !== undefined && pause.duration === undefined);
    expect(gate).toBeGreaterThan(0);
    expect(gate).toBeLessThan(steps.findIndex(({ setWeight }) => setWeight === 100));
  });

  it("keeps the old pods as long as declared", () => {
    expect(rolloutOf(blueGreen({ keep: "1h" })).canary.scaleDownDelaySeconds).toBe(3_600);
  });

  it("has the problems of its fields, by the path that was typed", () => {
    const release = blueGreen({
      preview: { header: "Host", value: "a" },
      previewPods: 0,
      lasts: "25h",
      keep: "1s",
      confidence: { falseAlarm: "99%", miss: "5%" },
    });
    expect(validateModel("fraud", released(release)).map(({ path }) => path)).toEqual([
      "release.preview.header",
      "release.lasts",
      "release.previewPods",
      "release.keep",
      "release.confidence.falseAlarm",
    ]);
  });
});

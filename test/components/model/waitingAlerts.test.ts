import { describe, expect, it } from "vitest";
import { rolloutSpec } from "../../../components/model/rollout.ts";
import { canaryStrategy } from "../../../components/model/strategies/canary/canaryStrategy.ts";
import type { RolloutStrategy } from "../../../components/model/strategies/releaseStrategy.ts";
import { waitingAlerts } from "../../../components/model/waitingAlerts.ts";
import { context, host, sound } from "./fixtures.ts";
import { evaluate, type Series } from "./verdict/promql.ts";

const strategy = rolloutSpec(sound, host, context).strategy as RolloutStrategy;
const planned = canaryStrategy.plannedSeconds?.(sound, sound.release, context) ?? [];
const rules = waitingAlerts(context, strategy, planned).rules ?? [];
const analyses = (strategy.canary?.steps ?? []).flatMap(({ analysis }, step) => (analysis === undefined ? [] : [step]));

/** What the controller says of one object. */
const said = (metric: string, labels: Series["labels"]): Series[] => [
  { labels: { __name__: metric, namespace: "models", ...labels }, samples: [[0, 1]] },
];
const run = (name: string, phase = "Running", labels = {}) => said("analysis_run_info", { name, phase, ...labels });
const firing = (series: readonly Series[]) =>
  rules.filter(({ expr }) => evaluate(String(expr), series, 0).length > 0).map((rule) => String(rule.for));

describe("somebody is told of a release", () => {
  it("that waits for the verdict of a step longer than planned, each step by its own plan", () => {
    expect(analyses.length).toBeGreaterThan(2);
    for (const step of analyses) {
      const most = `${Math.max(600, Math.ceil(planned[step] ?? 0))}s`;
      expect(firing(run(`fraud-5f7d9c-7-${step}`))).toEqual([most]);
    }
    const slower = { ...sound, traffic: { expectedQps: { trough: 1, peak: 1_000 } } };
    const plan = canaryStrategy.plannedSeconds?.(slower, slower.release, context) ?? [];
    const waits = waitingAlerts(context, strategy, plan).rules?.map((rule) => Number.parseInt(String(rule.for), 10));
    expect(waits).toContain(Math.max(...analyses.map((step) => Math.ceil(plan[step] ?? 0))));
  });

  it("that is paused, by a person or by an analysis that ended Inconclusive, longer than its own pauses", () => {
    const paused = said("rollout_info", { name: "fraud", phase: "Paused" });
    const longest = Math.max(0, ...(strategy.canary?.steps ?? []).map(({ pause }) => Number(pause?.duration ?? 0)));
    expect(firing(paused)).toEqual([`${longest + 600}s`]);
    const gated = { canary: { steps: [{ pause: {} }, { pause: { duration: "1h" } }] } } as RolloutStrategy;
    expect(waitingAlerts(context, gated).rules?.map((rule) => rule.for)).toEqual(["4200s"]);
  });

  it("where the controller is scraped without honorLabels, too", () => {
    const exported = { namespace: "argo-rollouts", exported_namespace: "models" };
    expect(firing(run(`fraud-5f7d9c-7-${analyses[0]}`, "Running", exported))).toHaveLength(1);
  });

  it("with the command that says why", () => {
    for (const { alert, annotations } of rules) {
      expect(alert).toBe("ModelReleaseWaits");
      expect(annotations?.description).toContain("npx serin release status fraud");
    }
  });
});

describe("nobody is told of", () => {
  it.each<[string, Series[]]>([
    ["the guard, which runs as long as the release", run("fraud-5f7d9c-7")],
    ["a step that has its verdict", run(`fraud-5f7d9c-7-${analyses[0]}`, "Successful")],
    ["another model whose name begins so", run(`fraud-eu-5f7d9c-7-${analyses[0]}`)],
    ["a model of that name elsewhere", run(`fraud-5f7d9c-7-${analyses[0]}`, "Running", { namespace: "others" })],
    ["a release that goes on", said("rollout_info", { name: "fraud", phase: "Progressing" })],
  ])("%s", (_, series) => {
    expect(firing(series)).toEqual([]);
  });
});

import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import { schemaProblems } from "../../../../../components/core/customResource.ts";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { abTest } from "../../../../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../../../../components/model/strategies/blueGreen/blueGreen.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../../../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../../../../components/model/strategies/shadow/shadow.ts";
import { type Release, strategyOf } from "../../../../../components/model/strategies/strategies.ts";
import { requireAnalysisBeforeHalf } from "../../../../../policies/rollout/requireAnalysisBeforeHalf.ts";
import { judge } from "../../../../policies/harness.ts";
import { context } from "../../fixtures.ts";
import { analysesOf, released, rolloutOf, type Step } from "./releases.ts";

const metric = { successes: "checkouts_total", trials: 'visits_total{shop="eu"}' };
const releases: readonly (readonly [string, Release])[] = [
  ["darkLaunch", darkLaunch()],
  ["darkLaunch by hand", darkLaunch({ gate: "manual", requests: 0, lasts: "0s" })],
  ["darkLaunch, canary", sequence([darkLaunch(), canary({ weights: [10, 100] })])],
  ["shadow", shadow()],
  ["blueGreen", blueGreen()],
  ["blueGreen of one preview pod", blueGreen({ previewPods: 1, gate: "manual" })],
  ["darkLaunch, shadow, canary", sequence([darkLaunch(), shadow({ percent: 20 }), canary()])],
  ["abTest", abTest({ percent: 20, metric })],
  ["darkLaunch, canary, abTest", sequence([darkLaunch(), canary({ weights: [5, 20, 100] }), abTest({ metric })])],
  ["shadow, blueGreen", sequence([shadow(), blueGreen()])],
];

/** The queries of a template, with the arguments that the controller fills in. */
function queriesOf(spec: unknown): string[] {
  const { metrics } = spec as { metrics: { provider: { prometheus: { query: string } } }[] };
  return metrics.map(({ provider }) => provider.prometheus.query.replaceAll(/\{\{args\.[a-z-]+\}\}/g, "abc"));
}

describe.each(releases)("a release of phases (%s)", (_name, release) => {
  const { spec, canary: strategy } = rolloutOf(release);
  const { steps } = strategy;
  const firstWeight = steps.findIndex(({ setWeight }) => setWeight !== undefined);
  const earlier = (index: number, is: (step: Step) => boolean) => steps.slice(0, index).some(is);

  it("is accepted, and fits the schema of the Rollout and of its AnalysisTemplates", () => {
    expect(validateModel("fraud", released(release, { stateless: true }))).toEqual([]);
    expect(schemaProblems("Rollout", spec)).toEqual([]);
    for (const { spec: template } of analysesOf(release).values()) {
      expect(schemaProblems("AnalysisTemplate", template)).toEqual([]);
    }
  });

  it("makes the templates that its Rollout refers to, each once, and no others", () => {
    const named = [...JSON.stringify(spec).matchAll(/"templateName":"([^"]+)"/g)].map(([, name]) => name);
    expect([...new Set(named)].sort()).toEqual([...analysesOf(release).keys()].sort());
    expect(analysesOf(release).has("fraud-guard")).toBe(true);
  });

  it("has well-formed queries, which count the pods of the new version", () => {
    for (const [template, analysis] of analysesOf(release)) {
      for (const query of queriesOf(analysis.spec)) {
        const errors: string[] = [];
        parser
          .parse(query)
          .iterate({ enter: ({ type, from }) => void (type.isError && errors.push(query.slice(from))) });
        expect(errors, template).toEqual([]);
        expect(query, template).toContain("abc");
      }
    }
  });

  it("names every route that a step adds, and has pods before it adds one", () => {
    const managed = (strategy.trafficRouting.managedRoutes ?? []).map(({ name }) => name);
    for (const [index, { setHeaderRoute, setMirrorRoute }] of steps.entries()) {
      const route = setHeaderRoute ?? setMirrorRoute;
      if (route === undefined) continue;
      expect(managed).toContain(route.name);
      expect(
        earlier(index, ({ setCanaryScale }) => (setCanaryScale?.replicas ?? setCanaryScale?.weight ?? 0) > 0),
      ).toBe(true);
    }
  });

  it("gives HTTP and gRPC a VirtualService each where the controller adds routes, since it copies one port", () => {
    if (strategy.trafficRouting.managedRoutes === undefined) return;
    expect(strategy.trafficRouting.istio.virtualServices).toEqual([
      { name: "fraud-release", routes: ["primary"] },
      { name: "fraud-release-grpc", routes: ["grpc"] },
    ]);
  });

  it("serves no weight with the pods of a preparation", () => {
    expect(earlier(firstWeight, ({ setCanaryScale }) => setCanaryScale?.matchTrafficWeight === true)).toBe(false);
    let scale: Step["setCanaryScale"];
    for (const [index, { setCanaryScale, setWeight }] of steps.entries()) {
      scale = setCanaryScale ?? scale;
      const follows = steps[index + 1]?.setCanaryScale?.matchTrafficWeight === true;
      if (setWeight === undefined || scale === undefined || scale.matchTrafficWeight === true || follows) continue;
      expect(scale.weight).toBeGreaterThanOrEqual(setWeight);
    }
  });

  it("mirrors no request once callers reach the new version", () => {
    let mirrored = false;
    for (const { setMirrorRoute, setWeight } of steps) {
      if (setMirrorRoute !== undefined) mirrored = setMirrorRoute.match !== undefined;
      if (setWeight !== undefined) expect(mirrored).toBe(false);
    }
  });

  it("ends mirroring after the first weight, too, where a person promotes to it and skips the step before", () => {
    const mirrors = new Set(steps.flatMap(({ setMirrorRoute }) => setMirrorRoute?.name ?? []));
    const after = steps.slice(firstWeight + 1, firstWeight + 3).flatMap(({ setMirrorRoute }) => setMirrorRoute ?? []);
    expect(after).toEqual([...mirrors].map((name) => ({ name })));
  });

  it("ends with all traffic on the new version, and is guarded from its first request", () => {
    expect(steps.findLast(({ setWeight }) => setWeight !== undefined)?.setWeight).toBe(100);
    const added = steps.findIndex((step) => step.setHeaderRoute ?? step.setMirrorRoute);
    const reached = steps.findIndex(({ setWeight }) => setWeight !== undefined) + 1;
    expect(strategy.analysis.startingStep).toBe(added < 0 ? reached : Math.min(added, reached));
  });

  it("plans a time for every step", () => {
    const model = released(release);
    const planned = strategyOf(release).plannedSeconds?.(model, release, context) ?? [];
    expect(planned).toHaveLength(steps.length);
    expect(planned.every((seconds) => seconds > 0)).toBe(true);
  });

  it("complies with the policy that a version is judged before it carries half of the traffic", async () => {
    const type = "kubernetes:argoproj.io/v1alpha1:Rollout";
    expect(await judge(requireAnalysisBeforeHalf, type, { spec })).toEqual({ violations: [] });
  });
});

import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import { schemaProblems } from "../../../../../components/core/customResource.ts";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../../../../components/model/strategies/sequence/sequence.ts";
import type { Release } from "../../../../../components/model/strategies/strategies.ts";
import { analysesOf, released, rolloutOf, type Step } from "./releases.ts";

const releases: readonly (readonly [string, Release])[] = [
  ["darkLaunch", darkLaunch()],
  ["darkLaunch by hand", darkLaunch({ gate: "manual", requests: 0, lasts: "0s" })],
  ["darkLaunch, canary", sequence([darkLaunch(), canary({ weights: [10, 100] })])],
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
    let fixed = false;
    for (const [index, { setCanaryScale, setWeight }] of steps.entries()) {
      if (setCanaryScale !== undefined)
        fixed = setCanaryScale.matchTrafficWeight !== true && setCanaryScale.weight !== 100;
      const next = steps[index + 1]?.setCanaryScale;
      if (setWeight !== undefined && fixed) expect(next).toEqual({ matchTrafficWeight: true });
    }
  });

  it("mirrors no request once callers reach the new version", () => {
    let mirrored = false;
    for (const { setMirrorRoute, setWeight } of steps) {
      if (setMirrorRoute !== undefined) mirrored = setMirrorRoute.match !== undefined;
      if (setWeight !== undefined) expect(mirrored).toBe(false);
    }
  });

  it("ends with all traffic on the new version, and is guarded from its first request", () => {
    expect(steps.findLast(({ setWeight }) => setWeight !== undefined)?.setWeight).toBe(100);
    expect(strategy.analysis.startingStep).toBeLessThanOrEqual(1);
  });
});

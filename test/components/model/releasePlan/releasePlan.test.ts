import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Model } from "../../../../components/model/model.ts";
import { plannedDuration, releasePlan } from "../../../../components/model/releasePlan/releasePlan.ts";
import { spanText } from "../../../../components/model/releasePlan/spanText.ts";
import { rollback } from "../../../../components/model/rollback.ts";
import { type Canary, canary } from "../../../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../../../components/model/strategies/darkLaunch/darkLaunch.ts";
import type { AnalysisContext } from "../../../../components/model/strategies/releaseStrategy.ts";
import { sequence } from "../../../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../../../components/model/strategies/shadow/shadow.ts";
import { fastestSchedule, scheduleOf } from "../../../../components/model/strategies/size/schedules.ts";
import { sizeProblems } from "../../../../components/model/strategies/size/sizeProblems.ts";
import { modelOnCluster } from "../../../../stacks/environments/releaseSite.ts";
import { resnet50 } from "../../../../stacks/models/resnet50.ts";

const context: AnalysisContext = {
  name: "resnet50",
  namespace: "models",
  prometheusAddress: "http://prometheus:9090",
  scrapeInterval: "15s",
  podDeadlineSeconds: 900,
};

function model(rate: number, release: Model["release"] = canary(), peak = rate): Model {
  return { ...resnet50, version: "2", release, traffic: { expectedQps: { trough: rate, peak } } };
}

function planned(one: Model, runs = 40) {
  const { trough } = one.traffic.expectedQps;
  const plan = releasePlan(one, context, [{ when: "trough", requestsPerSecond: () => trough }], { runs });
  const at = plan?.at[0];
  if (plan === undefined || at === undefined) throw new Error("The release was not planned.");
  const of = (version: string) => {
    const found = at.outcomes.find((outcome) => outcome.version === version);
    if (found === undefined) throw new Error(`There is no outcome of "${version}".`);
    return found;
  };
  return { plan, at, of };
}

const rates = fc.double({ min: 0.5, max: 2_000, noNaN: true });

describe("a planned release", () => {
  it("rolls back what has twice its objective, and promotes what has half of it", () => {
    const { of } = planned(model(50), 150);
    expect(of("1/2 of its objective").chances.rolledBack).toBeLessThanOrEqual(0.03);
    expect(of("2 × its objective").chances.promoted).toBeLessThanOrEqual(0.03);
    expect(of("10 × its objective").seconds.mean).toBeLessThan(of("2 × its objective").seconds.mean);
  });

  it("fails all requests of its first weight until a scrape and a look have seen them", () => {
    const { of } = planned(model(100));
    // 5 requests/s for one interval of 15 s, half to all of the 30 s between two looks, and 2 s to take the weight away.
    expect(of("every request").failed.mean).toBeGreaterThan(5 * (15 + 15 + 2) - 10);
    expect(of("every request").failed.mean).toBeLessThan(5 * (15 + 30 + 2));
    expect(of("every request").chances.rolledBack).toBe(1);
  });

  it("has stages whose weights rise and whose times add up", () => {
    const { at } = planned(model(20));
    expect(at.stages.map(({ name }) => name)).toEqual(["5 %", "20 %", "50 %", "100 %"]);
    expect(at.stages.map(({ weight }) => weight)).toEqual([5, 20, 50, 100]);
    expect(at.stages.reduce((sum, { seconds }) => sum + seconds.mean, 0)).toBeCloseTo(at.seconds.mean, 6);
  });

  it("ends within the time that its steps are planned to take, 95 times in 100", () => {
    for (const rate of [5, 50, 500]) {
      const one = model(rate);
      expect(planned(one).at.seconds.late).toBeLessThanOrEqual(plannedDuration(one, context) ?? 0);
    }
  });

  it("takes longer where bad requests come together", () => {
    const rate = [{ when: "trough", requestsPerSecond: () => 10 }];
    const late = (clumping: number) =>
      releasePlan(model(10), context, rate, { clumping, runs: 40 })?.at[0]?.seconds.late ?? 0;
    expect(late(8)).toBeGreaterThan(1.5 * late(1));
  });

  it("harms no caller with copies of requests, and waits for chosen ones", () => {
    const stateless = { ...model(20, sequence([shadow(), canary()])), stateless: true };
    const { at, of } = planned(stateless);
    expect(at.stages.map(({ name }) => name)).toEqual(["copies of 100 %", "5 %", "20 %", "50 %", "100 %"]);
    expect(of("every request").failed.mean).toBe(0);
    expect(planned(model(20, darkLaunch())).at.stages[0]?.weight).toBe(0);
  });

  it("has as many GPUs beside the stable version's as all traffic asks for, and those that are kept", () => {
    const kept = planned({ ...model(20, canary({ keep: "2h" })), replicas: 3 });
    const freed = planned({ ...model(20, canary()), replicas: 3 });
    expect(kept.plan.surge).toMatchObject({ pods: 3, gpus: 3 });
    expect(kept.plan.surge.gpuHours - freed.plan.surge.gpuHours).toBeCloseTo(3 * (2 - 30 / 3_600), 1);
    const phases = planned({ ...model(20, sequence([canary({ keep: "2h" })])), replicas: 3 });
    expect(phases.plan.surge.gpuHours).toBeCloseTo(kept.plan.surge.gpuHours, 6);
  });

  it("holds the pods of both versions while rollback guards watch it at its end", () => {
    const one = { ...model(20), replicas: 3 };
    const guards = [rollback({ metric: "http_5xx_rate", threshold: "5%", watch: "2h" })];
    const [watched, plain] = [planned({ ...one, guards }), planned(one)];
    expect(watched.at.stages.at(-1)).toMatchObject({ name: "100 %", weight: 100 });
    expect(watched.at.seconds.mean - plain.at.seconds.mean).toBeCloseTo(7_200, -2);
    expect(watched.plan.surge.gpuHours - plain.plan.surge.gpuHours).toBeCloseTo(3 * 2, 1);
  });
});

describe("schedules", () => {
  it("are never longer with more traffic", () => {
    fc.assert(
      fc.property(rates, rates, (one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        return Number(plannedDuration(model(more), context)) <= Number(plannedDuration(model(less), context));
      }),
      { numRuns: 12 },
    );
  });

  it("never begin with a larger weight where fewer requests may fail, and keep to that number", () => {
    const release = canary();
    const failed = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(rates, failed, failed, (rate, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const [strict, loose] = [less, more].map((most) => fastestSchedule(model(rate), release, context, most));
        if (strict === undefined) return true;
        return strict.failed <= less && loose !== undefined && loose.seconds <= strict.seconds;
      }),
      { numRuns: 4 },
    );
  });

  it("of 100 requests/s and 5 % fail 235 of a version that fails all, and no weight fails 10", () => {
    expect(scheduleOf(model(100), canary(), context).failed).toBe(235);
    expect(fastestSchedule(model(100), canary(), context, 10)).toBeUndefined();
  });
});

describe("the size of a release", () => {
  it("is a problem exactly where a healthy version takes longer than is declared", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), (rate) => {
        const one = model(rate);
        const isTooLong = (plannedDuration(one, context) ?? 0) > 24 * 3_600;
        return sizeProblems(one, context, "c").length > 0 === isTooLong;
      }),
      { numRuns: 12 },
    );
  });

  it("names the ways out of too little traffic, each with its price", () => {
    const [problem] = sizeProblems({ ...model(0.2), stateless: true }, context, "edge");
    expect(problem?.path).toBe("release.exposure.duration");
    expect(problem?.reason).toMatch(
      /^insufficient traffic: with 0\.2 requests\/s at the trough on cluster "edge" a healthy version takes up to \d+h, and 24h is the longest\.$/,
    );
    for (const way of [
      "weights [",
      "shadow() before",
      "darkLaunch(",
      "blueGreen(",
      "slo.errorRate",
      "exposure.duration (",
    ]) {
      expect(problem?.fix).toContain(way);
    }
  });

  it("is also that of the canary which a dark launch or a shadow alone is followed by", () => {
    for (const release of [darkLaunch(), shadow()]) {
      const [problem] = sizeProblems({ ...model(0.2, release), stateless: true }, context, "edge");
      expect(problem?.path).toBe("release");
      expect(problem?.reason).toContain("insufficient traffic: with 0.2 requests/s");
      expect(problem?.fix).toContain(`sequence([${release.kind}(…), canary(…)])`);
      expect(sizeProblems({ ...model(100, release), stateless: true }, context, "edge")).toEqual([]);
    }
  });

  it("blames its pauses, not the traffic, where they take the time", () => {
    const [problem] = sizeProblems(model(1_000, canary({ bake: "24h" })), context, "c");
    expect(problem).toMatchObject({
      path: "release.exposure.duration",
      reason:
        'with a bake of 24h at each of 4 weights a healthy version takes up to 97h on cluster "c", and 24h is the longest.',
    });
    expect(problem?.fix).toMatch(/^Write a shorter bake, fewer weights, or a longer exposure\.duration \(97h\)/);
  });

  it("is a problem where more requests fail than are declared, with weights that keep to it", () => {
    const strict: Canary = canary({ exposure: { duration: "24h", failedRequests: 100 } });
    const [problem] = sizeProblems(model(100, strict), context, "c");
    expect(problem?.path).toBe("release.exposure.failedRequests");
    expect(problem?.fix).toMatch(/^Write weights \[2,.*100\] \(94 requests, /);
    expect(sizeProblems(model(100, sequence([darkLaunch(), strict])), context, "c")[0]?.path).toBe(
      "release.phases[1].exposure.failedRequests",
    );
  });

  it("is that of the traffic which one of several clusters gets", () => {
    const on = (...names: string[]) =>
      modelOnCluster(model(100, canary(), 400), {
        clusters: Object.fromEntries(names.map((name) => [name, {}])) as never,
      });
    expect(on("a").traffic.expectedQps).toEqual({ trough: 100, peak: 400 });
    expect(on("a", "b", "c", "d").traffic.expectedQps).toEqual({ trough: 25, peak: 100 });
  });
});

it("writes a length of time in two units at most", () => {
  expect([1, 118.2, 121, 7_200, 7_260, 200_000, Number.NaN].map(spanText)).toEqual([
    "1s",
    "119s",
    "3m",
    "2h",
    "2h 1m",
    "56h",
    "–",
  ]);
});

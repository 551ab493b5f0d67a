import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import type { AnalysisMetric } from "../../../../components/core/customResource.ts";
import {
  guardTemplate,
  podsTemplate,
  type Stage,
  stageSeconds,
  stageTemplate,
} from "../../../../components/model/analysis/templates.ts";
import type { Model } from "../../../../components/model/model.ts";
import { rollback } from "../../../../components/model/rollback.ts";
import { abTest } from "../../../../components/model/strategies/abTest/abTest.ts";
import { canary } from "../../../../components/model/strategies/canary/canary.ts";
import { stagesOf } from "../../../../components/model/strategies/canary/canaryStrategy.ts";
import { sequence } from "../../../../components/model/strategies/sequence/sequence.ts";
import { strategyOf } from "../../../../components/model/strategies/strategies.ts";
import { context, sound } from "../fixtures.ts";

const metricsOf = (spec: unknown) => (spec as { metrics: AnalysisMetric[] }).metrics;
const stage = (index: number, model: typeof sound = sound) =>
  metricsOf(stageTemplate(model, model.release, stagesOf(model.release)[index] as Stage, context));
const guard = () => metricsOf(guardTemplate(sound, sound.release, context));
const gate = () => metricsOf(podsTemplate(sound.release, context));
const query = (metric: AnalysisMetric | undefined) => metric?.provider.prometheus?.query ?? "";

function syntaxErrors(text: string): string[] {
  const errors: string[] = [];
  parser.parse(text.replaceAll("{{args.weight}}", "20").replaceAll(/\{\{args\.[a-z-]+\}\}/g, "abc")).iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(text.slice(from, from + 20));
    },
  });
  return errors;
}

it("every query is well-formed PromQL", () => {
  for (const metric of [...[0, 1, 2].flatMap((index) => stage(index)), ...guard(), ...gate()]) {
    expect(syntaxErrors(query(metric)), metric.name).toEqual([]);
  }
  expect(syntaxErrors("sum(up")).not.toEqual([]);
});

describe("a release that waits longer than its evidence looks back", () => {
  const errorsBound = (model: Model) => {
    const strategy = strategyOf(model.release);
    const found = strategy.analyses(model, model.release, context).find(({ child }) => child === "guard");
    const [errors] = metricsOf(found?.spec);
    return Number(/>= bool ([\d.]+)\)$/.exec(query(errors))?.[1]);
  };
  const metric = { successes: "a_total", trials: "b_total" };

  it("fails on evidence as many times as strong", () => {
    const short = errorsBound(sound);
    expect(errorsBound({ ...sound, release: canary({ bake: "10m" }) })).toBe(short);
    // Four days of bakes, and evidence of one hour.
    expect(errorsBound({ ...sound, release: canary({ bake: "24h" }) }) / short).toBeCloseTo(96, 1);
    const tested = sequence([canary({ weights: [5, 20, 100] }), abTest({ metric })]);
    expect(errorsBound({ ...sound, release: tested }) / short).toBeGreaterThan(336);
    const guards = [rollback({ metric: "http_5xx_rate", threshold: "5%", watch: "24h" })];
    expect(errorsBound({ ...sound, guards }) / short).toBeCloseTo(24.13, 1);
  });
});

describe("a stage", () => {
  it("follows the recipe of an exact sequential test, which no data can pass or fail", () => {
    for (const metric of stage(0)) {
      expect(metric).toMatchObject({
        failureLimit: 0,
        consecutiveSuccessLimit: 1,
        successCondition: "len(result) > 0 && result[0] == 1",
        failureCondition: "len(result) > 0 && result[0] == 2",
      });
    }
  });

  it("waits for a verdict without an end, since a run that ends Inconclusive pauses the release and its guard", () => {
    for (const metric of [...stage(0), ...gate()]) {
      // At a look a second, eleven days.
      expect(metric).toMatchObject({ count: 1_000_000, inconclusiveLimit: 1_000_000 });
    }
  });

  it("judges only the canary's own pods, as the receiving proxy saw them", () => {
    for (const metric of stage(0)) expect(query(metric)).toContain('pod=~"fraud-{{args.canary-hash}}-.+"');
    expect(query(stage(0)[0])).toContain('reporter="destination"');
  });

  it("gives most of the chance of a false alarm to errors, the rest to what else is judged", () => {
    const { predictionScore: _, ...slo } = sound.slo;
    const bounds = (model: typeof sound) =>
      [0, 1].map((index) => Number(/ >= ([\d.]+), 2\)/.exec(query(stage(0, model)[index]))?.[1]));
    // 1 %: 90 % of it for errors; half or a third of the rest for latency.
    expect(bounds({ ...sound, slo })).toEqual([expect.closeTo(1 / 0.009, 4), expect.closeTo(1 / 0.0005, 4)]);
    expect(bounds(sound)).toEqual([expect.closeTo(1 / 0.009, 4), expect.closeTo(3 / 0.001, 4)]);
  });

  it("excludes what would give all callers twice the objective at the next weight, at the trough of traffic too", () => {
    const seconds = (index: number, model: typeof sound = sound) =>
      stageSeconds(model, model.release, stagesOf(model.release)[index] as Stage, context);
    // Wald's line for 1 %, 0.4 % and 0.2 % against an eighth of it.
    const slope = (index: number) => Number(/<= bool \(([\d.]+) \*/.exec(query(stage(index)[0]))?.[1]);
    expect([0, 1, 2].map(slope)).toEqual([
      expect.closeTo(0.00421, 5),
      expect.closeTo(0.001684, 6),
      expect.closeTo(0.0008418, 7),
    ]);
    const slower = { ...sound, traffic: { expectedQps: { trough: 10, peak: 1_000 } } };
    expect(seconds(0, slower)).toBeGreaterThan(9 * seconds(0));
  });

  it("survives as long an outage of Prometheus as declared", () => {
    expect(stage(0)[0]?.consecutiveErrorLimit).toBe(30);
  });
});

describe("the gate before a weight", () => {
  it("asks for the canary's part of the pods that stable has, and for at least one", () => {
    expect(query(gate()[0])).toBe(
      '(count(count by (pod) (up{namespace="models",pod=~"fraud-{{args.canary-hash}}-.+",endpoint="metrics"} == 1)) or vector(0))' +
        ' >= bool clamp_min(ceil((count(count by (pod) (up{namespace="models",pod=~"fraud-{{args.stable-hash}}-.+",endpoint="metrics"} == 1)) or vector(0)) * {{args.weight}} / 100), 1)',
    );
  });

  it("gives up after the deadline for pods, and never without data", () => {
    expect(gate()[0]).toMatchObject({
      // 900 s at a look every 30 s.
      failureLimit: 30,
      successCondition: "len(result) > 0 && result[0] == 1",
      failureCondition: "len(result) > 0 && result[0] == 0",
    });
  });
});

describe("the guard", () => {
  it("can only fail, and says nothing without data", () => {
    for (const metric of guard()) {
      expect(metric.successCondition).toBeUndefined();
      expect(metric.failureCondition).toBe("len(result) > 0 && result[0] == 2");
      expect(query(metric)).not.toContain("<= bool");
      expect(metric.count).toBeUndefined();
    }
  });

  it("sees requests the canary refuses, which are no errors of the server", () => {
    expect(guard().map(({ name }) => name)).toEqual(["errors", "latency", "prediction-score", "client-errors"]);
    expect(query(guard()[3])).toContain('response_code=~"4.."');
    expect(query(guard()[3])).toContain("{{args.stable-hash}}");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Model } from "../../../components/model/model.ts";
import { validateModel } from "../../../components/model/modelProblems.ts";
import { canary } from "../../../components/model/strategies/canary/canary.ts";
import { sound } from "./fixtures.ts";

const problemsOf = (change: Partial<Model>, name = "fraud") => validateModel(name, { ...sound, ...change });

it("needs a mean score between the least and the greatest score, and a tolerance that some mean exceeds", () => {
  const score = (predictionScore: object) => problemsOf({ slo: { ...sound.slo, predictionScore } as typeof sound.slo });
  expect(score({ mean: 0.5, tolerance: 0.02 })).toEqual([]);
  expect(score({ mean: 3, tolerance: 0.5, min: 1, max: 5 })).toEqual([]);
  expect(score({ mean: 3, tolerance: 0.5 })).toMatchObject([
    { path: "slo.predictionScore.mean", reason: "3 is not between the least score, 0, and the greatest, 1." },
  ]);
  expect(score({ mean: 0.5, tolerance: 1 })).toMatchObject([{ path: "slo.predictionScore.tolerance" }]);
  expect(score({ mean: 0.5, tolerance: 0.1, min: 1, max: 0 })).toMatchObject([{ path: "slo.predictionScore.mean" }]);
});

it("has nothing to say about a sound model", () => {
  expect(problemsOf({})).toEqual([]);
});

it("takes no infinite number, which no query could hold", () => {
  const infinite = Number.POSITIVE_INFINITY;
  expect(problemsOf({ traffic: { expectedQps: { trough: 1, peak: infinite } } })).toMatchObject([
    { path: "traffic.expectedQps.peak", reason: "Infinity is not a number." },
  ]);
  expect(problemsOf({ slo: { ...sound.slo, predictionScore: { mean: 0.1, tolerance: infinite } } })).toMatchObject([
    { path: "slo.predictionScore.tolerance", reason: "Infinity is not a number." },
  ]);
});

it("refuses weights that its traffic decides after weeks", () => {
  const little = { traffic: { expectedQps: { trough: 0.1, peak: 1 } } };
  expect(problemsOf({ ...little, release: canary({ weights: [1, 50, 100] }) })).toMatchObject([
    {
      path: "traffic.expectedQps.trough",
      reason: expect.stringMatching(/^at 0\.1 requests a second, a step of the release takes up to \d\d days\.$/),
    },
  ]);
  expect(problemsOf({ ...little, release: canary({ weights: [20, 100] }) })).toEqual([]);
});

it("lists the problems of every part at once", () => {
  const paths = problemsOf(
    {
      version: "Version 2",
      replicas: 0,
      repository: { s3: "s3://Models/", region: "us-east-1" },
      server: { ...sound.server, image: "nvcr.io/nvidia/tritonserver:26.07-py3", memory: "4Gi" as "4GiB" },
      traffic: { expectedQps: { trough: 10, peak: 1 } },
      slo: { p99: "150" as "150ms", errorRate: "0%", predictionScore: { mean: 0.1, tolerance: 0 } },
      release: canary({ weights: [60, 50] }),
    },
    "Fraud",
  ).map(({ path }) => path);
  expect(paths).toEqual([
    "name",
    "version",
    "server.memory",
    "server.image",
    "repository.s3",
    "replicas",
    "traffic.expectedQps.trough",
    "slo.p99",
    "slo.errorRate",
    "slo.predictionScore.tolerance",
    "release.weights[1]",
    "release.weights",
    "release.weights",
  ]);
});

describe("latency objectives", () => {
  it("need a unit", () => {
    expect(problemsOf({ slo: { ...sound.slo, p99: "150" as "150ms" } })).toEqual([
      {
        path: "slo.p99",
        reason: '"150" is not a duration.',
        fix: 'Write a number and one of ms, s, m, h, for example "150ms".',
      },
    ]);
  });

  it("are whole milliseconds, since a bucket edge must be", () => {
    expect(problemsOf({ slo: { ...sound.slo, p99: "1.5ms" } })[0]?.path).toBe("slo.p99");
  });
});

describe("weights", () => {
  const problemsOfWeights = (weights: number[]) => problemsOf({ release: canary({ weights }) });

  it("that fall are refused, with the place and the weight before", () => {
    expect(problemsOfWeights([5, 50, 20, 100])).toEqual([
      {
        path: "release.weights[2]",
        reason: "20 is not above 50, the weight before it.",
        fix: "Write rising weights, for example [5, 20, 50, 100].",
      },
    ]);
  });

  it.each([[[]], [[100]], [[5, 20]], [[0, 100]], [[5.5, 100]], [[5, 5, 100]], [[5, 101]], [[50, 100]]])(
    "%j are refused",
    (weights) => {
      expect(problemsOfWeights(weights).length).toBeGreaterThan(0);
    },
  );

  it("that rise to 100 from below 50 are accepted, whatever they are", () => {
    const rising = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 8 })
      .map((weights) => [...weights.sort((a, b) => a - b), 100])
      .filter(([first]) => first !== undefined && first < 50);
    fc.assert(fc.property(rising, (weights) => problemsOfWeights(weights).length === 0));
  });
});

it("names the nearest backend and GPU", () => {
  const server = { ...sound.server, backend: "onnx-runtime" as "onnxruntime", gpu: { kind: "L-4" as "L4", count: 1 } };
  expect(problemsOf({ server }).map(({ fix }) => fix)).toEqual(['Did you mean "onnxruntime"?', 'Did you mean "L4"?']);
});

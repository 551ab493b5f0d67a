import { describe, expect, it } from "vitest";
import {
  compareReplays,
  failures,
  latencies,
  meanScore,
  type Replay,
  tensorsOf,
} from "../../../rehearsal/dev/comparison.ts";

const answered = (...values: unknown[]): Replay => ({
  answers: values.map((value, index) => ({
    latencyMs: index + 1,
    outputs: { score: { shape: [1, 1], data: [value] } },
  })),
});

describe("answers of two versions", () => {
  it("are the same to the last digit, or differ by so much at most", () => {
    expect(compareReplays(answered(1, 2, 3), answered(1, 2.5, 2.75))).toEqual({
      compared: 3,
      differing: 2,
      outputs: [{ name: "score", differing: 2, maxDifference: 0.5 }],
    });
    expect(compareReplays(answered(1, 2), answered(1, 2))).toEqual({ compared: 2, differing: 0, outputs: [] });
  });

  it("are compared where both have answered", () => {
    const failed: Replay = { answers: [{ latencyMs: 1, error: "no" }, ...answered(2).answers] };
    expect(compareReplays(answered(1, 2), failed)).toEqual({ compared: 1, differing: 0, outputs: [] });
  });

  it("differ in texts without a distance", () => {
    expect(compareReplays(answered("good"), answered("bad")).outputs).toEqual([{ name: "score", differing: 1 }]);
  });

  it("differ in shape, and in outputs that only one of them has", () => {
    const other: Replay = {
      answers: [
        { latencyMs: 1, outputs: { score: { shape: [1, 2], data: [1, 2] }, reason: { shape: [1], data: ["x"] } } },
      ],
    };
    expect(compareReplays(answered(1), other).outputs).toEqual([
      { name: "score", differing: 1, shapes: { before: [1, 1], after: [1, 2] } },
      { name: "reason", differing: 1, shapes: { before: [], after: [1] } },
    ]);
  });

  it("may be no number", () => {
    const text = '{"outputs":[{"name":"score","datatype":"FP32","shape":[1,3],"data":[NaN,-Infinity,1.5]}]}';
    expect(tensorsOf(text).score?.data).toEqual(["NaN", "-Infinity", 1.5]);
  });
});

it("latencies are of requests that were answered", () => {
  const replay: Replay = { answers: [...answered(...Array(100).fill(0)).answers, { latencyMs: 9_999, error: "x" }] };
  expect(latencies(replay)).toEqual({ p50: 50, p99: 99 });
  expect(failures(replay)).toEqual({ count: 1, first: "x" });
  expect(latencies({ answers: [] })).toBeUndefined();
});

it("the mean score is of what a version exported between two looks", () => {
  const metrics = (count: number, sum: number) =>
    [
      `model_prediction_score_count{model="fraud",version="1"} 900`,
      `model_prediction_score_count{model="fraud",version="12"} ${count}`,
      `model_prediction_score_sum{model="fraud",version="12"} ${sum}`,
    ].join("\n");
  expect(meanScore(metrics(10, 1), metrics(30, 6), "fraud", 12)).toBe(0.25);
  expect(meanScore("", metrics(4, 1), "fraud", 12)).toBe(0.25);
  expect(meanScore(metrics(4, 1), metrics(4, 1), "fraud", 12)).toBeUndefined();
});

import { expect, it } from "vitest";
import {
  describeProblems,
  ProblemError,
  rejectProblems,
  under,
  unknownChoice,
} from "../../../components/core/problem.ts";

it("lists every problem at once, with path, reason and fix", () => {
  expect(
    describeProblems('Model "fraud" is invalid', [
      { path: "release.weights[1]", reason: "5 is not above 20.", fix: "Write rising weights." },
      { path: "replicas", reason: "0 is below 1." },
    ]),
  ).toBe(
    'Model "fraud" is invalid:\n  - release.weights[1]: 5 is not above 20. Write rising weights.\n  - replicas: 0 is below 1.',
  );
});

it("throws nothing for no problems", () => {
  expect(() => rejectProblems("x", [])).not.toThrow();
  expect(() => rejectProblems("x", [{ path: "a", reason: "b" }])).toThrow(ProblemError);
});

it("names the nearest choice only when it is near", () => {
  expect(unknownChoice("environment", "devv", ["dev", "local"]).fix).toBe('Did you mean "dev"?');
  expect(unknownChoice("model", "frod", ["fraud"]).fix).toBe('Did you mean "fraud"?');
  expect(unknownChoice("environment", "zebra", ["dev", "local"]).fix).toBeUndefined();
  expect(unknownChoice("--to", "3", ["1", "2"]).fix).toBeUndefined();
});

it("prefixes paths from one level up", () => {
  expect(under("release", [{ path: "weights", reason: "r" }])[0]?.path).toBe("release.weights");
  expect(under("weights", [{ path: "[2]", reason: "r" }])[0]?.path).toBe("weights[2]");
});

it("carries the mark that keeps the Pulumi engine from printing a stack trace", async () => {
  const { RunError } = await import("@pulumi/pulumi/errors.js");
  expect(RunError.isInstance(new ProblemError("x", []))).toBe(true);
});

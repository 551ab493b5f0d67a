import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { schemaProblems } from "../../../components/core/customResource.ts";

const metric = { name: "errors", provider: { prometheus: { query: "up" } } };

it("accepts a spec that fits the upstream schema, fields newer than it included", () => {
  expect(schemaProblems("AnalysisTemplate", { metrics: [{ ...metric, consecutiveSuccessLimit: 1 }] })).toEqual([]);
});

it("names the path of each value the schema refuses", () => {
  const problems = schemaProblems("AnalysisTemplate", { metrics: [{ ...metric, successCondition: 1 }] });
  expect(problems.map(({ path }) => path)).toContain("spec.metrics[0].successCondition");
  expect(schemaProblems("Rollout", { replicas: "two" })[0]).toEqual({
    path: "spec.replicas",
    reason: "must be integer.",
  });
});

it("leaves Outputs to the API server", () => {
  expect(schemaProblems("Rollout", { replicas: pulumi.output(2) })).toEqual([]);
});

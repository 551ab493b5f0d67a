import { expect, it } from "vitest";
import { type OpenApiSchema, unmet } from "../../../components/platform/adopted.ts";

const requirement = {
  crd: "analysistemplates.argoproj.io",
  version: "v1alpha1",
  since: "Argo Rollouts 1.8",
  fields: ["spec.metrics.consecutiveSuccessLimit"],
};
const metrics = (properties: Readonly<Record<string, OpenApiSchema>>): OpenApiSchema => ({
  properties: { spec: { properties: { metrics: { items: { properties } } } } },
});
const served = (openAPIV3Schema: OpenApiSchema, name = "v1alpha1") => [
  { name, served: true, schema: { openAPIV3Schema } },
];

it("accepts a definition that has the fields we write, inside lists too", () => {
  expect(unmet(requirement, served(metrics({ consecutiveSuccessLimit: {} })))).toEqual([]);
});

it("names the field an old definition would drop, and the release that brought it", () => {
  expect(unmet(requirement, served(metrics({ failureLimit: {} })))).toEqual([
    {
      path: "analysistemplates.argoproj.io spec.metrics.consecutiveSuccessLimit",
      reason: "the field is not in the installed schema, so it would be dropped.",
      fix: "Upgrade to Argo Rollouts 1.8 or later.",
    },
  ]);
});

it("accepts what is below a part of the schema that keeps unknown fields", () => {
  expect(
    unmet(requirement, served({ properties: { spec: { "x-kubernetes-preserve-unknown-fields": true } } })),
  ).toEqual([]);
});

it("names the versions that are served when ours is not", () => {
  const [problem] = unmet(requirement, [...served({}, "v1"), { name: "v1alpha1", served: false }]);
  expect(problem?.reason).toBe("version v1alpha1 is not served (served: v1).");
});

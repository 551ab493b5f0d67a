import { expect, it } from "vitest";
import { stackNameParts } from "../../components/core/stackName.ts";
import { preset } from "../../policies/preset.ts";

const policies = [{ name: "image-require-digest" }, { name: "gpu-require-limits-only" }];

it.each(["local", "dev"])("advises in %s, except where the rule must always block", (environment) => {
  expect(preset(environment, policies)).toEqual({
    "image-require-digest": "advisory",
    "gpu-require-limits-only": "mandatory",
  });
});

it.each(["test", "prod", "eu-prod", undefined])("blocks in %s", (environment) => {
  expect(new Set(Object.values(preset(environment, policies)))).toEqual(new Set(["mandatory"]));
});

it.each([
  ["prod-models", "prod"],
  ["eu-prod-cluster-aws-use1", "eu-prod"],
  ["dev-platform", "dev"],
  ["dev", undefined],
  ["dev-modelsx", undefined],
])("takes the environment from the stack name %s", (stack, environment) => {
  expect(stackNameParts(stack)?.environment).toBe(environment);
});

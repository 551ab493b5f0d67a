import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layers, layerWordIn, stackNameParts } from "../../../components/core/stackName.ts";
import { environmentProblems } from "../../../stacks/environments/environmentProblems.ts";
import { parseStackName, stackName } from "../../../stacks/stackName.ts";
import { shop } from "../../fixtures/shop.ts";

describe("the name of a stack", () => {
  it.each([
    ["prod-models", { environment: "prod", layer: "models" }],
    ["prod-eu-cluster", { environment: "prod-eu", layer: "cluster" }],
    ["prod-cluster-models-1", { environment: "prod", layer: "cluster", cluster: "models-1" }],
    ["dev", undefined],
    ["dev-modelsx", undefined],
    ["-models", undefined],
  ])("%s", (name, parts) => {
    expect(stackNameParts(name)).toEqual(parts);
  });

  it("is read back as it was written, for program and policies alike, also where one environment's name begins another's", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/).filter((one) => layerWordIn(one) === undefined);
    const environment = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("-"));
    const cluster = fc.option(fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-(cluster|models|[a-z]{1,4}))?$/), {
      nil: undefined,
    });
    fc.assert(
      fc.property(environment, fc.constantFrom(...layers), cluster, (name, layer, of) => {
        const clusters = of === undefined ? shop.clusters : { [of]: shop.clusters.site };
        const known = { prod: shop, [name]: { ...shop, name, clusters } };
        const stack = stackName(name, layer, of);
        expect(stackNameParts(stack)).toEqual({
          environment: name,
          layer,
          ...(of === undefined ? {} : { cluster: of }),
        });
        expect(parseStackName(stack, known)).toMatchObject({ environment: { name }, layer });
      }),
    );
  });

  it.each(["dev-platform", "models", "cluster-1"])("%s is no environment's name: it has a layer in it", (name) => {
    expect(environmentProblems(name, { ...shop, name })).toContainEqual(
      expect.objectContaining({ path: "name", reason: expect.stringContaining("so its stacks could not be told") }),
    );
  });
});

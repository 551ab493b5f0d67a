import { describe, expect, it } from "vitest";
import type { Environment } from "../../stacks/environments/environment.ts";
import { prod as shipped } from "../../stacks/environments/prod.ts";
import { stackLayout, stacksThatHold } from "../../stacks/stackLayout.ts";

const prod: Environment = shipped;

describe("stackLayout", () => {
  it("is a stack for each cluster where nothing is up, and where only the cluster layer is", () => {
    for (const holding of [[], ["prod-cluster"], ["prod-eu-platform", "dev-platform"]]) {
      expect(stackLayout(prod, holding)).toEqual({
        narrow: true,
        chains: {
          "aws-use1": ["prod-platform-aws-use1", "prod-models-aws-use1"],
          "azure-weu": ["prod-platform-azure-weu", "prod-models-azure-weu"],
          "gcp-euw4": ["prod-platform-gcp-euw4", "prod-models-gcp-euw4"],
          "dc-fra": ["prod-platform-dc-fra", "prod-models-dc-fra"],
        },
      });
    }
  });

  it.each(["prod-platform", "prod-models"])("stays one stack of all clusters where %s holds resources", (stack) => {
    expect(stackLayout(prod, ["prod-cluster", stack])).toEqual({
      narrow: false,
      stacks: ["prod-platform", "prod-models"],
    });
  });

  it.each<[string, string[], string]>([
    [
      "half of a move: what is in both would be made twice",
      ["prod-platform", "prod-platform-aws-use1"],
      "prod-platform: it holds resources, and so does prod-platform-aws-use1",
    ],
    [
      "a cluster layer of one cluster, which would be made again",
      ["prod-cluster-aws-use1", "prod-platform-aws-use1"],
      "prod-cluster-aws-use1: it holds the cluster layer of one cluster",
    ],
    [
      "what runs on a cluster that is no longer declared, since the cluster layer would remove that",
      ["prod-cluster", "prod-models-old", "prod-platform-old"],
      "Run: pulumi destroy -s prod-models-old && pulumi destroy -s prod-platform-old",
    ],
  ])("refuses %s", (_, holding, message) => {
    expect(() => stackLayout(prod, holding)).toThrow(message);
  });
});

it("names the stacks of an environment that hold something, in the order they are brought up", () => {
  const holding = ["prod-models-aws-use1", "dev-cluster", "prod-platform-old", "prod-eu-models", "prod-cluster"];
  expect(stacksThatHold("prod", holding)).toEqual(["prod-cluster", "prod-platform-old", "prod-models-aws-use1"]);
});

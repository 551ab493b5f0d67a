import { describe, expect, it } from "vitest";
import { Recorder } from "../../engine/recorder/recorder.ts";
import { runProgram } from "../../engine/runProgram.ts";
import { dev } from "../../stacks/environments/dev.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import program from "../../stacks/index.ts";
import { shop } from "../fixtures/shop.ts";
import { recordLayers } from "../recordLayers.ts";

const published = {
  "prod-cluster-aws-use1": {
    clusters: {
      "aws-use1": {
        clusterIdentifier: "arn:aws:eks:us-east-1:123456789012:cluster/prod-aws-use1",
        modelStore: { kind: "s3", location: "s3://models", region: "us-east-1" },
        identities: {
          fraud: { annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/fraud" }, podLabels: {} },
        },
      },
    },
    kubeconfigs: { "aws-use1": "{}" },
  },
  "prod-platform-aws-use1": { clusters: { "aws-use1": { gatewayAddress: "g:80", prometheusAddress: "http://p" } } },
};

it("gives no model to a cluster that does not know it yet: it would run without its identity", async () => {
  const up = runProgram(program, {
    project: "serin",
    stack: "prod-models-aws-use1",
    monitor: new Recorder(),
    preview: false,
    stackOutputs: (name) => published[name as keyof typeof published],
  });
  await expect(up).rejects.toMatchObject({
    problems: [
      {
        path: "models.resnet50",
        reason:
          'cluster "aws-use1" has granted it no identity: it was declared after the cluster layer was last brought up.',
        fix: "Bring the cluster layer up first.",
      },
    ],
  });
});

it("takes names that every object or every Output has for what they are", { timeout: 60_000 }, async () => {
  const { aws, azure, gcp, site } = shop.clusters;
  const { fraud, images } = shop.models;
  const types = async (environment: Environment) => (await recordLayers(environment)).map(({ type }) => type).sort();
  const odd = { constructor: aws, get: azure, resources: gcp, promise: site };
  expect(await types({ ...shop, clusters: odd, models: { constructor: fraud, images } })).toEqual(await types(shop));
});

describe("what exists before a layer makes it", () => {
  const layersOf = async () => {
    const resources = await recordLayers(dev);
    return (layer: string) => resources.filter(({ urn }) => urn.startsWith(`urn:pulumi:dev-${layer}::`));
  };

  it("is taken over by the platform, whose namespaces stay when it is taken down, and by no other layer", async () => {
    const resources = await layersOf();
    const takesOver = (layer: string) =>
      resources(layer)
        .filter(({ type }) => type === "pulumi:providers:kubernetes")
        .map(({ props }) => props.upsertExistingObjects === "true");
    expect(takesOver("platform")).toEqual([true]);
    expect([...takesOver("cluster"), ...takesOver("models")]).toEqual([false, false]);
  });

  it("is not deleted with the platform where it is a namespace, which may hold what others have put there", async () => {
    const namespaces = (await layersOf())("platform").filter(({ type }) => type === "kubernetes:core/v1:Namespace");
    expect(namespaces.length).toBeGreaterThan(3);
    expect(namespaces.filter(({ retainOnDelete }) => retainOnDelete !== true)).toEqual([]);
  });
});

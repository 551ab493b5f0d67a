import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClusterSpec, clouds } from "../../../../components/cluster/clouds.ts";
import { defineModel } from "../../../../components/model/model.ts";
import { canary } from "../../../../components/model/strategies/canary/canary.ts";
import { triton } from "../../../../components/model/triton.ts";
import { declaredNeeds } from "../../../../preflight/declaredNeeds.ts";
import { quotaNeeded } from "../../../../preflight/quotaNeeded.ts";
import { type Environment, validateEnvironment } from "../../../../stacks/environments/environment.ts";
import { recordLayers } from "../../../recordLayers.ts";
import { clusterContract } from "../contractSuite.ts";
import { ToyCluster, type ToyClusterArgs, type ToyClusterSpec, toy, toyRules } from "./toyCloud.ts";

// The one line that a fifth cloud takes outside its folder.
beforeAll(() => void Object.assign(clouds, { toy }));
afterAll(() => void Reflect.deleteProperty(clouds, "toy"));

const args = {
  region: "toy-land",
  zones: ["toy-land-a", "toy-land-b", "toy-land-c"],
  cidr: "10.80.0.0/16",
  kubernetesVersion: "1.35",
  admins: ["ada"],
  labels: { environment: "test" },
  gpuPools: { l4: { machine: "toy.large", min: 0, max: 4 } },
} as const satisfies ToyClusterArgs;

const build = (changes: Partial<ToyClusterArgs> = {}) => new ToyCluster("toy-one", { ...args, ...changes });

clusterContract("toy", {
  rules: toyRules,
  answers: {},
  build: () => build(),
  relabelled: () =>
    build({
      labels: { environment: "test", "cost-centre": "4711" },
      gpuPools: { l4: { ...args.gpuPools.l4, max: 7 } },
    }),
  made: {
    unprotected: () => build({ protect: false }),
    stateful: ["toy:cloud:Cluster", "toy:cloud:Bucket"],
    nodePools: "toy:cloud:NodePool",
    ownCluster: "toy:cloud:Cluster",
    marks: ({ nodeLabels, taints }) => ({
      labels: nodeLabels as Record<string, string>,
      taints: (taints as { key: string; value: string; effect: string }[]).map(
        ({ key, value, effect }) => `${key}=${value}:${effect}`,
      ),
    }),
  },
});

describe("an environment with a cluster of the toy cloud", () => {
  const spec = { cloud: "toy", ...args } as const satisfies ToyClusterSpec;
  const environment = (changes: Partial<ToyClusterSpec> = {}): Environment => ({
    name: "play",
    clusters: { box: { ...spec, ...changes } as unknown as ClusterSpec },
    platform: {
      istio: { install: {} },
      prometheus: { install: {} },
      argoRollouts: { install: {} },
      modelNamespace: { create: "models" },
    },
    domain: "models.example.com",
    models: {
      shapes: {
        ...defineModel({
          server: triton({ backend: "onnxruntime", gpu: { kind: "L4", count: 1 } }),
          repository: { modelStore: "shapes" },
          traffic: { expectedQps: { trough: 10, peak: 20 } },
          slo: { p99: "150ms", errorRate: "0.1%" },
          release: canary(),
        }),
        version: "1",
      },
    },
  });

  it("is valid, and says what is wrong by the rules of the toy cloud", () => {
    expect(validateEnvironment(environment())).toEqual([]);
    expect(validateEnvironment(environment({ region: "moon" }))).toContainEqual({
      path: 'clusters["box"].region',
      reason: '"moon" is not a region as Toy Cloud writes them.',
      fix: 'Write, for example, "toy-land".',
    });
  });

  it("is planned in all three layers", async () => {
    const types = (await recordLayers(environment())).map(({ type }) => type);
    expect(types).toEqual(
      expect.arrayContaining(["toy:cloud:Cluster", "serin:platform:GpuOperator", "serin:model:ModelDeployment"]),
    );
    expect(types).not.toContain("serin:platform:ClusterAutoscaler");
  });

  it("needs what the toy cloud does not bring", () => {
    const { clusters } = environment();
    expect(declaredNeeds(environment(), "box", clusters.box as ClusterSpec)).toMatchObject({
      systems: { gpuOperator: "install" },
      storage: { kind: "default" },
    });
    expect(quotaNeeded(Object.values(clusters))).toEqual([
      { cloud: "toy", region: "toy-land", quota: "toys", needed: 4, unit: "GPU" },
    ]);
  });
});

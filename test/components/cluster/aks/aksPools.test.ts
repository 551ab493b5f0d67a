import { describe, expect, it } from "vitest";
import {
  type AksGpuPoolArgs,
  agentPoolArgs,
  aksPoolName,
  publishedAksPool,
} from "../../../../components/cluster/aks/aksPools.ts";
import { reservation, sampleArgs } from "./sample.ts";

const zones = ["1", "2", "3"];
const argsOf = (pool: AksGpuPoolArgs) =>
  agentPoolArgs("t4", pool, {
    scope: {
      cluster: "weu",
      resourceGroupName: "weu",
      location: "westeurope",
      subscription: "s",
      tags: { environment: "test" },
      protect: true,
    },
    clusterName: "weu",
    nodeSubnetId: "subnet",
    nodesVersion: "1.35",
    zones,
  });
const plain: AksGpuPoolArgs = { machine: "Standard_NC16as_T4_v3", min: 0, max: 4 };

it("taints and labels the nodes, and leaves the accelerator label to AKS", () => {
  const { nodeTaints, nodeLabels } = argsOf({ ...plain, labels: { "example.com/team": "fraud" } });
  expect(nodeTaints).toEqual(["nvidia.com/gpu=present:NoSchedule"]);
  expect(nodeLabels).toEqual({ "example.com/team": "fraud", "serin.dev/gpu-class": "T4" });
});

it("leaves the driver to the GPU operator, except where only Azure's works", () => {
  expect(argsOf(plain).gpuProfile).toEqual({ driver: "None" });
  expect(argsOf({ ...plain, driver: { owner: "cloud" } }).gpuProfile).toEqual({ driver: "Install" });
  expect(argsOf({ ...plain, machine: "Standard_NV36ads_A10_v5" }).gpuProfile).toEqual({ driver: "Install" });
});

it("has AKS cut slices, which it does only with its own driver, and keeps the operator from doing it again", () => {
  const { gpuInstanceProfile, gpuProfile, nodeLabels } = argsOf(sampleArgs.gpuPools.slices);
  expect({ gpuInstanceProfile, gpuProfile }).toEqual({
    gpuInstanceProfile: "MIG1g",
    gpuProfile: { driver: "Install" },
  });
  expect(nodeLabels).toEqual({
    "serin.dev/gpu-class": "A100-80GB.mig-1g.10gb",
    "nvidia.com/gpu.deploy.driver": "false",
    "nvidia.com/gpu.deploy.container-toolkit": "false",
    "nvidia.com/gpu.deploy.mig-manager": "false",
  });
  expect(argsOf(plain)).not.toHaveProperty("gpuInstanceProfile");
});

it("tells the GPU operator how the GPUs are shared", () => {
  expect(argsOf(sampleArgs.gpuPools.t4).nodeLabels).toEqual({
    "serin.dev/gpu-class": "T4.time-slicing",
    "nvidia.com/device-plugin.config": "time-slicing-4",
  });
});

it("writes down what AKS adds to spot nodes, and publishes the taint", () => {
  const pool: AksGpuPoolArgs = { ...plain, purchase: { kind: "spot" } };
  const args = argsOf(pool);
  expect(args).toMatchObject({ scaleSetPriority: "Spot", scaleSetEvictionPolicy: "Delete", spotMaxPrice: -1 });
  expect(args.nodeTaints).toEqual([
    "nvidia.com/gpu=present:NoSchedule",
    "kubernetes.azure.com/scalesetpriority=spot:NoSchedule",
  ]);
  expect(args.nodeLabels).toMatchObject({ "kubernetes.azure.com/scalesetpriority": "spot" });
  expect(publishedAksPool(pool).taints.map(({ key }) => key)).toEqual([
    "nvidia.com/gpu",
    "kubernetes.azure.com/scalesetpriority",
  ]);
  expect(argsOf(plain)).not.toHaveProperty("scaleSetPriority");
});

it("upgrades with a node to spare where one can be bought", () => {
  expect(argsOf(plain).upgradeSettings).toEqual({ maxSurge: "1" });
  expect(argsOf({ ...plain, purchase: { kind: "reserved", reservation } }).upgradeSettings).toEqual({
    maxSurge: "0",
    maxUnavailable: "1",
  });
  expect(argsOf({ ...plain, purchase: { kind: "spot" } })).not.toHaveProperty("upgradeSettings");
});

it("encrypts disks on the host, takes their size in GiB, and gives nodes no public address", () => {
  expect(argsOf({ ...plain, disk: "1TiB" })).toMatchObject({
    osDiskSizeGB: 1024,
    enableEncryptionAtHost: true,
    enableNodePublicIP: false,
  });
  expect(argsOf(plain).osDiskSizeGB).toBe(200);
});

describe("the name of a pool", () => {
  const nameOf = (change: Partial<AksGpuPoolArgs>) => aksPoolName("t4", { ...plain, ...change }, zones);

  it("is one that AKS takes: 12 of a-z and 0-9 at most, first a letter", () => {
    for (const key of ["t4", "a-very-long-pool-key"])
      expect(aksPoolName(key, plain, zones)).toMatch(/^[a-z][a-z0-9]{0,11}$/);
  });

  it.each<[string, Partial<AksGpuPoolArgs>]>([
    ["machine", { machine: "Standard_NC64as_T4_v3" }],
    ["zones", { zones: ["1"] }],
    ["purchase", { purchase: { kind: "spot" } }],
    ["placement", { placement: "compact" }],
    ["sharing", { sharing: { kind: "timeSlicing", replicas: 2 } }],
    ["driver", { driver: { owner: "cloud" } }],
    ["disk", { disk: "300GiB" }],
  ])("is another one with another %s, so that the new pool is there before the old one goes", (_, change) => {
    expect(nameOf(change)).not.toBe(nameOf({}));
  });

  it.each<[string, Partial<AksGpuPoolArgs>]>([
    ["least and most nodes", { min: 2, max: 9 }],
    ["labels", { labels: { "example.com/team": "fraud" } }],
    ["order of zones", { zones: ["3", "1", "2"] }],
    ["version of the operator's driver", { driver: { owner: "operator", version: "595.91.07" } }],
    ["defaults written out", { purchase: { kind: "onDemand" }, disk: "200GiB", placement: "spread" }],
  ])("is the same with other %s", (_, change) => {
    expect(nameOf(change)).toBe(nameOf({}));
  });
});

import { describe, expect, it } from "vitest";
import { awsMachines } from "../../../../components/cluster/eks/awsMachines.ts";
import type { EksGpuPoolArgs } from "../../../../components/cluster/eks/eksPools.ts";
import { inputsOf } from "../harness.ts";
import { called, run } from "./needs.ts";
import { sampleArgs } from "./sample.ts";

const groupType = "aws:eks/nodeGroup:NodeGroup";
const templateType = "aws:ec2/launchTemplate:LaunchTemplate";

const plain: EksGpuPoolArgs = { machine: "g6.2xlarge", min: 1, max: 4 };
/** A cluster with one pool, called `gpu`. */
const withPool = (changes: Partial<EksGpuPoolArgs> = {}) => run({ gpuPools: { gpu: { ...plain, ...changes } } });
const group = async (changes?: Partial<EksGpuPoolArgs>) => inputsOf(await withPool(changes), groupType, "gpu-nodes");
const template = async (changes?: Partial<EksGpuPoolArgs>) =>
  inputsOf(await withPool(changes), templateType, "gpu-template");

const h100 = { machine: "p5.48xlarge", zones: ["us-east-1b"], placement: "compact" } as const;
const reservation = "cr-0123456789abcdef0";

describe("the node group", () => {
  it("runs the image with NVIDIA's driver, in the cluster's version, behind the one taint in EKS' spelling", async () => {
    expect(await group()).toMatchObject({
      amiType: "AL2023_x86_64_NVIDIA",
      version: "1.35",
      instanceTypes: ["g6.2xlarge"],
      taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NO_SCHEDULE" }],
      nodeRepairConfig: { enabled: true },
    });
  });

  it("says what is on its nodes: ours, the cloud's, the owner's", async () => {
    expect((await group({ labels: { team: "fraud" } })).labels).toEqual({
      "serin.dev/gpu-class": "L4",
      "k8s.amazonaws.com/accelerator": "nvidia-l4",
      // The image brings both.
      "nvidia.com/gpu.deploy.driver": "false",
      "nvidia.com/gpu.deploy.container-toolkit": "false",
      team: "fraud",
    });
  });

  it.each([
    ["g4dn.2xlarge", "nvidia-tesla-t4"],
    ["g5.2xlarge", "nvidia-a10g"],
    ["g6e.2xlarge", "nvidia-l40s"],
    ["p4de.24xlarge", "nvidia-tesla-a100"],
    ["p5en.48xlarge", "nvidia-h200"],
    ["g7e.2xlarge", "nvidia-rtx-pro-6000"],
  ] as const)("calls the GPUs of %s as the autoscaler does: %s", async (machine, accelerator) => {
    expect((await group({ machine })).labels).toMatchObject({ "k8s.amazonaws.com/accelerator": accelerator });
  });

  it.each([
    [{ kind: "onDemand" }, "ON_DEMAND", "DEFAULT"],
    [{ kind: "spot" }, "SPOT", "DEFAULT"],
    [{ kind: "reserved", reservation }, "ON_DEMAND", "MINIMAL"],
    [{ kind: "block", reservation }, "CAPACITY_BLOCK", "MINIMAL"],
  ] as const)("buys %j", async (purchase, capacityType, updateStrategy) => {
    const { capacityType: bought, updateConfig } = await group({
      machine: "p5.48xlarge",
      min: 0,
      zones: ["us-east-1b"],
      purchase,
    });
    expect(bought).toBe(capacityType);
    expect(updateConfig).toEqual({ maxUnavailable: 1, updateStrategy });
  });

  it("is in the zones of the pool, and in all of them unless it says so", async () => {
    const subnets = (zones: string[]) => zones.map((zone) => `aws-use1-network-private-${zone}-id`);
    expect((await group()).subnetIds).toEqual(subnets(["us-east-1a", "us-east-1b", "us-east-1c"]));
    expect((await group({ zones: ["us-east-1c", "us-east-1a"] })).subnetIds).toEqual(
      subnets(["us-east-1a", "us-east-1c"]),
    );
  });

  it("leaves the number of nodes to the autoscaler", async () => {
    const cluster = await withPool({ min: 2, max: 5 });
    expect(inputsOf(cluster, groupType, "gpu-nodes").scalingConfig).toEqual({ minSize: 2, maxSize: 5, desiredSize: 2 });
    expect(called(cluster, "pool-gpu-nodes").ignoreChanges).toEqual(["scalingConfig.desiredSize"]);
  });
});

describe("the machine", () => {
  const at = { machine: "p5.48xlarge", min: 0, zones: ["us-east-1b"] } as const;

  it("of a capacity block is named by the launch template (EKS user guide, terraform-aws-eks #3091)", async () => {
    const block = { ...at, purchase: { kind: "block", reservation } } as const;
    expect((await template(block)).instanceType).toBe("p5.48xlarge");
  });

  it.each([
    { kind: "onDemand" },
    { kind: "spot" },
    { kind: "reserved", reservation },
    { kind: "block", reservation },
  ] as const)("is named once, by the template or by the node group (terraform-aws-eks #1386): %j", async (purchase) => {
    const [ofGroup, ofTemplate] = [await group({ ...at, purchase }), await template({ ...at, purchase })];
    expect([ofGroup.instanceTypes, ofTemplate.instanceType].flat().filter(Boolean)).toEqual(["p5.48xlarge"]);
  });
});

describe("the name of the node group", () => {
  const name = async (changes?: Partial<EksGpuPoolArgs>) => (await group(changes)).nodeGroupName;

  it("changes with what EKS cannot change in place, so that the new group is there before the old one goes", async () => {
    const names = await Promise.all([
      name(),
      name({ machine: "g6.4xlarge" }),
      name({ zones: ["us-east-1a"] }),
      name({ zones: ["us-east-1a"], placement: "compact" }),
      name({ purchase: { kind: "spot" } }),
      name({ purchase: { kind: "reserved", reservation }, zones: ["us-east-1a"] }),
      name({ purchase: { kind: "reserved", reservation: "cr-0fedcba9876543210" }, zones: ["us-east-1a"] }),
    ]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((candidate) => !/^gpu-[a-z0-9]+$/.test(String(candidate)))).toEqual([]);
  });

  it("stays with everything else", async () => {
    const names = await Promise.all([
      name(),
      name({ min: 0, max: 9 }),
      name({ labels: { team: "fraud" } }),
      name({ disk: "400GiB" }),
      name({ sharing: { kind: "mps", clients: 4 } }),
      name({ zones: ["us-east-1c", "us-east-1b", "us-east-1a"] }),
    ]);
    expect(new Set(names).size).toBe(1);
  });
});

describe("the launch template", () => {
  it("keeps pods from the credentials of their node", async () => {
    expect((await template()).metadataOptions).toEqual({
      httpEndpoint: "enabled",
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
    });
  });

  it("encrypts the disk with the cluster's key, in the strings that EC2 takes for booleans", async () => {
    expect((await template({ disk: "1TiB" })).blockDeviceMappings).toEqual([
      {
        deviceName: "/dev/xvda",
        ebs: {
          volumeType: "gp3",
          volumeSize: 1024,
          encrypted: "true",
          kmsKeyId: "arn:aws:kms:us-east-1:123456789012:key/aws-use1-key",
          deleteOnTermination: "true",
        },
      },
    ]);
  });

  it("makes one disk of the machine's own", async () => {
    const { userData } = await template();
    const config = Buffer.from(String(userData), "base64").toString();
    expect(config).toContain("Content-Type: application/node.eks.aws");
    expect(config).toContain("kind: NodeConfig\nspec:\n  instance:\n    localStorage:\n      strategy: RAID0\n");
  });

  it("has none for nodes without such disks", async () => {
    expect(called(await run(), "system-template").props).not.toHaveProperty("userData");
  });

  it("names what is reserved, and says that a block is one", async () => {
    const at = { machine: "p5.48xlarge", min: 0, zones: ["us-east-1b"] } as const;
    const reserved = await template({ ...at, purchase: { kind: "reserved", reservation } });
    expect(reserved.capacityReservationSpecification).toEqual({
      capacityReservationTarget: { capacityReservationId: reservation },
    });
    expect(reserved).not.toHaveProperty("instanceMarketOptions");
    expect(await template({ ...at, purchase: { kind: "block", reservation } })).toMatchObject({
      capacityReservationSpecification: { capacityReservationTarget: { capacityReservationId: reservation } },
      instanceMarketOptions: { marketType: "capacity-block" },
    });
    expect(await template()).not.toHaveProperty("capacityReservationSpecification");
  });

  it("does not change with a label of the cluster, which would start every node anew", async () => {
    const { tags: _, ...before } = called(await run(), "pool-l4-template").props;
    const labels = { ...sampleArgs.labels, "cost-center": "4711" };
    const { tags, ...after } = called(await run({ labels }), "pool-l4-template").props;
    expect(after).toEqual(before);
    expect(tags).toMatchObject({ "cost-center": "4711" });
  });
});

describe("a compact pool", () => {
  it("has its nodes in one placement group", async () => {
    const cluster = await withPool(h100);
    expect(inputsOf(cluster, "aws:ec2/placementGroup:PlacementGroup").strategy).toBe("cluster");
    expect(inputsOf(cluster, templateType, "gpu-template").placement).toEqual({
      groupName: "aws-use1-pool-gpu-placement-1a2b3c4",
    });
  });

  it.each(["reserved", "block"] as const)("leaves the place to the reservation when it is %s", async (kind) => {
    const cluster = await withPool({ ...h100, min: 0, purchase: { kind, reservation } });
    const types = cluster.resources.map(({ type }) => type);
    expect(types).not.toContain("aws:ec2/placementGroup:PlacementGroup");
    expect(inputsOf(cluster, templateType, "gpu-template")).not.toHaveProperty("placement");
  });

  it.each([
    ["p5.48xlarge", 32],
    ["p4d.24xlarge", 4],
    ["g6.8xlarge", 1],
  ] as const)("uses every adapter of %s, one on each of %d network cards", async (machine, adapters) => {
    expect(awsMachines[machine].efaInterfaces).toBe(adapters);
    const { networkInterfaces } = (await template({ ...h100, machine })) as { networkInterfaces: object[] };
    const [first, ...others] = networkInterfaces;
    const common = {
      securityGroups: ["sg-cluster", "aws-use1-pool-gpu-fabric-id"],
      deleteOnTermination: "true",
    };
    expect(first).toEqual({ networkCardIndex: 0, deviceIndex: 0, interfaceType: "efa", ...common });
    expect(others).toEqual(
      Array.from({ length: adapters - 1 }, (_, index) => ({
        networkCardIndex: index + 1,
        deviceIndex: 1,
        interfaceType: "efa-only",
        ...common,
      })),
    );
  });

  it("lets its adapters reach each other and nothing else", async () => {
    const cluster = await withPool(h100);
    const fabric = "aws-use1-pool-gpu-fabric-id";
    for (const [type, role] of [
      ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "fabric-in"],
      ["aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "fabric-out"],
    ] as const) {
      expect(inputsOf(cluster, type, role)).toMatchObject({
        securityGroupId: fabric,
        referencedSecurityGroupId: fabric,
        ipProtocol: "-1",
      });
    }
  });

  it("has no such network when the machine has no adapter, nor when it is spread", async () => {
    expect(await template({ zones: ["us-east-1b"], placement: "compact" })).not.toHaveProperty("networkInterfaces");
    expect(await template({ machine: "p5.48xlarge" })).not.toHaveProperty("networkInterfaces");
    expect(await template({ machine: "p5.48xlarge" })).not.toHaveProperty("placement");
  });
});

it("tells the autoscaler of the first node before there is one", async () => {
  const cluster = await withPool({ sharing: { kind: "timeSlicing", replicas: 4 }, labels: { team: "fraud" } });
  const { resources } = cluster;
  const tags = resources.filter(({ type }) => type === "aws:autoscaling/tag:Tag").map(({ props }) => props);
  expect(new Set(tags.map(({ autoscalingGroupName }) => autoscalingGroupName)).size).toBe(1);
  expect(tags[0]?.autoscalingGroupName).toMatch(/^eks-gpu-/);
  const node = "k8s.io/cluster-autoscaler/node-template";
  const pairs = tags.map(({ tag }) => {
    const { key, value } = tag as { key: string; value: string };
    return [key, value];
  });
  const { labels } = inputsOf(cluster, groupType, "gpu-nodes") as { labels: Record<string, string> };
  expect(labels).toMatchObject({ "serin.dev/gpu-class": "L4.time-slicing", team: "fraud" });
  // Pods select by these; those of the GPU operator are for its own daemonsets.
  const selectable = Object.entries(labels).filter(([key]) => !key.startsWith("nvidia.com/"));
  expect(Object.fromEntries(pairs)).toEqual({
    ...Object.fromEntries(selectable.map(([key, value]) => [`${node}/label/${key}`, value])),
    [`${node}/taint/nvidia.com/gpu`]: "present:NoSchedule",
    [`${node}/resources/nvidia.com/gpu`]: "4",
  });
});

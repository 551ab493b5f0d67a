import { describe, expect, it } from "vitest";
import { azure } from "../../../components/cluster/aks/azureAdapter.ts";
import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import { type AwsClusterSpec, aws } from "../../../components/cluster/eks/awsAdapter.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { gcp } from "../../../components/cluster/gke/gcpAdapter.ts";
import { gcpRules } from "../../../components/cluster/gke/gcpRules.ts";
import type { AnyGpuPoolArgs } from "../../../components/cluster/gpuPool.ts";
import { quotaNeeds } from "../../../components/cluster/quota.ts";
import * as aks from "./aks/sample.ts";
import * as eks from "./eks/sample.ts";
import { sampleArgs } from "./gke/sample.ts";

const clouds = {
  aws: { region: "us-east-1", rules: awsRules },
  azure: { region: "westeurope", rules: azureRules },
  gcp: { region: "europe-west4", rules: gcpRules },
} as const;
type Cloud = keyof typeof clouds;

type Pool = AnyGpuPoolArgs & { readonly gpusPerNode?: number };

/** One line per quota: `region quota: needed unit`. */
function needs(cloud: Cloud, ...pools: readonly Pool[]): string[] {
  const { region, rules } = clouds[cloud];
  const byKey = Object.fromEntries(pools.map((pool, index) => [`pool-${index}`, pool]));
  return quotaNeeds(rules, region, byKey).map((need) => {
    expect(need.cloud).toBe(cloud);
    return `${need.region} ${need.quota}: ${need.needed} ${need.unit}`;
  });
}

function pool(machine: string, max: number, kind: "onDemand" | "spot" | "reserved" | "block" | "queued" = "onDemand") {
  const purchase = {
    onDemand: { kind: "onDemand" },
    spot: { kind: "spot" },
    reserved: { kind: "reserved", reservation: "r" },
    block: { kind: "block", reservation: "r" },
    queued: { kind: "queued", maxRunDuration: "1h" },
  } as const;
  return { machine, min: 0, max, purchase: purchase[kind] };
}

describe("on AWS", () => {
  const inOneZone = (one: Pool) => ({ ...one, zones: ["us-east-1a"] });

  it.each([
    [pool("g6.2xlarge", 8), ["us-east-1 Running On-Demand G and VT instances (L-DB2E81BA): 112 vCPU"]],
    [inOneZone(pool("gr6.4xlarge", 1)), ["us-east-1 Running On-Demand G and VT instances (L-DB2E81BA): 48 vCPU"]],
    [pool("g6.2xlarge", 8, "spot"), ["us-east-1 All G and VT Spot Instance Requests (L-3819A6DF): 112 vCPU"]],
    [inOneZone(pool("p5.48xlarge", 2)), ["us-east-1 Running On-Demand P instances (L-417A185B): 768 vCPU"]],
    [pool("p5.48xlarge", 2, "reserved"), ["us-east-1 Running On-Demand P instances (L-417A185B): 384 vCPU"]],
    [
      inOneZone(pool("p4d.24xlarge", 1, "spot")),
      ["us-east-1 All P4, P3 and P2 Spot Instance Requests (L-7212CCBC): 288 vCPU"],
    ],
    [inOneZone(pool("p5en.48xlarge", 1, "spot")), ["us-east-1 All P5 Spot Instance Requests (L-C4BD4855): 576 vCPU"]],
    [inOneZone(pool("p6-b200.48xlarge", 1, "spot")), ["us-east-1 All P Spot Instance Requests: 576 vCPU"]],
    [pool("p5.48xlarge", 4, "block"), []],
  ])("has room for what an update adds: two nodes in each zone, none of a reservation: %j", (one, lines) => {
    expect(needs("aws", one)).toEqual(lines);
  });

  it("adds up pools that share a quota, and keeps apart those that do not", () => {
    expect(
      needs(
        "aws",
        ...[pool("g6.2xlarge", 8), pool("g5.2xlarge", 2), pool("g6.2xlarge", 1, "spot"), pool("p5.4xlarge", 1)].map(
          inOneZone,
        ),
      ),
    ).toEqual([
      "us-east-1 Running On-Demand G and VT instances (L-DB2E81BA): 112 vCPU",
      "us-east-1 All G and VT Spot Instance Requests (L-3819A6DF): 24 vCPU",
      "us-east-1 Running On-Demand P instances (L-417A185B): 48 vCPU",
    ]);
  });

  const base = (changes: Partial<AwsClusterSpec> = {}) => {
    const { gpuPools: _, account: __, ...without } = eks.sampleArgs;
    return aws
      .quota({ cloud: "aws", ...without, ...changes })
      .map((need) => `${need.region} ${need.quota}: ${need.needed} ${need.unit}`);
  };

  it("has room for the NAT gateways' addresses, and for nine system nodes while six more come", () => {
    expect(base()).toEqual([
      "us-east-1 EC2-VPC Elastic IPs (L-0263D0A3): 3 addresses",
      "us-east-1 Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (L-1216C47A): 60 vCPU",
    ]);
  });

  it("does not guess the size of another system machine", () => {
    expect(base({ systemMachine: "m7i.2xlarge" })).toEqual(["us-east-1 EC2-VPC Elastic IPs (L-0263D0A3): 3 addresses"]);
  });
});

describe("on Azure", () => {
  it("is a family's and the region's", () => {
    expect(needs("azure", pool("Standard_NC24ads_A100_v4", 2), pool("Standard_NC8as_T4_v3", 3))).toEqual([
      "westeurope StandardNCADSA100v4Family: 72 vCPU",
      "westeurope cores: 104 vCPU",
      "westeurope Standard NCASv3_T4 Family: 32 vCPU",
    ]);
  });

  it("has room for the node that an upgrade adds to a pool on demand, and to no other", () => {
    const quotaOf = (kind: "onDemand" | "reserved" | "spot") =>
      needs("azure", pool("Standard_NC8as_T4_v3", 6, kind))[0];
    expect([quotaOf("onDemand"), quotaOf("reserved"), quotaOf("spot")]).toEqual([
      "westeurope Standard NCASv3_T4 Family: 56 vCPU",
      "westeurope Standard NCASv3_T4 Family: 48 vCPU",
      "westeurope lowPriorityCores: 48 vCPU",
    ]);
  });

  it("includes the system pool while it is upgraded at its most: twelve nodes", () => {
    const quotaOf = (change: object) =>
      azure
        .quota({ cloud: "azure", ...aks.sampleArgs, gpuPools: {}, ...change })
        .map(({ quota, needed, unit }) => `${quota}: ${needed} ${unit}`);
    expect(quotaOf({})).toEqual(["standardDDSv5Family: 48 vCPU", "cores: 48 vCPU"]);
    expect(quotaOf({ systemMachine: "Standard_E8s_v3" })).toEqual(["standardESv3Family: 96 vCPU", "cores: 96 vCPU"]);
    expect(quotaOf({ gpuPools: { t4: { machine: "Standard_NC8as_T4_v3", min: 0, max: 2 } } })).toContain(
      "cores: 72 vCPU",
    );
  });

  it("is one for all spot machines", () => {
    expect(
      needs("azure", pool("Standard_NC24ads_A100_v4", 2, "spot"), pool("Standard_NC8as_T4_v3", 3, "spot")),
    ).toEqual(["westeurope lowPriorityCores: 72 vCPU"]);
  });

  it("is known of every family there is", () => {
    for (const [name, { family }] of Object.entries(azureRules.machines)) {
      expect(needs("azure", pool(name, 1))[0]).not.toContain(` ${family}:`);
    }
  });
});

describe("on Google Cloud", () => {
  it.each([
    [pool("g2-standard-24", 3), "NVIDIA_L4_GPUS", 6],
    [pool("g2-standard-24", 3, "spot"), "PREEMPTIBLE_NVIDIA_L4_GPUS", 6],
    [pool("g2-standard-24", 3, "queued"), "PREEMPTIBLE_NVIDIA_L4_GPUS", 6],
    [pool("a2-highgpu-1g", 1), "NVIDIA_A100_GPUS", 1],
    [pool("a2-ultragpu-2g", 1, "reserved"), "NVIDIA_A100_80GB_GPUS", 2],
    [pool("a3-highgpu-8g", 1), "GPUS-PER-GPU-FAMILY-per-project-region (gpu_family: NVIDIA_H100)", 8],
    [pool("a3-megagpu-8g", 1, "spot"), "PREEMPTIBLE_NVIDIA_H100_MEGA_GPUS", 8],
    [pool("g4-standard-48", 2), "GPUS-PER-GPU-FAMILY-per-project-region (gpu_family: NVIDIA_RTX_PRO_6000)", 2],
    [pool("n1-standard-16", 2), "NVIDIA_T4_GPUS", 2],
    [{ ...pool("n1-standard-32", 2), gpusPerNode: 4 }, "NVIDIA_T4_GPUS", 8],
  ])("%j", (one, quota, gpus) => {
    expect(needs("gcp", one).filter((line) => line.endsWith(" GPU"))).toEqual([
      `europe-west4 ${quota}: ${gpus} GPU`,
      `global GPUS_ALL_REGIONS: ${gpus} GPU`,
    ]);
  });

  it.each([
    [pool("g2-standard-24", 3), ["global CPUS_ALL_REGIONS: 72 vCPU", "europe-west4 SSD_TOTAL_GB: 600 GB"]],
    [
      pool("a2-highgpu-1g", 2, "spot"),
      ["europe-west4 A2_CPUS: 24 vCPU", "global CPUS_ALL_REGIONS: 24 vCPU", "europe-west4 SSD_TOTAL_GB: 400 GB"],
    ],
    [
      pool("n1-standard-16", 1),
      ["europe-west4 CPUS: 16 vCPU", "global CPUS_ALL_REGIONS: 16 vCPU", "europe-west4 SSD_TOTAL_GB: 200 GB"],
    ],
    [
      { ...pool("a4-highgpu-8g", 1, "spot"), disk: "500GiB" as const },
      ["global CPUS_ALL_REGIONS: 224 vCPU", "europe-west4 HDB_TOTAL_GB: 500 GB"],
    ],
  ])("of vCPUs and boot disks for %j (terraform-google-kubernetes-engine #1795)", (one, lines) => {
    expect(needs("gcp", one).filter((line) => !line.endsWith(" GPU"))).toEqual(lines);
  });

  it("has room for the system pool and the node that its upgrade adds", () => {
    const { gpuPools: _, project: __, projectNumber: ___, ...without } = sampleArgs;
    const quota = gcp.quota({ cloud: "gcp", ...without });
    expect(quota.map((need) => `${need.region} ${need.quota}: ${need.needed} ${need.unit}`)).toEqual([
      "europe-west4 CPUS: 28 vCPU",
      "global CPUS_ALL_REGIONS: 28 vCPU",
      "europe-west4 SSD_TOTAL_GB: 700 GB",
    ]);
  });

  it("adds up all models in all regions", () => {
    const gpus = needs("gcp", pool("g2-standard-8", 4), pool("a2-highgpu-1g", 2, "spot"));
    expect(gpus.filter((line) => line.endsWith(" GPU"))).toEqual([
      "europe-west4 NVIDIA_L4_GPUS: 4 GPU",
      "global GPUS_ALL_REGIONS: 6 GPU",
      "europe-west4 PREEMPTIBLE_NVIDIA_A100_GPUS: 2 GPU",
    ]);
  });

  it("is known of every accelerator there is", () => {
    for (const [name, { gpu }] of Object.entries(gcpRules.machines)) {
      const spot = needs("gcp", pool(name, 1, "spot"))[0];
      expect(spot).toMatch(/ PREEMPTIBLE_NVIDIA_[A-Z0-9_]+_GPUS: /);
      if (gpu.includes("-")) expect(spot).not.toContain(gpu);
    }
  });
});

it("is nothing without pools, and nothing of a machine nobody knows", () => {
  expect([...needs("aws"), ...needs("aws", pool("g99.large", 1)), ...needs("aws", pool("constructor", 1))]).toEqual([]);
});

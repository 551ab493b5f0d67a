import type { GcpMachine } from "./gke/gcpMachines.ts";
import { type AnyGpuPoolArgs, defaultPurchase, type PurchaseOption } from "./gpuPool.ts";
import type { Cloud, Machine } from "./machines/machine.ts";

/** What an account must be allowed before a cluster's pools can grow to their most. */
export interface QuotaNeed {
  readonly cloud: Cloud;
  /** `global` where the quota is not a region's. */
  readonly region: string;
  /** As the cloud names it where it is asked for. */
  readonly quota: string;
  /** Of the GPU pools alone; what else runs in the account comes on top. */
  readonly needed: number;
  readonly unit: "vCPU" | "GPU";
}

/** A pool as quotas see it; `gpusPerNode` where GPUs are attached to the machine. */
type Pool = AnyGpuPoolArgs & { readonly gpusPerNode?: number };

/** What one pool needs, before pools are summed. */
type Share = Omit<QuotaNeed, "cloud">;

/** The quotas that the pools of a cluster need together, each at its most. A pool of an unknown machine needs none. */
export function quotaNeeds(
  cloud: Cloud,
  region: string,
  pools: Readonly<Record<string, Pool>>,
  machines: Readonly<Record<string, Machine>>,
): QuotaNeed[] {
  const needs = new Map<string, QuotaNeed>();
  for (const pool of Object.values(pools)) {
    const machine = Object.hasOwn(machines, pool.machine) ? machines[pool.machine] : undefined;
    if (machine === undefined) continue;
    for (const share of shares[cloud](region, pool, machine)) {
      const before = needs.get(share.quota)?.needed ?? 0;
      needs.set(share.quota, { cloud, ...share, needed: before + share.needed });
    }
  }
  return [...needs.values()];
}

const shares: Readonly<Record<Cloud, (region: string, pool: Pool, machine: Machine) => Share[]>> = {
  aws: awsShares,
  azure: azureShares,
  gcp: gcpShares,
};

function kindOf(pool: Pool): PurchaseOption["kind"] {
  return (pool.purchase ?? defaultPurchase).kind;
}

/**
 * vCPU of all G or all P machines, by the way they are bought (AWS General Reference, "Amazon EC2 endpoints and quotas"). Those in a
 * capacity block count against none (EC2 User Guide, "Capacity Blocks for ML").
 */
function awsShares(region: string, pool: Pool, machine: Machine): Share[] {
  const kind = kindOf(pool);
  if (kind === "block") return [];
  const quota = kind === "spot" ? awsSpotQuota(machine.family) : awsOnDemandQuota(machine.family);
  return [{ region, quota, needed: pool.max * machine.vcpu, unit: "vCPU" }];
}

function awsOnDemandQuota(family: string): string {
  return family.startsWith("g")
    ? "Running On-Demand G and VT instances (L-DB2E81BA)"
    : "Running On-Demand P instances (L-417A185B)";
}

function awsSpotQuota(family: string): string {
  if (family.startsWith("g")) return "All G and VT Spot Instance Requests (L-3819A6DF)";
  if (family.startsWith("p5")) return "All P5 Spot Instance Requests (L-C4BD4855)";
  // Where P6 counts is not in the reference: accounts show either code.
  if (family.startsWith("p6")) return "All P Spot Instance Requests";
  return "All P4, P3 and P2 Spot Instance Requests (L-7212CCBC)";
}

/** vCPU quotas by the family of the catalogue, as `az vm list-usage` names them; Azure itself is not of one mind about capitals. */
const azureFamilies: Readonly<Record<string, string>> = {
  NCasT4_v3: "Standard NCASv3_T4 Family",
  NC_A100_v4: "StandardNCADSA100v4Family",
  NCads_H100_v5: "StandardNCadsH100v5Family",
  NDasrA100_v4: "Standard NDASv4_A100 Family",
  NDm_A100_v4: "standard NDAMSv4_A100Family",
  ND_H100_v5: "standardNDSH100v5Family",
  ND_H200_v5: "standardNDISRH200V5Family",
  NVadsA10_v5: "StandardNVADSA10v5Family",
};

/** Each family has a quota, and all of them together another; spot machines have one for all families. */
function azureShares(region: string, pool: Pool, machine: Machine): Share[] {
  const share = { region, needed: pool.max * machine.vcpu, unit: "vCPU" } as const;
  if (kindOf(pool) === "spot") return [{ ...share, quota: "lowPriorityCores" }];
  return [
    { ...share, quota: azureFamilies[machine.family] ?? machine.family },
    { ...share, quota: "cores" },
  ];
}

/** GPU models as quotas of Compute Engine spell them, by accelerator type. */
const gcpModels: Readonly<Record<string, string>> = {
  "nvidia-tesla-t4": "T4",
  "nvidia-l4": "L4",
  "nvidia-tesla-a100": "A100",
  "nvidia-a100-80gb": "A100_80GB",
  "nvidia-h100-80gb": "H100",
  "nvidia-h100-mega-80gb": "H100_MEGA",
  "nvidia-h200-141gb": "H200",
  "nvidia-b200": "B200",
  "nvidia-gb200": "GB200",
  "nvidia-rtx-pro-6000": "RTX_PRO_6000",
};

/** Models with a quota of their own for machines that are not preemptible; newer ones share one with a dimension. */
const ownQuota = ["T4", "L4", "A100", "A100_80GB"];

/**
 * GPUs by model in the region, and of all models in all regions, both (docs.cloud.google.com/compute/resource-usage). Flex-start uses up
 * the preemptible quota, as spot does (docs.cloud.google.com/kubernetes-engine/docs/concepts/consumption-option).
 */
function gcpShares(region: string, pool: Pool, machine: Machine & Partial<GcpMachine>): Share[] {
  const needed = pool.max * (pool.gpusPerNode ?? machine.gpus);
  const model = gcpModels[machine.acceleratorType ?? ""] ?? machine.gpu;
  const preemptible = ["spot", "queued"].includes(kindOf(pool));
  return [
    { region, quota: gcpQuota(model, preemptible), needed, unit: "GPU" },
    { region: "global", quota: "GPUS_ALL_REGIONS", needed, unit: "GPU" },
  ];
}

function gcpQuota(model: string, preemptible: boolean): string {
  if (preemptible) return `PREEMPTIBLE_NVIDIA_${model}_GPUS`;
  return ownQuota.includes(model)
    ? `NVIDIA_${model}_GPUS`
    : `GPUS-PER-GPU-FAMILY-per-project-region (gpu_family: NVIDIA_${model})`;
}

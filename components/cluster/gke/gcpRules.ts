import { byteCount } from "../../core/quantity.ts";
import type { CloudRules, QuotaShare } from "../cloudRules.ts";
import { type AnyGpuPoolArgs, defaultDisk, defaultPurchase } from "../gpuPool.ts";
import { hasSmallestProfileOfSlices } from "../machines/gpus.ts";
import type { Machine } from "../machines/machine.ts";
import { type GcpMachine, gcpMachines } from "./gcpMachines.ts";
import { gcpRegions, gcpZoneLetters } from "./gcpRegions.ts";

/** What Google Cloud and GKE accept. */
export const gcpRules = {
  cloud: "gcp",
  title: "Google Cloud",
  service: "GKE",
  // GKE's own driver and device plugin run on its nodes, and conflict with the operator's (gpu-operator #1577, #1679).
  operatorLabels: false,
  virtualMachines: true,
  spotTaints: [],
  cutsMigSlices: () => true,
  // On A100, GKE names profiles by their compute slices alone: GoogleCloudPlatform/container-engine-accelerators
  // `partition_gpu/partition_gpu.go` at 09e2ab1a.
  hasMigProfile: (gpu, profile, known) => !gpu.startsWith("A100") || hasSmallestProfileOfSlices(profile, known),
  regions: {
    form: /^[a-z]+(-[a-z]+)+\d{1,2}$/,
    example: "europe-west4",
    known: gcpRegions,
    zone(region) {
      const letters = gcpZoneLetters[region] ?? "abc";
      return [`${region}-${letters[0]}`, new RegExp(`[${letters}]$`)];
    },
  },
  machines: gcpMachines,
  machineFaults: () => [],
  purchases: ["onDemand", "spot", "reserved", "queued"],
  reservation: {
    form: /^(projects\/[a-z][a-z0-9:.-]*\/reservations\/)?[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
    what: "the name of a reservation",
    example: "gpus-l4",
    // Reservations of several zones may share a name.
    inOneZone: false,
  },
  purchaseProblems: () => [],
  // docs.cloud.google.com/ai-hypercomputer/docs/placement-policy-and-workload-policy lists A and G machines.
  placementProblems: ({ machine: name }, { family }) =>
    family.startsWith("n1")
      ? [
          {
            path: "placement",
            reason: `"compact" is not available for "${name}": Google Cloud places A and G machines only.`,
            fix: "Leave placement out, or choose a g2 machine.",
          },
        ]
      : [],
  // The node image brings the driver, and the operator's is supported on Ubuntu only
  // (NVIDIA/cloud-native-docs `gpu-operator/platform-support.rst`).
  driverOwners: () => ["cloud"],
  driverRefusal: (owner) =>
    owner === "preinstalled"
      ? "the node image is GKE's own"
      : "the node image of GKE brings the driver, and the operator's is for Ubuntu",
  drivers: {
    default: {
      where: 'GKE, `gpuDriverVersion: "DEFAULT"`',
      version: "535.274.02",
      source: "seen on nodes in 2026-02: rapidsai/deployment#656",
    },
    latest: {
      where: 'GKE, `gpuDriverVersion: "LATEST"`',
      version: "580.65.06",
      source: "at least, as seen in 2026-02: rapidsai/deployment#659",
    },
  },
  quotaShares,
} as const satisfies CloudRules;

/** GPU models as quotas of Compute Engine spell them, by accelerator type. */
const models: Readonly<Record<string, string>> = {
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

/**
 * Models with a quota of their own for machines that are not preemptible. Newer models share one quota, whose dimension
 * `gpu_family` names the model.
 */
const ownQuota = ["T4", "L4", "A100", "A100_80GB"];

/**
 * Machines whose vCPUs count in a quota of their own, by family. N1 machines count as CPUS. No such quota is known of
 * the families that are not here.
 */
const cpuQuotas: Readonly<Record<string, string>> = {
  "a2-highgpu": "A2_CPUS",
  "a2-megagpu": "A2_CPUS",
  "a2-ultragpu": "A2_CPUS",
  "n1+t4": "CPUS",
};

/** Families that boot from Hyperdisk only. All others boot from a balanced Persistent Disk, which is an SSD. */
const hyperdiskFamilies = ["a3-ultragpu", "a4-highgpu", "a4x-highgpu", "g4-standard"];

/**
 * Of GPUs, two quotas apply: those of the model in the region, and those of all models in all regions
 * (docs.cloud.google.com/compute/resource-usage). Flex-start uses the preemptible quota, as spot does
 * (docs.cloud.google.com/kubernetes-engine/docs/concepts/consumption-option). Then vCPUs of all regions, of the
 * family where it has a quota, and the boot disks. Spot machines may use PREEMPTIBLE_CPUS instead, which most projects
 * never asked for, and CPUS counts for them then.
 */
function quotaShares(
  region: string,
  pool: AnyGpuPoolArgs & { readonly gpusPerNode?: number },
  machine: Machine & Partial<GcpMachine>,
): QuotaShare[] {
  const gpus = pool.max * (pool.gpusPerNode ?? machine.gpus);
  const vcpu = pool.max * machine.vcpu;
  const disks = pool.max * (byteCount(pool.disk ?? defaultDisk) / byteCount("1GiB"));
  const model = models[machine.acceleratorType ?? ""] ?? machine.gpu;
  const preemptible = ["spot", "queued"].includes((pool.purchase ?? defaultPurchase).kind);
  const ofFamily = cpuQuotas[machine.family];
  const diskQuota = hyperdiskFamilies.includes(machine.family) ? "HDB_TOTAL_GB" : "SSD_TOTAL_GB";
  return [
    { region, quota: quotaOf(model, preemptible), needed: gpus, unit: "GPU" },
    { region: "global", quota: "GPUS_ALL_REGIONS", needed: gpus, unit: "GPU" },
    ...(ofFamily === undefined ? [] : [{ region, quota: ofFamily, needed: vcpu, unit: "vCPU" } as const]),
    { region: "global", quota: "CPUS_ALL_REGIONS", needed: vcpu, unit: "vCPU" },
    { region, quota: diskQuota, needed: disks, unit: "GB" },
  ];
}

function quotaOf(model: string, preemptible: boolean): string {
  if (preemptible) return `PREEMPTIBLE_NVIDIA_${model}_GPUS`;
  return ownQuota.includes(model)
    ? `NVIDIA_${model}_GPUS`
    : `GPUS-PER-GPU-FAMILY-per-project-region (gpu_family: NVIDIA_${model})`;
}

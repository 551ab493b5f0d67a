import type { Machine } from "../machines/machine.ts";

/** What Azure adds to a machine. */
export interface AzureMachine extends Machine {
  /**
   * The driver that AKS installs. `grid` machines have vGPUs, on which the GPU operator's data center driver fails
   * (Azure/karpenter-provider-azure `pkg/utils/gpu.go`).
   */
  readonly driver: "cuda-lts" | "grid";
  /** Whether the machine has InfiniBand, which connects nodes of one pool only. Absent: it has none. */
  readonly infiniBand?: true;
}

/**
 * Azure machines with NVIDIA GPUs: MicrosoftDocs/azure-compute-docs
 * `articles/virtual-machines/sizes/gpu-accelerated/*-series.md` (August 2026), drivers from
 * Azure/karpenter-provider-azure `pkg/utils/supported-gpus.yaml` at 352646f5. Memory is what the pages print; some of
 * them mean GB.
 */
export const azureMachines = {
  Standard_NC4as_T4_v3: { family: "NCasT4_v3", vcpu: 4, memoryGiB: 28, gpu: "T4", gpus: 1, driver: "cuda-lts" },
  Standard_NC8as_T4_v3: { family: "NCasT4_v3", vcpu: 8, memoryGiB: 56, gpu: "T4", gpus: 1, driver: "cuda-lts" },
  Standard_NC16as_T4_v3: { family: "NCasT4_v3", vcpu: 16, memoryGiB: 110, gpu: "T4", gpus: 1, driver: "cuda-lts" },
  Standard_NC64as_T4_v3: { family: "NCasT4_v3", vcpu: 64, memoryGiB: 440, gpu: "T4", gpus: 4, driver: "cuda-lts" },
  Standard_NC24ads_A100_v4: {
    family: "NC_A100_v4",
    vcpu: 24,
    memoryGiB: 220,
    gpu: "A100-80GB",
    gpus: 1,
    driver: "cuda-lts",
  },
  Standard_NC48ads_A100_v4: {
    family: "NC_A100_v4",
    vcpu: 48,
    memoryGiB: 440,
    gpu: "A100-80GB",
    gpus: 2,
    driver: "cuda-lts",
  },
  Standard_NC96ads_A100_v4: {
    family: "NC_A100_v4",
    vcpu: 96,
    memoryGiB: 880,
    gpu: "A100-80GB",
    gpus: 4,
    driver: "cuda-lts",
  },
  Standard_NC40ads_H100_v5: {
    family: "NCads_H100_v5",
    vcpu: 40,
    memoryGiB: 320,
    gpu: "H100-NVL-94GB",
    gpus: 1,
    driver: "cuda-lts",
  },
  Standard_NC80adis_H100_v5: {
    family: "NCads_H100_v5",
    vcpu: 80,
    memoryGiB: 640,
    gpu: "H100-NVL-94GB",
    gpus: 2,
    driver: "cuda-lts",
  },
  Standard_ND96asr_v4: {
    family: "NDasrA100_v4",
    vcpu: 96,
    memoryGiB: 900,
    gpu: "A100-40GB",
    gpus: 8,
    driver: "cuda-lts",
    infiniBand: true,
  },
  Standard_ND96amsr_A100_v4: {
    family: "NDm_A100_v4",
    vcpu: 96,
    memoryGiB: 1900,
    gpu: "A100-80GB",
    gpus: 8,
    driver: "cuda-lts",
    infiniBand: true,
  },
  Standard_ND96isr_H100_v5: {
    family: "ND_H100_v5",
    vcpu: 96,
    memoryGiB: 1900,
    gpu: "H100-80GB",
    gpus: 8,
    driver: "cuda-lts",
    infiniBand: true,
  },
  Standard_ND96isr_H200_v5: {
    family: "ND_H200_v5",
    vcpu: 96,
    memoryGiB: 1850,
    gpu: "H200-141GB",
    gpus: 8,
    driver: "cuda-lts",
    infiniBand: true,
  },
  Standard_NV6ads_A10_v5: {
    family: "NVadsA10_v5",
    vcpu: 6,
    memoryGiB: 55,
    gpu: "A10",
    gpus: 1,
    fraction: 0.16666666666666666,
    driver: "grid",
  },
  Standard_NV12ads_A10_v5: {
    family: "NVadsA10_v5",
    vcpu: 12,
    memoryGiB: 110,
    gpu: "A10",
    gpus: 1,
    fraction: 0.3333333333333333,
    driver: "grid",
  },
  Standard_NV18ads_A10_v5: {
    family: "NVadsA10_v5",
    vcpu: 18,
    memoryGiB: 220,
    gpu: "A10",
    gpus: 1,
    fraction: 0.5,
    driver: "grid",
  },
  Standard_NV36ads_A10_v5: { family: "NVadsA10_v5", vcpu: 36, memoryGiB: 440, gpu: "A10", gpus: 1, driver: "grid" },
  Standard_NV36adms_A10_v5: { family: "NVadsA10_v5", vcpu: 36, memoryGiB: 880, gpu: "A10", gpus: 1, driver: "grid" },
  Standard_NV72ads_A10_v5: { family: "NVadsA10_v5", vcpu: 72, memoryGiB: 880, gpu: "A10", gpus: 2, driver: "grid" },
} as const satisfies Record<string, AzureMachine>;

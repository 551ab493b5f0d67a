/** What is known of one GPU model. */
interface Gpu {
  /** Memory of one GPU in GiB. */
  readonly memoryGiB: number;
  /** CUDA compute capability. Triton needs 7.5 since CUDA 13 dropped Volta. */
  readonly computeCapability: number;
  /**
   * Values of the label `nvidia.com/gpu.product` that GPU feature discovery sets, one for each form the model is sold
   * in. Absent: no value is confirmed, so a pool of an adopted cluster must have a `nodeSelector`.
   */
  readonly products?: readonly string[];
  /** How many slices of each MIG profile fit on one GPU. Absent: the model has no MIG, or it is not confirmed. */
  readonly mig?: Readonly<Record<`${number}g.${number}gb`, number>>;
}

/**
 * GPUs by model and, where a model is sold with several sizes of memory, by memory. MIG: NVIDIA/gpu-operator
 * `assets/state-mig-manager/0400_configmap.yaml` at a22dbf67 (2026-08-21), only profiles that split a GPU evenly.
 */
export const gpus = {
  T4: { memoryGiB: 16, computeCapability: 7.5, products: ["Tesla-T4"] },
  T4G: { memoryGiB: 16, computeCapability: 7.5 },
  "V100-32GB": { memoryGiB: 32, computeCapability: 7.0, products: ["Tesla-V100-SXM2-32GB"] },
  A10: { memoryGiB: 24, computeCapability: 8.6, products: ["NVIDIA-A10"] },
  A10G: { memoryGiB: 24, computeCapability: 8.6, products: ["NVIDIA-A10G"] },
  L4: { memoryGiB: 24, computeCapability: 8.9, products: ["NVIDIA-L4"] },
  L40S: { memoryGiB: 48, computeCapability: 8.9, products: ["NVIDIA-L40S"] },
  "A100-40GB": {
    memoryGiB: 40,
    computeCapability: 8.0,
    products: ["NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-PCIE-40GB"],
    mig: { "1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1 },
  },
  "A100-80GB": {
    memoryGiB: 80,
    computeCapability: 8.0,
    products: ["NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-80GB-PCIe"],
    mig: { "1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1 },
  },
  "H100-80GB": {
    memoryGiB: 80,
    computeCapability: 9.0,
    products: ["NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe"],
    mig: { "1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1 },
  },
  "H100-NVL-94GB": {
    memoryGiB: 94,
    computeCapability: 9.0,
    products: ["NVIDIA-H100-NVL"],
    mig: { "1g.12gb": 7, "1g.24gb": 4, "2g.24gb": 3, "3g.47gb": 2, "4g.47gb": 1, "7g.94gb": 1 },
  },
  "H200-141GB": {
    memoryGiB: 141,
    computeCapability: 9.0,
    products: ["NVIDIA-H200"],
    mig: { "1g.18gb": 7, "1g.35gb": 4, "2g.35gb": 3, "3g.71gb": 2, "4g.71gb": 1, "7g.141gb": 1 },
  },
  "B200-180GB": {
    memoryGiB: 180,
    computeCapability: 10.0,
    mig: { "1g.23gb": 7, "1g.45gb": 4, "2g.45gb": 3, "3g.90gb": 2, "4g.90gb": 1, "7g.180gb": 1 },
  },
  B300: {
    memoryGiB: 269,
    computeCapability: 10.3,
    mig: { "1g.34gb": 7, "1g.67gb": 4, "2g.67gb": 3, "3g.135gb": 2, "4g.135gb": 1, "7g.269gb": 1 },
  },
  GB200: { memoryGiB: 186, computeCapability: 10.0 },
  "RTX-PRO-6000-96GB": {
    memoryGiB: 96,
    computeCapability: 12.0,
    mig: { "1g.24gb": 4, "2g.48gb": 2, "4g.96gb": 1 },
  },
  "RTX-PRO-4500-32GB": { memoryGiB: 32, computeCapability: 12.0 },
} as const satisfies Record<string, Gpu>;

/** A GPU model that the catalogue knows, as pools and models write it: `L4`, `A100-80GB`. */
export type GpuModel = keyof typeof gpus;

type MigTable<Model extends GpuModel> = (typeof gpus)[Model] extends { mig: infer Profiles } ? keyof Profiles : never;

/** A MIG profile of any model: `<slices>g.<memory>gb`. */
export type MigProfile = { [Model in GpuModel]: MigTable<Model> }[GpuModel];

/** The facts of a model, typed so that what is absent reads as undefined. */
export function gpuFacts(model: GpuModel): Gpu {
  return gpus[model];
}

/**
 * Whether a profile has the least memory of all profiles with as many compute slices. A tool that names profiles by
 * their slices alone makes that one (NVIDIA MIG profile 19, not 15).
 */
export function hasSmallestProfileOfSlices(profile: string, known: readonly string[]): boolean {
  const memory = (candidate: string) => Number.parseInt(candidate.split("g.")[1] ?? "", 10);
  const slices = `${Number.parseInt(profile, 10)}g.`;
  return known.every((other) => !other.startsWith(slices) || memory(profile) <= memory(other));
}

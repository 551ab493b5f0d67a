/** Who installs a driver, as `Driver` of a GPU pool says it. */
export type DriverOwner = "cloud" | "operator" | "preinstalled";

/**
 * The oldest driver branch and the oldest GPUs that run a major version of CUDA. Within a major version an older driver runs what a
 * newer minor version built (minor version compatibility), except code that is compiled on the node from PTX.
 * NVIDIA, CUDA Toolkit release notes, "CUDA Toolkit and Minimum Required Driver Version for CUDA Minor Version Compatibility";
 * compute capability: triton-inference-server/server, release notes of the first CUDA 13 container.
 */
export const cudaMajors = {
  12: { minimumBranch: 525, minimumComputeCapability: 5.0 },
  13: { minimumBranch: 580, minimumComputeCapability: 7.5 },
} as const;

/** What a cloud's node image brings. */
export interface CloudDriver {
  readonly where: string;
  /** The least one can count on. */
  readonly version: string;
  readonly source: string;
}

/** Drivers that a cloud installs; nothing but another machine or another image changes them. */
export const cloudDrivers = {
  eks: {
    where: "EKS, NVIDIA AMI of Amazon Linux 2023",
    version: "580.159.03",
    source: "awslabs/amazon-eks-ami `CHANGELOG.md`, v20260714",
  },
  aksCuda: {
    where: "AKS, CUDA driver",
    version: "580.159.04",
    source: "Azure/karpenter-provider-azure `pkg/utils/gpu.go` at 352646f5",
  },
  aksGrid: {
    where: "AKS, GRID driver (NVads A10 v5)",
    version: "570.211.01",
    source: "Azure/karpenter-provider-azure `pkg/utils/gpu.go` at 352646f5",
  },
  aksGridV20: {
    where: "AKS, GRID v20 driver (RTX PRO 6000)",
    version: "595.58.03",
    source: "Azure/karpenter-provider-azure `pkg/utils/gpu.go` at 352646f5",
  },
  gkeDefault: {
    where: 'GKE, `gpuDriverVersion: "DEFAULT"`',
    version: "535.274.02",
    source: "seen on nodes in 2026-02: rapidsai/deployment#656",
  },
  gkeLatest: {
    where: 'GKE, `gpuDriverVersion: "LATEST"`',
    version: "580.65.06",
    source: "at least, as seen in 2026-02: rapidsai/deployment#659",
  },
} as const satisfies Record<string, CloudDriver>;

/** Driver containers that a line of the GPU Operator was released with: NVIDIA/cloud-native-docs `gpu-operator/life-cycle-policy.rst`. */
export const operatorDrivers: Readonly<Record<string, readonly string[]>> = {
  "26.7": ["535.309.01", "580.173.02", "595.91.07", "610.57.04"],
};

/** What the GPU Operator installs when a pool names no version: its own default and NVIDIA's recommendation for 26.7. */
export const defaultOperatorDriver = "595.91.07";

/** End of life of driver branches: docs.nvidia.com/datacenter/tesla/drivers, "Supported Drivers and CUDA Toolkit Versions". */
export const driverBranches = {
  535: { endOfLife: "2026-06" },
  570: { endOfLife: "2026-02" },
  580: { endOfLife: "2028-08" },
} as const;

/** `580` of `580.159.03`. */
export function driverBranch(version: string): number {
  return Number.parseInt(version, 10);
}

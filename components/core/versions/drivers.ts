/** Who installs a driver, as `Driver` of a GPU pool says it. */
export type DriverOwner = "cloud" | "operator" | "preinstalled";

/**
 * The oldest driver branch and the oldest GPUs that run a major version of CUDA. Within a major version an older driver
 * runs what a newer minor version built (minor version compatibility), except code that is compiled on the node from
 * PTX. NVIDIA, CUDA Toolkit release notes, "CUDA Toolkit and Minimum Required Driver Version for CUDA Minor Version
 * Compatibility"; compute capability: triton-inference-server/server, release notes of the first CUDA 13 container.
 */
export const cudaMajors = {
  12: { minimumBranch: 525, minimumComputeCapability: 5.0 },
  13: { minimumBranch: 580, minimumComputeCapability: 7.5 },
} as const;

/** A driver that a cloud installs. Only another machine or another node image changes it. */
export interface CloudDriver {
  /** The service and the image, for the docs: `EKS, NVIDIA AMI of Amazon Linux 2023`. */
  readonly where: string;
  /** The oldest version that is known to be installed. */
  readonly version: string;
  /** Where the version was read. */
  readonly source: string;
}

/**
 * Driver containers that a line of the GPU Operator was released with: NVIDIA/cloud-native-docs
 * `gpu-operator/life-cycle-policy.rst`.
 */
export const operatorDrivers: Readonly<Record<string, readonly string[]>> = {
  "26.7": ["535.309.01", "580.173.02", "595.91.07", "610.57.04"],
};

/**
 * What the GPU Operator installs when a pool names no version: its own default and NVIDIA's recommendation for 26.7.
 */
export const defaultOperatorDriver = "595.91.07";

/**
 * End of life of driver branches: docs.nvidia.com/datacenter/tesla/drivers, "Supported Drivers and CUDA Toolkit
 * Versions".
 */
export const driverBranches = {
  535: { endOfLife: "2026-06" },
  570: { endOfLife: "2026-02" },
  580: { endOfLife: "2028-08" },
} as const;

/** `580` of `580.159.03`. */
export function driverBranch(version: string): number {
  return Number.parseInt(version, 10);
}

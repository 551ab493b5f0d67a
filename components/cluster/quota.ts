import type { AnyGpuPoolArgs } from "./gpuPool.ts";
import type { Cloud, Machine } from "./machines/machine.ts";

/** What an account must be allowed, before a cluster's pools can grow to their most. */
export interface QuotaNeed {
  readonly cloud: Cloud;
  readonly region: string;
  /** As the cloud calls it, where it is asked for. */
  readonly quota: string;
  /** For all pools at their most. */
  readonly needed: number;
  readonly unit: "vCPU" | "GPU";
}

/** Quotas that the pools need in their region. */
export function quotaNeeds(
  _cloud: Cloud,
  _region: string,
  _pools: Readonly<Record<string, AnyGpuPoolArgs>>,
  _machines: Readonly<Record<string, Machine>>,
): QuotaNeed[] {
  return [];
}

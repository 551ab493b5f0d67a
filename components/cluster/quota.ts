import type { CloudRules, QuotaShare } from "./cloudRules.ts";
import type { AnyGpuPoolArgs } from "./gpuPool.ts";

/** What an account must be allowed before a cluster's pools can grow to their maximum. */
export interface QuotaNeed extends QuotaShare {
  /** The cloud's key: `aws`. */
  readonly cloud: string;
}

/**
 * The quotas that the pools of a cluster need together, each at its maximum. A pool of an unknown machine needs none.
 * `besides` is what the cluster needs for nodes that are in no GPU pool.
 */
export function quotaNeeds(
  { cloud, machines, quotaShares }: Pick<CloudRules, "cloud" | "machines" | "quotaShares">,
  region: string,
  pools: Readonly<Record<string, AnyGpuPoolArgs>>,
  besides: readonly QuotaShare[] = [],
): QuotaNeed[] {
  const needs = new Map<string, QuotaNeed>(besides.map((share) => [share.quota, { cloud, ...share }]));
  for (const pool of Object.values(pools)) {
    const machine = Object.hasOwn(machines, pool.machine) ? machines[pool.machine] : undefined;
    if (machine === undefined) continue;
    for (const share of quotaShares(region, pool, machine)) {
      const before = needs.get(share.quota)?.needed ?? 0;
      needs.set(share.quota, { cloud, ...share, needed: before + share.needed });
    }
  }
  return [...needs.values()];
}

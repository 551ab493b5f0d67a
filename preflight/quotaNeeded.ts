import { azureMachines } from "../components/cluster/aks/azureMachines.ts";
import { awsMachines } from "../components/cluster/eks/awsMachines.ts";
import { gcpMachines } from "../components/cluster/gke/gcpMachines.ts";
import type { AnyGpuPoolArgs } from "../components/cluster/gpuPool.ts";
import type { Cloud, Machine } from "../components/cluster/machines/machine.ts";
import { type QuotaNeed, quotaNeeds } from "../components/cluster/quota.ts";

const machines: Readonly<Record<Cloud, Readonly<Record<string, Machine>>>> = {
  aws: awsMachines,
  azure: azureMachines,
  gcp: gcpMachines,
};

/** A declared cluster as far as quotas are concerned; a site of one's own has none. */
interface QuotaCluster {
  readonly cloud: string;
  readonly region?: string;
  readonly gpuPools?: Readonly<Record<string, object>>;
}

/** What clusters need of each quota, those of one cloud and region together: a quota is an account's. */
export function quotaNeeded(clusters: readonly QuotaCluster[]): QuotaNeed[] {
  const sums = new Map<string, QuotaNeed>();
  for (const { cloud, region, gpuPools = {} } of clusters) {
    if (!isCloud(cloud) || region === undefined) continue;
    const pools = gpuPools as Readonly<Record<string, AnyGpuPoolArgs>>;
    for (const need of quotaNeeds(cloud, region, pools, machines[cloud])) {
      const key = [need.cloud, need.region, need.quota].join("\n");
      sums.set(key, { ...need, needed: need.needed + (sums.get(key)?.needed ?? 0) });
    }
  }
  return [...sums.values()];
}

function isCloud(cloud: string): cloud is Cloud {
  return Object.hasOwn(machines, cloud);
}

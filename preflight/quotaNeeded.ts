import { type ClusterSpec, cloudOf } from "../components/cluster/clouds.ts";
import type { QuotaNeed } from "../components/cluster/quota.ts";

/** What clusters need of each quota, those of one cloud and region together: a quota belongs to an account. */
export function quotaNeeded(clusters: readonly ClusterSpec[]): QuotaNeed[] {
  const sums = new Map<string, QuotaNeed>();
  for (const need of clusters.flatMap((spec) => cloudOf(spec).quota(spec))) {
    const key = [need.cloud, need.region, need.quota].join("\n");
    sums.set(key, { ...need, needed: need.needed + (sums.get(key)?.needed ?? 0) });
  }
  return [...sums.values()];
}

import { type Problem, under } from "../core/problem.ts";
import type { KubernetesVersion } from "../core/versionMatrix.ts";
import type { GpuPoolArgs, PurchaseOption } from "./gpuPool.ts";
import type { Machine } from "./machines/machine.ts";
import { type Cloud, poolProblems } from "./preconditions.ts";
import type { AuditStoreArgs } from "./stores.ts";

/** What a cluster of every cloud is declared with; each cloud narrows machines, zones and ways to buy. */
export interface CloudClusterArgs<Machine extends string, Purchase extends PurchaseOption["kind"]> {
  /** The cloud's own name of the region. Changing it replaces everything. */
  readonly region: string;
  /** Three zones, as the cloud names them. Changing them replaces subnets and pools. */
  readonly zones: readonly [string, string, string];
  /**
   * The cluster's own block of private IPv4 addresses, /16 to /20, which no other cluster of the environment overlaps. Nodes, pods and
   * services come from it. Changing it replaces everything.
   */
  readonly cidr: string;
  /** Minor version. One step up upgrades in place; a step down is refused by every cloud. */
  readonly kubernetesVersion: KubernetesVersion;
  /** Who administers the cluster, as the cloud names them: see each cluster. At least one. Changing it replaces nothing. */
  readonly admins: readonly string[];
  /** What placement selects by. Also tags (labels on Google Cloud) of every resource. Changing them replaces nothing. */
  readonly labels: Readonly<Record<string, string>>;
  /** GPU nodes by pool. @default none */
  readonly gpuPools?: Readonly<Record<string, GpuPoolArgs<Machine, Purchase>>>;
  /** Where the audit logs of the cluster and the access logs of its stores are kept. */
  readonly auditStore?: AuditStoreArgs;
  /**
   * What holds state cannot be deleted: cluster, stores, keys. To remove a cluster, set this to false and bring it up once, then remove
   * it. @default true
   */
  readonly protect?: boolean;
}

/** Everything wrong with what the clusters of all clouds have in common. */
export function cloudClusterProblems(
  cloud: Cloud,
  args: CloudClusterArgs<string, PurchaseOption["kind"]>,
  machines: Readonly<Record<string, Machine>>,
): Problem[] {
  return Object.entries(args.gpuPools ?? {}).flatMap(([key, pool]) => {
    const machine = machines[pool.machine];
    return machine === undefined ? [] : under(`gpuPools.${key}`, poolProblems(cloud, pool, machine, args.zones));
  });
}

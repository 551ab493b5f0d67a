import { ProximityPlacementGroup } from "@pulumi/azure-native/compute/proximityPlacementGroup.js";
import { AgentPool } from "@pulumi/azure-native/containerservice/agentPool.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import { ignoreChanges } from "../../core/driftRules.ts";
import { type AgentPoolWiring, type AksGpuPoolArgs, agentPoolArgs, aksPoolName, zonesOf } from "./agentPoolArgs.ts";
import type { AksScope } from "./aksScope.ts";
import { assignRole } from "./assignRole.ts";

type Pools = Readonly<Record<string, AksGpuPoolArgs>>;

/** The GPU pools of a cluster. `identity` is the cluster's. */
export function gpuAgentPools(
  cluster: string,
  pools: Pools,
  { identity, ...wiring }: AgentPoolWiring & { readonly identity: UserAssignedIdentity },
  opts: pulumi.CustomResourceOptions,
): void {
  const grants = reservationGrants(cluster, pools, identity, wiring.scope, opts);
  for (const [key, pool] of Object.entries(pools)) {
    const name = `${cluster}-pool-${key}`;
    const placement =
      pool.placement === "compact"
        ? { proximityPlacementGroupID: placementGroup(name, key, pool, wiring, opts).id }
        : {};
    new AgentPool(name, agentPoolArgs(key, pool, { ...wiring, ...placement }), {
      ...opts,
      dependsOn: grants.filter(({ reservation }) => reservation === reservationOf(pool)).map(({ grant }) => grant),
      ...ignoreChanges("aksPool"),
    });
  }
}

/** It is where its first machine is, so it comes and goes with the pool and has its name. */
function placementGroup(
  name: string,
  key: string,
  pool: AksGpuPoolArgs,
  { scope, zones }: AgentPoolWiring,
  opts: pulumi.CustomResourceOptions,
): ProximityPlacementGroup {
  const { resourceGroupName, location, tags } = scope;
  return new ProximityPlacementGroup(
    `${name}-placement`,
    {
      proximityPlacementGroupName: aksPoolName(key, pool, zones),
      resourceGroupName,
      location,
      proximityPlacementGroupType: "Standard",
      zones: zonesOf(pool, zones),
      intent: { vmSizes: [pool.machine] },
      tags,
    },
    opts,
  );
}

/**
 * The cluster's right to use reserved capacity, once for each group however many pools draw on it
 * (MicrosoftDocs/azure-aks-docs `articles/aks/use-capacity-reservation-groups.md`).
 */
function reservationGrants(
  cluster: string,
  pools: Pools,
  identity: UserAssignedIdentity,
  scope: AksScope,
  opts: pulumi.CustomResourceOptions,
): { readonly reservation: string; readonly grant: pulumi.Resource }[] {
  const reservations = new Set(Object.values(pools).flatMap((pool) => reservationOf(pool) ?? []));
  return [...reservations].map((on) => ({
    reservation: on,
    grant: assignRole(
      `${cluster}-reservation-${on.split("/").at(-1)}`,
      { role: "Contributor", identity, on },
      scope,
      opts,
    ),
  }));
}

function reservationOf({ purchase }: AksGpuPoolArgs): string | undefined {
  return purchase?.kind === "reserved" ? purchase.reservation : undefined;
}

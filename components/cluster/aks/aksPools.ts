import { ProximityPlacementGroup } from "@pulumi/azure-native/compute/proximityPlacementGroup.js";
import { AgentPool, type AgentPoolArgs } from "@pulumi/azure-native/containerservice/agentPool.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import { ignoreChanges } from "../../core/driftRules.ts";
import { byteCount } from "../../core/quantity.ts";
import { deviceLabels } from "../deviceLabels.ts";
import {
  defaultDisk,
  defaultPurchase,
  defaultSharing,
  type GpuPool,
  type GpuPoolArgs,
  publishedPool,
} from "../gpuPool.ts";
import { poolDriver } from "../poolDriver.ts";
import { poolName } from "../poolName.ts";
import type { AksDeclaration } from "./aksArgs.ts";
import { assignRole } from "./aksRoles.ts";
import type { AksScope } from "./aksScope.ts";
import { azureMachines } from "./azureMachines.ts";
import { azureRules, spotTaint } from "./azureRules.ts";

export type AksGpuPoolArgs = GpuPoolArgs<keyof typeof azureMachines, "onDemand" | "spot" | "reserved">;

/** How AKS spells a taint. */
function spelled({
  key,
  value,
  effect,
}: {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}): string {
  return `${key}=${value}:${effect}`;
}

/**
 * What AKS cannot change of a pool: with any of it the pool's name changes, and the new pool is there before the old
 * one goes.
 */
export function aksPoolName(key: string, pool: AksGpuPoolArgs, zones: readonly string[]): string {
  const { purchase = defaultPurchase, placement = "spread", sharing = defaultSharing, disk = defaultDisk } = pool;
  const { owner } = poolDriver(azureRules, pool, azureMachines[pool.machine]);
  const immutable = { machine: pool.machine, zones: zonesOf(pool, zones), purchase, placement, sharing, owner, disk };
  return poolName(key, immutable, { maxLength: 12, alphanumeric: true });
}

/** In order, so that the order they are written in does not matter. */
export function zonesOf(pool: AksGpuPoolArgs, zones: readonly string[]): string[] {
  return [...(pool.zones ?? zones)].sort();
}

/** What a cluster publishes of a pool. */
export function publishedAksPool(pool: AksGpuPoolArgs): GpuPool {
  const machine = azureMachines[pool.machine];
  const published = publishedPool(machine, machine.gpus, pool, poolDriver(azureRules, pool, machine));
  return pool.purchase?.kind === "spot" ? { ...published, taints: [...published.taints, spotTaint] } : published;
}

export interface AgentPoolWiring {
  readonly scope: AksScope;
  readonly clusterName: pulumi.Input<string>;
  readonly nodeSubnetId: pulumi.Input<string>;
  readonly kubernetesVersion: string;
  readonly zones: readonly string[];
  /** Of a pool that is placed compactly. */
  readonly proximityPlacementGroupID?: pulumi.Input<string>;
}

/**
 * The pool in AKS' words. AKS labels the nodes `accelerator=nvidia` and `kubernetes.azure.com/accelerator=nvidia` by
 * itself.
 */
export function agentPoolArgs(key: string, pool: AksGpuPoolArgs, wiring: AgentPoolWiring): AgentPoolArgs {
  const { scope, zones, proximityPlacementGroupID } = wiring;
  const { purchase = defaultPurchase, sharing = defaultSharing, disk = defaultDisk } = pool;
  const { driver, nodeSelector, taints } = publishedAksPool(pool);
  const isSpot = purchase.kind === "spot";
  return {
    agentPoolName: aksPoolName(key, pool, zones),
    resourceName: wiring.clusterName,
    resourceGroupName: scope.resourceGroupName,
    mode: "User",
    type: "VirtualMachineScaleSets",
    vmSize: pool.machine,
    availabilityZones: zonesOf(pool, zones),
    vnetSubnetID: wiring.nodeSubnetId,
    orchestratorVersion: wiring.kubernetesVersion,
    // Only the first count; from then on it is the autoscaler's, but AKS refuses a pool without (pulumi-azure-native
    // #2943).
    count: pool.min,
    enableAutoScaling: true,
    minCount: pool.min,
    maxCount: pool.max,
    scaleDownMode: "Delete",
    osType: "Linux",
    // What NVIDIA makes driver containers for, and AKS its own drivers.
    osSKU: "Ubuntu",
    osDiskType: "Managed",
    osDiskSizeGB: Math.ceil(byteCount(disk) / 2 ** 30),
    enableEncryptionAtHost: true,
    enableNodePublicIP: false,
    gpuProfile: { driver: driver.owner === "cloud" ? "Install" : "None" },
    nodeTaints: taints.map(spelled),
    nodeLabels: {
      ...pool.labels,
      ...deviceLabels(azureRules, { sharing, driver }),
      ...nodeSelector,
      ...(isSpot ? { [spotTaint.key]: spotTaint.value } : {}),
    },
    tags: scope.tags,
    ...(sharing.kind === "mig" ? { gpuInstanceProfile: `MIG${sharing.profile.split("g")[0]}g` } : {}),
    ...(isSpot ? { scaleSetPriority: "Spot", scaleSetEvictionPolicy: "Delete", spotMaxPrice: -1 } : {}),
    ...(purchase.kind === "reserved" ? { capacityReservationGroupID: purchase.reservation } : {}),
    ...(proximityPlacementGroupID === undefined ? {} : { proximityPlacementGroupID }),
    ...upgrades(purchase.kind),
  };
}

/**
 * An upgrade puts a new node beside the old one where one can be bought. Reserved capacity has no node to spare, so one
 * at a time goes first; spot pools have neither (MicrosoftDocs/azure-aks-docs `articles/aks/spot-node-pool.md`).
 */
function upgrades(purchase: "onDemand" | "spot" | "reserved"): Pick<AgentPoolArgs, "upgradeSettings"> {
  if (purchase === "spot") return {};
  return {
    upgradeSettings: purchase === "reserved" ? { maxSurge: "0", maxUnavailable: "1" } : { maxSurge: "1" },
  };
}

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

/** The pools as the cluster publishes them; known before anything is made. */
export function aksGpuPools({ gpuPools = {} }: Pick<AksDeclaration, "gpuPools">): Readonly<Record<string, GpuPool>> {
  return Object.fromEntries(Object.entries(gpuPools).map(([key, pool]) => [key, publishedAksPool(pool)]));
}

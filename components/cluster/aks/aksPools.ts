import { ProximityPlacementGroup } from "@pulumi/azure-native/compute/proximityPlacementGroup.js";
import { AgentPool, type AgentPoolArgs } from "@pulumi/azure-native/containerservice/agentPool.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import { ignoreChanges } from "../../core/driftRules.ts";
import { base36Hash } from "../../core/names.ts";
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

/** A GPU agent pool of AKS: machines of Azure's catalogue, bought on demand, as spot or from a reservation. */
export type AksGpuPoolArgs = GpuPoolArgs<keyof typeof azureMachines, "onDemand" | "spot" | "reserved">;

/** A taint as AKS writes it: `key=value:effect`. */
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
 * `agentPoolName`: the key without `-`, cut to fit 12 characters, and a hash of what AKS cannot change in a pool. A
 * change of those gives another name, so the new pool is made before the old one goes.
 */
export function aksPoolName(key: string, pool: AksGpuPoolArgs, zones: readonly string[]): string {
  const { purchase = defaultPurchase, placement = "spread", sharing = defaultSharing, disk = defaultDisk } = pool;
  const { owner } = poolDriver(azureRules, pool, azureMachines[pool.machine]);
  const immutable = { machine: pool.machine, zones: zonesOf(pool, zones), purchase, placement, sharing, owner, disk };
  return poolName(key, immutable, { maxLength: 12, alphanumeric: true });
}

/** A pool's zones, else the cluster's. Sorted, so that another order of the same zones changes nothing. */
function zonesOf(pool: AksGpuPoolArgs, zones: readonly string[]): string[] {
  return [...(pool.zones ?? zones)].sort();
}

/** What a cluster publishes of a pool: a spot pool has AKS's own spot taint, too. */
export function publishedAksPool(pool: AksGpuPoolArgs): GpuPool {
  const machine = azureMachines[pool.machine];
  const published = publishedPool(machine, machine.gpus, pool, poolDriver(azureRules, pool, machine));
  return pool.purchase?.kind === "spot" ? { ...published, taints: [...published.taints, spotTaint] } : published;
}

/** What a pool has from its cluster. */
export interface AgentPoolWiring {
  /** Resource group and tags of the pool. */
  readonly scope: AksScope;
  /** `resourceName`: name of the managed cluster. A change replaces the pool. */
  readonly clusterName: pulumi.Input<string>;
  /** `vnetSubnetID`: ARM id of the subnet of the nodes. */
  readonly nodeSubnetId: pulumi.Input<string>;
  /** `orchestratorVersion`, a minor version. One step up upgrades the nodes in place, after the control plane. */
  readonly nodesVersion: string;
  /** `availabilityZones` of a pool without zones of its own. A change makes a new pool. */
  readonly zones: readonly string[];
  /** ARM id of the placement group of a pool with `placement: "compact"`. Absent: Azure places the nodes. */
  readonly proximityPlacementGroupID?: pulumi.Input<string>;
}

/**
 * A GPU pool as an `AgentPool`. AKS adds the labels `accelerator=nvidia` and `kubernetes.azure.com/accelerator=nvidia`
 * to its nodes.
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
    orchestratorVersion: wiring.nodesVersion,
    // The first count only, without which AKS refuses the pool. Later the autoscaler sets it, and changes are ignored
    // (pulumi-azure-native #2943).
    count: pool.min,
    enableAutoScaling: true,
    minCount: pool.min,
    maxCount: pool.max,
    scaleDownMode: "Delete",
    osType: "Linux",
    // NVIDIA's driver containers and AKS's own drivers are both made for Ubuntu.
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
 * An upgrade adds a node before it drains one. Reserved capacity has no spare node, so there one node at a time is
 * drained first. AKS takes neither setting for spot pools (MicrosoftDocs/azure-aks-docs
 * `articles/aks/spot-node-pool.md`).
 */
function upgrades(purchase: "onDemand" | "spot" | "reserved"): Pick<AgentPoolArgs, "upgradeSettings"> {
  if (purchase === "spot") return {};
  return {
    upgradeSettings: purchase === "reserved" ? { maxSurge: "0", maxUnavailable: "1" } : { maxSurge: "1" },
  };
}

type Pools = Readonly<Record<string, AksGpuPoolArgs>>;

/** Makes the GPU pools of a cluster. `identity` is the cluster's, which gets the right to use reserved capacity. */
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

/**
 * The placement group of a pool. Azure fixes its place by the first machine in it, so each pool has a group of the same
 * name, which is made and deleted with the pool.
 */
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
 * The cluster's right to use reserved capacity: one for each reservation group, which several pools may use
 * (MicrosoftDocs/azure-aks-docs `articles/aks/use-capacity-reservation-groups.md`). Azure does not tell ids apart by
 * the case of their letters. Of groups with one name, in other resource groups, all but the first have a hash of their
 * id in the right's name.
 */
function reservationGrants(
  cluster: string,
  pools: Pools,
  identity: UserAssignedIdentity,
  scope: AksScope,
  opts: pulumi.CustomResourceOptions,
): { readonly reservation: string; readonly grant: pulumi.Resource }[] {
  const groups = new Map<string, string>();
  for (const pool of Object.values(pools)) {
    const id = pool.purchase?.kind === "reserved" ? pool.purchase.reservation : undefined;
    if (id !== undefined && !groups.has(id.toLowerCase())) groups.set(id.toLowerCase(), id);
  }
  const named = new Set<string>();
  return [...groups].map(([reservation, on]) => {
    const group = on.split("/").at(-1) ?? "";
    const name = named.has(group) ? `${group}-${base36Hash(reservation, 6)}` : group;
    named.add(group);
    const grant = assignRole(`${cluster}-reservation-${name}`, { role: "Contributor", identity, on }, scope, opts);
    return { reservation, grant };
  });
}

/** The id of a pool's reservation group, in small letters. */
function reservationOf({ purchase }: AksGpuPoolArgs): string | undefined {
  return purchase?.kind === "reserved" ? purchase.reservation.toLowerCase() : undefined;
}

/** The pools as the cluster publishes them; known before anything is made. */
export function aksGpuPools({ gpuPools = {} }: Pick<AksDeclaration, "gpuPools">): Readonly<Record<string, GpuPool>> {
  return Object.fromEntries(Object.entries(gpuPools).map(([key, pool]) => [key, publishedAksPool(pool)]));
}

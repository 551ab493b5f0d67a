import type { AgentPoolArgs } from "@pulumi/azure-native/containerservice/agentPool.js";
import type * as pulumi from "@pulumi/pulumi";
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

/** What AKS cannot change of a pool: with any of it the pool's name changes, and the new pool is there before the old one goes. */
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

/** The pool in AKS' words. AKS labels the nodes `accelerator=nvidia` and `kubernetes.azure.com/accelerator=nvidia` by itself. */
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
    // Only the first count; from then on it is the autoscaler's, but AKS refuses a pool without (pulumi-azure-native #2943).
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
 * An upgrade puts a new node beside the old one where one can be bought. Reserved capacity has no node to spare, so one at a time goes
 * first; spot pools have neither (MicrosoftDocs/azure-aks-docs `articles/aks/spot-node-pool.md`).
 */
function upgrades(purchase: "onDemand" | "spot" | "reserved"): Pick<AgentPoolArgs, "upgradeSettings"> {
  if (purchase === "spot") return {};
  return {
    upgradeSettings: purchase === "reserved" ? { maxSurge: "0", maxUnavailable: "1" } : { maxSurge: "1" },
  };
}

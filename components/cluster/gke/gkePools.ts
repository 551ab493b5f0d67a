import type { NodePoolArgs } from "@pulumi/gcp/container/nodePool.js";
import type * as inputs from "@pulumi/gcp/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../core/problem.ts";
import { byteCount, seconds } from "../../core/quantity.ts";
import type { SystemNodes } from "../cloudAdapter.ts";
import type { QuotaShare } from "../cloudRules.ts";
import {
  defaultDisk,
  defaultPurchase,
  defaultSharing,
  type GpuPool,
  type GpuPoolArgs,
  gpuClass,
  gpuClassLabel,
  gpuTaint,
  type PurchaseOption,
  publishedPool,
  type Sharing,
  sharesPerGpu,
} from "../gpuPool.ts";
import { poolDriver } from "../poolDriver.ts";
import { poolName } from "../poolName.ts";
import { type GcpMachine, gcpMachines } from "./gcpMachines.ts";
import { gcpRules } from "./gcpRules.ts";

/** A GPU node pool of GKE. GKE installs the driver and the device plugin. */
export interface GkePoolArgs
  extends GpuPoolArgs<keyof typeof gcpMachines, "onDemand" | "spot" | "reserved" | "queued"> {
  /**
   * `guestAccelerators[].count`: GPUs attached to a node, for n1 machines only; other machines have theirs built in.
   * @default the fewest that the machine takes, which is 1. Changing it replaces the pool.
   */
  readonly gpusPerNode?: number;
}

/** The machine of a pool, typed so that optional fields can be read. */
function machineOf(pool: GkePoolArgs): GcpMachine {
  return gcpMachines[pool.machine];
}

/** Physical GPUs of a node, before they are shared. */
export function gpusOf(pool: GkePoolArgs): number {
  const { attachable, gpus } = machineOf(pool);
  return attachable === undefined ? gpus : (pool.gpusPerNode ?? attachable[0] ?? gpus);
}

/**
 * Values of `maxPodsPerNode` to choose from. GKE gives a node two addresses for each, so that the address of a pod that
 * ended is not used again at once.
 */
const podLimits = [32, 64, 128, 256] as const;
/** Pods of the system on a node: network, logs, metrics, disks, identity, driver, mesh. */
const podsOfSystem = 24;

/**
 * `maxPodsPerNode` of a pool: the smallest of 32, 64, 128 and 256 with room for one pod for each share of a GPU and 24
 * of the system. Undefined where 256 is too few; `gkePoolProblems` refuses such a pool.
 */
export function maxPods(pool: GkePoolArgs): number | undefined {
  const shares = gpusOf(pool) * sharesPerGpu(machineOf(pool).gpu, pool.sharing ?? defaultSharing);
  return podLimits.find((limit) => limit >= shares + podsOfSystem);
}

/** Problems that a pool has on GKE only, with paths below the pool: `gpusPerNode`, and pods that fit no node. */
export function gkePoolProblems(pool: GkePoolArgs): Problem[] {
  const { attachable, gpus } = machineOf(pool);
  if (pool.gpusPerNode !== undefined && attachable === undefined) {
    return [
      {
        path: "gpusPerNode",
        reason: `"${pool.machine}" has its ${gpus} GPU${gpus === 1 ? "" : "s"} built in.`,
        fix: "Leave it out.",
      },
    ];
  }
  if (pool.gpusPerNode !== undefined && !attachable?.includes(pool.gpusPerNode)) {
    return [
      {
        path: "gpusPerNode",
        reason: `"${pool.machine}" takes ${attachable?.join(" or ")} GPUs, not ${pool.gpusPerNode}.`,
        fix: "Write one of these.",
      },
    ];
  }
  if (maxPods(pool) !== undefined) return [];
  const most = podLimits[podLimits.length - 1] ?? 0;
  return [
    {
      path: "sharing",
      reason: `${gpusOf(pool)} GPUs with ${sharesPerGpu(machineOf(pool).gpu, pool.sharing ?? defaultSharing)} pods each are too many for a node: GKE runs ${most} pods, ${podsOfSystem} of them the system's.`,
      fix: `Share a GPU between ${Math.floor((most - podsOfSystem) / gpusOf(pool))} pods at most.`,
    },
  ];
}

/** What all node pools of a cluster have in common. */
export interface NodeBase {
  /** `cluster`: the cluster's name. A change replaces the pools. */
  readonly cluster: pulumi.Input<string>;
  /** `location`: the cluster's region. A change replaces the pools. */
  readonly region: string;
  /**
   * `nodeLocations`: the cluster's zones. A change updates the system pool in place, and replaces GPU pools that have
   * no zones of their own.
   */
  readonly zones: readonly string[];
  /** `nodeConfig.serviceAccount`: email of the account that nodes run as. A change replaces the pools. */
  readonly serviceAccount: pulumi.Input<string>;
  /** `nodeConfig.bootDiskKmsKey`: id of the Cloud KMS key of the boot disks. A change replaces the pools. */
  readonly diskKey: pulumi.Input<string>;
  /** `nodeConfig.resourceLabels`: labels of the virtual machines. A change updates the pools in place. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The system pool, for what the platform runs: mesh, metrics, rollouts. One node in each zone, two when they are full.
 */
export const systemPool = { machine: "e2-standard-4", min: 3, max: 6, maxPods: 64, diskGb: 100 } as const;

/** Size of the system pool: `e2-standard-4` has 4 vCPU and 16 GiB. */
export const gkeSystemNodes: SystemNodes = { vcpu: 4, memoryGiB: 16, max: systemPool.max };

/** What the system pool uses up at its most, with the node more that an upgrade adds. E2 machines count as CPUS. */
export function gkeSystemQuota(region: string): QuotaShare[] {
  const nodes = systemPool.max + 1;
  const vcpu = nodes * gkeSystemNodes.vcpu;
  return [
    { region, quota: "CPUS", needed: vcpu, unit: "vCPU" },
    { region: "global", quota: "CPUS_ALL_REGIONS", needed: vcpu, unit: "vCPU" },
    { region, quota: "SSD_TOTAL_GB", needed: nodes * systemPool.diskGb, unit: "GB" },
  ];
}

/** The pool without GPUs, on which the platform runs. An upgrade adds a node before it drains one. */
export function systemNodePool(base: NodeBase): NodePoolArgs {
  return {
    ...poolBase(base, base.zones),
    name: "system",
    maxPodsPerNode: systemPool.maxPods,
    initialNodeCount: 1,
    autoscaling: { totalMinNodeCount: systemPool.min, totalMaxNodeCount: systemPool.max, locationPolicy: "BALANCED" },
    management: { autoRepair: true, autoUpgrade: true },
    upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
    nodeConfig: {
      ...nodeConfig(base),
      machineType: systemPool.machine,
      diskType: "pd-balanced",
      diskSizeGb: systemPool.diskGb,
    },
  };
}

/**
 * A GPU pool as a `NodePool`. Its name is the key, cut to fit 40 characters, and a hash of what GKE cannot change in
 * place. A change of those gives another name, so the new pool is made before the old one goes.
 */
export function gpuNodePool(key: string, pool: GkePoolArgs, base: NodeBase): NodePoolArgs {
  const machine = machineOf(pool);
  const { sharing = defaultSharing, purchase = defaultPurchase, placement = "spread", disk = defaultDisk } = pool;
  const zones = [...(pool.zones ?? base.zones)].sort();
  const gpus = gpusOf(pool);
  // GKE cannot change these in place (`ForceNew` in the provider's schema), or it would remove nodes before it has new
  // ones.
  const immutable = { machine: pool.machine, gpus, gpuDriverVersion, sharing, purchase, placement, zones };
  return {
    ...poolBase(base, zones),
    name: poolName(key, immutable, { maxLength: 40 }),
    maxPodsPerNode: maxPods(pool) ?? 0,
    initialNodeCount: firstNodes(pool, zones.length),
    autoscaling: { totalMinNodeCount: pool.min, totalMaxNodeCount: pool.max, locationPolicy: "ANY" },
    management: { autoRepair: purchase.kind !== "queued", autoUpgrade: true },
    // An upgrade drains a node before it makes the next one: a spare GPU is rarely available.
    upgradeSettings: { strategy: "SURGE", maxSurge: 0, maxUnavailable: 1 },
    ...(placement === "compact" ? { placementPolicy: { type: "COMPACT" } } : {}),
    nodeConfig: {
      ...nodeConfig(base),
      ...purchaseConfig(purchase),
      machineType: pool.machine,
      // No `diskType`: GKE chooses what the machine takes, Hyperdisk for newer machines and Persistent Disk for the
      // rest.
      diskSizeGb: byteCount(disk) / byteCount("1GiB"),
      guestAccelerators: [accelerator(machine, gpus, sharing)],
      taints: [{ key: gpuTaint.key, value: gpuTaint.value, effect: "NO_SCHEDULE" }],
      labels: { ...pool.labels, [gpuClassLabel]: gpuClass(machine.gpu, sharing) },
      ...(machine.localSsdCount === undefined
        ? {}
        : { ephemeralStorageLocalSsdConfig: { localSsdCount: machine.localSsdCount } }),
    },
  };
}

/**
 * `initialNodeCount`: nodes in each zone when the pool is made. GKE's autoscaler adds none to reach a minimum; it only
 * never goes below one (hashicorp/terraform-provider-google #8270, kubernetes/autoscaler #2288). So a pool starts with
 * `min` nodes, rounded up to as many in each zone; the autoscaler removes what is too much. Rounded down where more
 * than `max` would come, and for reserved machines, because a zone without one would fail the run.
 */
function firstNodes({ min, max, purchase = defaultPurchase }: GkePoolArgs, zones: number): number {
  const up = Math.ceil(min / zones);
  return up * zones <= max && purchase.kind !== "reserved" ? up : Math.floor(min / zones);
}

/**
 * Addresses of the pod range that nodes take when every pool has `max` nodes, and the system pool the one more that an
 * upgrade adds.
 */
export function podAddresses(pools: readonly GkePoolArgs[]): number {
  return pools.reduce(
    (sum, pool) => sum + pool.max * 2 * (maxPods(pool) ?? 0),
    (systemPool.max + 1) * 2 * systemPool.maxPods,
  );
}

function poolBase(base: NodeBase, zones: readonly string[]): Pick<NodePoolArgs, "cluster" | "location"> & NodePoolArgs {
  return {
    cluster: base.cluster,
    location: base.region,
    nodeLocations: [...zones],
    networkConfig: { enablePrivateNodes: true },
  };
}

function nodeConfig(base: NodeBase): inputs.container.NodePoolNodeConfig {
  return {
    imageType: "COS_CONTAINERD",
    serviceAccount: base.serviceAccount,
    // The account's roles limit what a node may do. Scopes are the older limit, so this one admits everything.
    oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
    workloadMetadataConfig: { mode: "GKE_METADATA" },
    metadata: { "disable-legacy-endpoints": "true" },
    gvnic: { enabled: true },
    // On GPU nodes, too: Google signs the drivers that GKE installs.
    shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
    kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
    bootDiskKmsKey: base.diskKey,
    resourceLabels: { ...base.labels },
  };
}

/**
 * GKE offers two drivers. In February 2026 `DEFAULT` was R535, on which CUDA 13 does not run (rapidsai/deployment#656),
 * and `LATEST` was R580 (#659). A change replaces a pool (hashicorp/terraform-provider-google #23248).
 */
const gpuDriverVersion = "LATEST";

function accelerator(
  machine: GcpMachine,
  count: number,
  sharing: Sharing,
): inputs.container.NodePoolNodeConfigGuestAccelerator {
  const driver = {
    type: machine.acceleratorType,
    count,
    gpuDriverInstallationConfig: { gpuDriverVersion },
  };
  switch (sharing.kind) {
    case "exclusive":
      return driver;
    case "mig":
      return { ...driver, gpuPartitionSize: sharing.profile };
    case "timeSlicing":
      return {
        ...driver,
        gpuSharingConfig: { gpuSharingStrategy: "TIME_SHARING", maxSharedClientsPerGpu: sharing.replicas },
      };
    case "mps":
      return { ...driver, gpuSharingConfig: { gpuSharingStrategy: "MPS", maxSharedClientsPerGpu: sharing.clients } };
  }
}

/**
 * `queued` is flex-start without `queuedProvisioning`: GKE makes nodes for pending pods. With it, GKE would make them
 * for ProvisioningRequests only, which Deployments and Rollouts never create.
 */
function purchaseConfig(purchase: PurchaseOption): inputs.container.NodePoolNodeConfig {
  switch (purchase.kind) {
    case "spot":
      return { spot: true };
    case "reserved":
      return {
        reservationAffinity: {
          consumeReservationType: "SPECIFIC_RESERVATION",
          key: "compute.googleapis.com/reservation-name",
          values: [purchase.reservation],
        },
      };
    case "queued":
      return {
        flexStart: true,
        maxRunDuration: `${seconds(purchase.maxRunDuration)}s`,
        reservationAffinity: { consumeReservationType: "NO_RESERVATION" },
      };
    default:
      return {};
  }
}

/** The pools as the cluster publishes them; known before anything is made. */
export function gkeGpuPools({
  gpuPools = {},
}: {
  readonly gpuPools?: Readonly<Record<string, GkePoolArgs>>;
}): Readonly<Record<string, GpuPool>> {
  return Object.fromEntries(
    Object.entries(gpuPools).map(([key, pool]) => {
      const machine = machineOf(pool);
      const published = publishedPool(machine, gpusOf(pool), pool, poolDriver(gcpRules, pool, machine));
      // GKE documentation, "Share GPUs with multiple workloads using NVIDIA MPS".
      return [key, pool.sharing?.kind === "mps" ? { ...published, hostIPC: true } : published];
    }),
  );
}

import type { NodePoolArgs } from "@pulumi/gcp/container/nodePool.js";
import type * as inputs from "@pulumi/gcp/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../core/problem.ts";
import { byteCount, seconds } from "../../core/quantity.ts";
import type { SystemNodes } from "../cloudAdapter.ts";
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

/** GPU nodes of GKE, which installs the driver and the device plugin itself. */
export interface GkePoolArgs
  extends GpuPoolArgs<keyof typeof gcpMachines, "onDemand" | "spot" | "reserved" | "queued"> {
  /**
   * GPUs attached to a node, of machines that come without (n1). @default the fewest the machine takes. Changing it
   * replaces the pool.
   */
  readonly gpusPerNode?: number;
}

/** The machine of a pool, with what is absent made visible. */
export function machineOf(pool: GkePoolArgs): GcpMachine {
  return gcpMachines[pool.machine];
}

/** GPUs of a node, before they are shared. */
export function gpusOf(pool: GkePoolArgs): number {
  const { attachable, gpus } = machineOf(pool);
  return attachable === undefined ? gpus : (pool.gpusPerNode ?? attachable[0] ?? gpus);
}

/** What a node of GKE can be made for; each pod has two addresses, so that they are not used again too soon. */
const podLimits = [32, 64, 128, 256] as const;
/** Pods of a node that are not ours: network, logs, metrics, disks, identity, driver, mesh. */
const podsOfSystem = 24;

/**
 * The most pods of a node of the pool: one for each share of a GPU, and the system's. Undefined: more than GKE runs.
 */
export function maxPods(pool: GkePoolArgs): number | undefined {
  const shares = gpusOf(pool) * sharesPerGpu(machineOf(pool).gpu, pool.sharing ?? defaultSharing);
  return podLimits.find((limit) => limit >= shares + podsOfSystem);
}

/** What only GKE refuses, by the path below the pool. */
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

/** What all nodes of a cluster have in common. */
export interface NodeBase {
  readonly cluster: pulumi.Input<string>;
  readonly region: string;
  readonly zones: readonly string[];
  readonly serviceAccount: pulumi.Input<string>;
  /** Encrypts their disks. */
  readonly diskKey: pulumi.Input<string>;
  /** Of the virtual machines. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Room for what the platform runs: mesh, metrics, rollouts. One node in each zone, and as many again when they fill up.
 */
const system = { machine: "e2-standard-4", min: 3, max: 6, maxPods: 64, diskGb: 100 } as const;

/** The room on system nodes: `e2-standard-4` has 4 vCPU and 16 GiB. */
export const gkeSystemNodes: SystemNodes = { vcpu: 4, memoryGiB: 16, max: system.max };

export function systemNodePool(base: NodeBase): NodePoolArgs {
  return {
    ...poolBase(base, base.zones),
    name: "system",
    maxPodsPerNode: system.maxPods,
    initialNodeCount: 1,
    autoscaling: { totalMinNodeCount: system.min, totalMaxNodeCount: system.max, locationPolicy: "BALANCED" },
    management: { autoRepair: true, autoUpgrade: true },
    upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
    nodeConfig: {
      ...nodeConfig(base),
      machineType: system.machine,
      diskType: "pd-balanced",
      diskSizeGb: system.diskGb,
    },
  };
}

export function gpuNodePool(key: string, pool: GkePoolArgs, base: NodeBase): NodePoolArgs {
  const machine = machineOf(pool);
  const { sharing = defaultSharing, purchase = defaultPurchase, placement = "spread", disk = defaultDisk } = pool;
  const zones = [...(pool.zones ?? base.zones)].sort();
  const gpus = gpusOf(pool);
  // GKE changes none of these in place (`ForceNew` in the provider's schema), or moves nodes without having the new
  // ones first.
  const immutable = { machine: pool.machine, gpus, gpuDriverVersion, sharing, purchase, placement, zones };
  return {
    ...poolBase(base, zones),
    name: poolName(key, immutable, { maxLength: 40 }),
    maxPodsPerNode: maxPods(pool) ?? 0,
    // Nodes come with the first pods that ask for them: with a number here, a zone without free GPUs fails the whole
    // run.
    initialNodeCount: 0,
    autoscaling: { totalMinNodeCount: pool.min, totalMaxNodeCount: pool.max, locationPolicy: "ANY" },
    management: { autoRepair: purchase.kind !== "queued", autoUpgrade: true },
    // An upgrade drains a node before it has the next: a spare GPU is rarely to be had.
    upgradeSettings: { strategy: "SURGE", maxSurge: 0, maxUnavailable: 1 },
    networkConfig: {
      enablePrivateNodes: true,
      ...(placement === "compact" && machine.gpuDirect === "RDMA" ? { acceleratorNetworkProfile: "auto" } : {}),
    },
    ...(placement === "compact" ? { placementPolicy: { type: "COMPACT" } } : {}),
    nodeConfig: {
      ...nodeConfig(base),
      ...purchaseConfig(purchase),
      machineType: pool.machine,
      // No `diskType`: GKE takes the one the machine has, which is Hyperdisk for the newer ones and Persistent Disk for
      // the rest.
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

/** Addresses that pods need when every pool is at its most, with one node more where an upgrade adds one. */
export function podAddresses(pools: readonly GkePoolArgs[]): number {
  return pools.reduce((sum, pool) => sum + pool.max * 2 * (maxPods(pool) ?? 0), (system.max + 1) * 2 * system.maxPods);
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
    // The account's roles say what a node may do; scopes are the older way to say it.
    oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
    workloadMetadataConfig: { mode: "GKE_METADATA" },
    metadata: { "disable-legacy-endpoints": "true" },
    gvnic: { enabled: true },
    // GPU nodes, too: the drivers that GKE installs are signed by Google.
    shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
    kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
    bootDiskKmsKey: base.diskKey,
    resourceLabels: { ...base.labels },
  };
}

/**
 * Of the two drivers that GKE installs: `DEFAULT` was R535 in February 2026, on which CUDA 13 does not run
 * (rapidsai/deployment#656); `LATEST` was R580 (#659). A change replaces a pool (hashicorp/terraform-provider-google
 * #23248).
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
 * `queued` is flex-start alone: nodes come for pods that wait. With `queuedProvisioning`, too, they would come for
 * ProvisioningRequests only, which Deployments and Rollouts never make.
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

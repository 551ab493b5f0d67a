import type { Bytes, Duration } from "../core/quantity.ts";
import { type GpuModel, gpuFacts, type MigProfile } from "./machines/gpus.ts";
import type { Machine } from "./machines/machine.ts";

/**
 * How the GPUs of a pool are given to pods. A model asks for one kind and runs only on pools of that kind, so no node
 * has pods of two kinds.
 */
export type Sharing =
  /** A pod has whole GPUs. */
  | { readonly kind: "exclusive" }
  /** Every GPU is split into MIG slices of one profile. A pod has whole slices, with their own memory and compute. */
  | { readonly kind: "mig"; readonly profile: MigProfile }
  /**
   * `replicas` pods, 2 to 48, take turns on a GPU. Nothing limits the memory of each, and GPU metrics do not tell them
   * apart (NVIDIA gpu-sharing docs).
   */
  | { readonly kind: "timeSlicing"; readonly replicas: number }
  /** `clients` pods run on a GPU at once, 2 to 48, each with an equal share of its memory. Not on MIG slices. */
  | { readonly kind: "mps"; readonly clients: number };

/** Who installs the NVIDIA driver on the nodes. */
export type Driver =
  /** The cloud: the AMI on EKS, AKS, GKE. */
  | { readonly owner: "cloud" }
  /**
   * The GPU operator's driver container. `version` is a full driver version, by default the one pinned in the version
   * matrix.
   */
  | { readonly owner: "operator"; readonly version?: string }
  /** Whoever made the node image; `version` is what `nvidia-smi` prints there. */
  | { readonly owner: "preinstalled"; readonly version: string };

/** How machines are bought. */
export type PurchaseOption =
  /** Started when a node is needed, at the list price. Nothing guarantees that the cloud has a machine then. */
  | { readonly kind: "onDemand" }
  /** The cloud may take the machine back at any time. Never run the only copy of a model on it. */
  | { readonly kind: "spot" }
  /**
   * Reserved capacity. `reservation` is the id of the capacity reservation (AWS), the id of the capacity reservation
   * group (Azure) or the name of the reservation (Google Cloud).
   */
  | { readonly kind: "reserved"; readonly reservation: string }
  /** An AWS capacity block, for P4, P5 and P6 machines. `reservation` is the id of its capacity reservation. */
  | { readonly kind: "block"; readonly reservation: string }
  /**
   * Google Cloud flex-start: nodes start when there is capacity and are deleted after `maxRunDuration`, ten minutes to
   * seven days. `min` must be 0.
   */
  | { readonly kind: "queued"; readonly maxRunDuration: Duration };

/**
 * The options by kind. Not a conditional type: with one, the pool of one cloud would not be assignable to
 * `AnyGpuPoolArgs`.
 */
type PurchaseOptions = { readonly [Option in PurchaseOption as Option["kind"]]: Option };

/**
 * A pool of GPU nodes as its owner declares it. Its key in `gpuPools` is its identity: a DNS label of at most 20
 * characters. `poolProblems` reports everything wrong with a pool before anything is made.
 */
export interface GpuPoolArgs<Machine extends string, Purchase extends PurchaseOption["kind"]> {
  /**
   * The cloud's own name of the machine: at least 8 vCPU, 32 GiB and one whole GPU that current Triton and the cloud's
   * driver support. Changing it replaces the pool: the new pool is made first, then the old one is deleted. Its models
   * are away until new nodes have come, unless another pool has room; the page of the cloud says how to avoid that.
   */
  readonly machine: Machine;
  /**
   * The fewest nodes, from 0 to `max`. With 0 the pool has no nodes while no pod needs one. Changing it replaces
   * nothing; on AKS and GKE a higher `min` adds no nodes until pods need them.
   */
  readonly min: number;
  /** The most nodes in all zones together, at least 1. Changing it replaces nothing. */
  readonly max: number;
  /** How the machines are bought. @default `{ kind: "onDemand" }`. Changing it replaces the pool. */
  readonly purchase?: PurchaseOptions[Purchase];
  /**
   * The pool's zones, a part of the cluster's. Exactly one with `compact` and with a capacity reservation or block of
   * AWS.
   * @default all of them. Changing it replaces the pool.
   */
  readonly zones?: readonly string[];
  /**
   * `spread` puts the nodes into all zones of the pool. `compact` puts them close together in one zone, on the
   * machine's fabric where it has one (EFA, InfiniBand). On Google Cloud it gives closeness alone, no GPUDirect.
   * @default "spread": serving pods do not talk to each other. Changing it replaces the pool.
   */
  readonly placement?: "spread" | "compact";
  /**
   * How the GPUs are given to pods. MIG needs a GPU that has it. Of two profiles with as many compute slices, AKS and
   * GKE on A100 make only the one with less memory.
   * @default `{ kind: "exclusive" }`. Changing it replaces the pool on AKS and GKE. On EKS it changes labels of nodes
   * and evicts nobody: drain them before another MIG profile, or they reboot under their pods (`docs/versions.md`).
   */
  readonly sharing?: Sharing;
  /**
   * Who installs the NVIDIA driver. @default by cloud: the cloud on EKS and GKE; on AKS the GPU operator, except for
   * vGPUs and MIG. Changing it replaces the pool.
   */
  readonly driver?: Driver;
  /**
   * Disk of a node, whole GiB from "100GiB" to "2TiB". @default "200GiB": a Triton image unpacks to some 20 GiB, and
   * versions overlap during a release. Changing it replaces the nodes one by one; on AKS it replaces the pool.
   */
  readonly disk?: Bytes;
  /**
   * Further Kubernetes labels of the nodes. Keys in the domains of Kubernetes, the clouds, NVIDIA and `serin.dev` are
   * refused. Changing them replaces nothing.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A declared pool of any cloud. */
export type AnyGpuPoolArgs = GpuPoolArgs<string, PurchaseOption["kind"]>;

/** The disk of a node where a pool declares none: room for two Triton images of some 20 GiB each, and their models. */
export const defaultDisk: Bytes = "200GiB";
/** The sharing where a pool declares none: a pod has whole GPUs, which every GPU model and every cloud can do. */
export const defaultSharing: Sharing = { kind: "exclusive" };
/** How machines are bought where a pool declares nothing: it needs no reservation, and the cloud takes none back. */
export const defaultPurchase = { kind: "onDemand" } as const satisfies PurchaseOption;

/** What a cluster publishes of a pool: everything that models need to know of it, on any cloud. */
export interface GpuPool {
  /** The model of every GPU in the pool. */
  readonly gpu: GpuModel;
  /** How many `nvidia.com/gpu` the pods of one node can ask for together: GPUs, or shares of GPUs. */
  readonly gpusPerNode: number;
  /** The fewest nodes. Equal to `max` on-prem, where nodes do not come and go. */
  readonly min: number;
  /** The most nodes in all zones together. */
  readonly max: number;
  /** How the GPUs are given to pods, with the default filled in. */
  readonly sharing: Sharing;
  /** Who installs the driver, with the cloud's default filled in. */
  readonly driver: Driver;
  /** vCPUs of one node as the machine is sold. Pods get fewer: the node and its agents take some. */
  readonly vcpu: number;
  /** Memory of one node in GiB as the machine is sold. A node reports some 3 to 10 % less. */
  readonly memoryGiB: number;
  /** Whether the cloud may take the nodes back at any time. */
  readonly spot: boolean;
  /** Labels that the pool's nodes have, and GPU nodes of another model or kind of sharing do not. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** What its pods must tolerate: `gpuTaint`, and the taints that a cloud adds by itself. */
  readonly taints: readonly NodeTaint[];
  /** Its pods reach the MPS server through the node's own IPC namespace. Absent: they need no access to it. */
  readonly hostIPC?: true;
}

/** A taint of a node, as Kubernetes has it. */
export interface NodeTaint {
  /** The label key that a toleration names, for example `nvidia.com/gpu`. */
  readonly key: string;
  /** The value that a toleration must equal, unless its operator is `Exists`. */
  readonly value: string;
  /** `NoSchedule` keeps new pods away; `NoExecute` also evicts pods that run there without a toleration. */
  readonly effect: "NoSchedule" | "NoExecute";
}

/**
 * The taint of every GPU node. With another value than `present`, node feature discovery does not run on the node
 * (k8s-device-plugin #1934).
 */
export const gpuTaint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" } as const;

/**
 * The label of every GPU node that a cluster of ours makes; its value is `gpuClass`. It holds model and kind of sharing
 * together, so that a selector of one label is enough.
 */
export const gpuClassLabel = "serin.dev/gpu-class";

/** The value of `gpuClassLabel`: `L4`, `L4.time-slicing`, `L4.mps`, `A100-80GB.mig-1g.10gb`. */
export function gpuClass(gpu: GpuModel, sharing: Sharing): string {
  switch (sharing.kind) {
    case "exclusive":
      return gpu;
    case "mig":
      return `${gpu}.mig-${sharing.profile}`;
    case "timeSlicing":
      return `${gpu}.time-slicing`;
    case "mps":
      return `${gpu}.mps`;
  }
}

/** How many pods run on one GPU when each asks for one `nvidia.com/gpu`. 0: the GPU does not have the MIG profile. */
export function sharesPerGpu(gpu: GpuModel, sharing: Sharing): number {
  switch (sharing.kind) {
    case "exclusive":
      return 1;
    case "mig":
      return gpuFacts(gpu).mig?.[sharing.profile] ?? 0;
    case "timeSlicing":
      return sharing.replicas;
    case "mps":
      return sharing.clients;
  }
}

/** What a cluster publishes of a pool it makes. `gpus` counts the physical GPUs of one node. */
export function publishedPool(machine: Machine, gpus: number, pool: AnyGpuPoolArgs, driver: Driver): GpuPool {
  const { min, max, sharing = defaultSharing, purchase = defaultPurchase } = pool;
  return {
    gpu: machine.gpu,
    gpusPerNode: gpus * sharesPerGpu(machine.gpu, sharing),
    min,
    max,
    sharing,
    driver,
    vcpu: machine.vcpu,
    memoryGiB: machine.memoryGiB,
    spot: purchase.kind === "spot",
    nodeSelector: { [gpuClassLabel]: gpuClass(machine.gpu, sharing) },
    taints: [gpuTaint],
  };
}

import type { Bytes, Duration } from "../core/quantity.ts";
import { type GpuModel, gpuFacts, type MigProfile } from "./machines/gpus.ts";
import type { Machine } from "./machines/machine.ts";

/** How the GPUs of a pool are given to pods. A model asks for the same kind; pods of two kinds never meet on a node. */
export type Sharing =
  /** A pod has whole GPUs. */
  | { readonly kind: "exclusive" }
  /** Every GPU is cut into slices of one profile; a pod has whole slices, with memory and compute of their own. */
  | { readonly kind: "mig"; readonly profile: MigProfile }
  /**
   * `replicas` pods take turns on a GPU, 2 to 48, without memory limits; metrics can no longer tell them apart (NVIDIA
   * gpu-sharing docs).
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

/** How machines are paid for and had. */
export type PurchaseOption =
  | { readonly kind: "onDemand" }
  /** May be taken back at any time; never for the only copy of a model. */
  | { readonly kind: "spot" }
  /**
   * Capacity that is reserved: the capacity reservation's id (AWS), capacity reservation group's id (Azure) or
   * reservation's name (Google Cloud).
   */
  | { readonly kind: "reserved"; readonly reservation: string }
  /** An AWS capacity block, of P4, P5 and P6 machines: the id of its capacity reservation. */
  | { readonly kind: "block"; readonly reservation: string }
  /**
   * Google Cloud flex-start: nodes come when there is room and go after `maxRunDuration`, ten minutes to seven days.
   * `min` is 0.
   */
  | { readonly kind: "queued"; readonly maxRunDuration: Duration };

/** By kind. Not a conditional type: with one, a pool of a cloud would not pass for a pool of any. */
type PurchaseOptions = { readonly [Option in PurchaseOption as Option["kind"]]: Option };

/**
 * GPU nodes as their owner declares them; the key in `gpuPools` is the pool's identity: a DNS label of at most 20
 * characters. What is wrong with a pool is said by `poolProblems`, before anything is made.
 */
export interface GpuPoolArgs<Machine extends string, Purchase extends PurchaseOption["kind"]> {
  /**
   * The cloud's own name of the machine: at least 8 vCPU, 32 GiB and one whole GPU that current Triton and the cloud's
   * driver know. Changing it replaces the pool's nodes: new pool first, then the old one goes.
   */
  readonly machine: Machine;
  /**
   * Nodes at least, from 0, which lets the pool go away when nobody needs it, to `max`. Changing it replaces nothing.
   */
  readonly min: number;
  /** Nodes at most, all zones together, from 1. Changing it replaces nothing. */
  readonly max: number;
  /** @default `{ kind: "onDemand" }`. Changing it replaces the pool. */
  readonly purchase?: PurchaseOptions[Purchase];
  /**
   * Zones of the pool, among the cluster's. One only where a capacity reservation or block of AWS is used, or with
   * `compact`.
   * @default all of them. Changing it replaces the pool.
   */
  readonly zones?: readonly string[];
  /**
   * `compact` puts the nodes close together in one zone, on the machine's fabric where it has one (EFA, InfiniBand,
   * GPUDirect).
   * @default "spread": serving pods do not talk to each other. Changing it replaces the pool.
   */
  readonly placement?: "spread" | "compact";
  /**
   * MIG only on models that have it; AKS, and GKE on A100, make only the smaller of two profiles with as many compute
   * slices.
   * @default `{ kind: "exclusive" }`. Changing it restarts the pods of the pool; on AKS and GKE it replaces the pool.
   */
  readonly sharing?: Sharing;
  /**
   * @default by cloud: the cloud's on EKS and GKE; the operator's on AKS, but for vGPUs and MIG. Changing it replaces
   * the pool.
   */
  readonly driver?: Driver;
  /**
   * Disk of a node, whole GiB from "100GiB" to "2TiB". @default "200GiB": a Triton image unpacks to some 20 GiB, and
   * versions overlap during a release. Changing it replaces the nodes one by one.
   */
  readonly disk?: Bytes;
  /**
   * Further Kubernetes labels of the nodes; domains of Kubernetes, the clouds, NVIDIA and `serin.dev` are theirs to
   * set. Changing them replaces nothing.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A pool of any cloud. */
export type AnyGpuPoolArgs = GpuPoolArgs<string, PurchaseOption["kind"]>;

export const defaultDisk: Bytes = "200GiB";
export const defaultSharing: Sharing = { kind: "exclusive" };
export const defaultPurchase = { kind: "onDemand" } as const satisfies PurchaseOption;

/** What a cluster publishes of a pool: all that models need to know, whatever cloud it is on. */
export interface GpuPool {
  readonly gpu: GpuModel;
  /** GPUs, or shares of GPUs, that pods of one node can ask for in `nvidia.com/gpu`. */
  readonly gpusPerNode: number;
  /** Nodes at least and at most. */
  readonly min: number;
  readonly max: number;
  readonly sharing: Sharing;
  readonly driver: Driver;
  /** Of one node, nominal. */
  readonly vcpu: number;
  readonly memoryGiB: number;
  readonly spot: boolean;
  /** What selects the pool's nodes. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** What its pods must tolerate: the one taint, and what a cloud adds of its own. */
  readonly taints: readonly NodeTaint[];
  /** Its pods reach the MPS server through the node's own IPC namespace. Absent: they do not, or there is none. */
  readonly hostIPC?: true;
}

export interface NodeTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: "NoSchedule" | "NoExecute";
}

/**
 * The one taint of GPU nodes, everywhere: another value than `present` keeps node feature discovery off
 * (k8s-device-plugin #1934).
 */
export const gpuTaint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" } as const;

/**
 * On every GPU node we make: model and kind of sharing in one value, so that one selector tells pools of two kinds
 * apart.
 */
export const gpuClassLabel = "serin.dev/gpu-class";

/** `L4`, `L4.time-slicing`, `L4.mps`, `A100-80GB.mig-1g.10gb`. */
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

/** Pods that one GPU carries, each asking for one `nvidia.com/gpu`. */
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

/** What a cluster publishes of a pool it makes. `gpus` is the GPUs of one node, before they are shared. */
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

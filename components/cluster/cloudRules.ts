import type { Problem } from "../core/problem.ts";
import type { CloudDriver } from "../core/versions/drivers.ts";
import type { AnyGpuPoolArgs, Driver, NodeTaint, PurchaseOption } from "./gpuPool.ts";
import type { GpuModel } from "./machines/gpus.ts";
import type { Machine } from "./machines/machine.ts";

/** What GPU nodes are like where a cluster runs: facts that pools, node labels and the GPU Operator read. */
export interface GpuNodeRules {
  /** The cloud's key, as `cloud` of a declared cluster spells it: `aws`. */
  readonly cloud: string;
  /** The Kubernetes service, for messages: `EKS`. Of an adopted cluster: how messages call it. */
  readonly service: string;
  /**
   * The labels by which the GPU Operator's operands know how to treat a node. `false`: the cloud's own driver and
   * device plugin serve the nodes, and the operator must stay away.
   */
  readonly operatorLabels: boolean;
  /** Nodes are virtual machines, in which a GPU changes its MIG mode only with a reboot. */
  readonly virtualMachines: boolean;
  /**
   * The runtime class that the cloud's own container toolkit registers. Absent: the cloud has none of its own, or it is
   * the default.
   */
  readonly runtimeClass?: string;
  /** Taints that the cloud itself puts on spot nodes. */
  readonly spotTaints: readonly NodeTaint[];
  /**
   * Whether the cloud cuts MIG slices itself on nodes with this driver, so that the operator's MIG manager must not.
   */
  readonly cutsMigSlices: (driver: Driver) => boolean;
  /** Whether nodes can have a MIG profile of a GPU model; `known` are all profiles of the model. */
  readonly hasMigProfile: (gpu: GpuModel, profile: string, known: readonly string[]) => boolean;
}

/** What one pool at its maximum uses up of one quota. */
export interface QuotaShare {
  /** The region of the quota, or `global`. */
  readonly region: string;
  /** The quota, as the cloud names it where one asks for more. */
  readonly quota: string;
  /** For the cluster's own nodes alone; what else runs in the account comes on top. */
  readonly needed: number;
  /** What the quota counts. */
  readonly unit: "vCPU" | "GPU" | "GB" | "addresses";
}

/** A way to buy reserved capacity, as a cloud names it. */
export interface ReservationRules {
  /** The form of its name or id. */
  readonly form: RegExp;
  /** What the form stands for, for messages: `the id of a capacity reservation`. */
  readonly what: string;
  /** A name of that form. */
  readonly example: string;
  /** A reservation lies in one zone, so a pool that uses it has one zone. */
  readonly inOneZone: boolean;
}

/** What a cloud accepts: every fact that checks of clusters and pools read, in one place for each cloud. */
export interface CloudRules extends GpuNodeRules {
  /** The cloud, for messages: `Google Cloud`. */
  readonly title: string;
  /** How the cloud writes regions and zones. */
  readonly regions: {
    /** The form of a region's name. */
    readonly form: RegExp;
    /** A region that exists. */
    readonly example: string;
    /** Why a region that exists is not supported. Absent: every known region is. */
    readonly refusal?: (region: string) => Omit<Problem, "path"> | undefined;
    /** The regions that exist, in the cloud's own partition for everyone. Absent: any region of the form. */
    readonly known?: readonly string[];
    /** The first zone of a region, and the form of a zone's last character there. */
    readonly zone: (region: string) => readonly [first: string, last: RegExp];
  };
  /** The catalogue of machines with NVIDIA GPUs, by the cloud's own name. */
  readonly machines: Readonly<Record<string, Machine>>;
  /**
   * Why a machine cannot carry models on this cloud, beyond what holds on every cloud, as a clause: `needs driver 580,
   * but …`.
   */
  readonly machineFaults: (machine: Machine) => readonly string[];
  /** The ways to buy nodes. */
  readonly purchases: readonly PurchaseOption["kind"][];
  /** How reserved capacity is named. */
  readonly reservation: ReservationRules;
  /** Problems of a purchase that only this cloud has, by the path below the pool. */
  readonly purchaseProblems: (pool: AnyGpuPoolArgs, machine: Machine) => readonly Problem[];
  /** Problems of a placement that only this cloud has, by the path below the pool. */
  readonly placementProblems: (pool: AnyGpuPoolArgs, machine: Machine) => readonly Problem[];
  /** Who can install the driver of a pool, the default first. */
  readonly driverOwners: (
    pool: AnyGpuPoolArgs,
    machine: Machine,
  ) => readonly [Exclude<Driver["owner"], "preinstalled">, ...Driver["owner"][]];
  /** Why another owner cannot install it, as a clause. */
  readonly driverRefusal: (owner: Driver["owner"], machine: Machine) => string;
  /** The drivers that the cloud installs, by a name of ours; the docs list them. */
  readonly drivers: Readonly<Record<string, CloudDriver>>;
  /** The quotas that one pool at its maximum uses up. */
  readonly quotaShares: (region: string, pool: AnyGpuPoolArgs, machine: Machine) => readonly QuotaShare[];
}

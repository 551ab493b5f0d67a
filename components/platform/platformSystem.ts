import type * as pulumi from "@pulumi/pulumi";
import type { CloudAdapter, DeclaredCluster } from "../cluster/cloudAdapter.ts";
import type { GpuPool } from "../cluster/gpuPool.ts";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import type { Problem } from "../core/problem.ts";
import type { SystemVersions, UpgradeSteps } from "../core/versions/releases.ts";
import type { Requirement } from "./adopted.ts";

/** A declared platform: the arguments of the systems that are declared, by key. */
export type DeclaredPlatform = Readonly<Record<string, object | undefined>>;

/** One cluster of an environment, as platform systems see it. */
export interface SystemCluster {
  /** The environment's name. */
  readonly environment: string;
  /** Models are reached at `<model>.<domain>`. */
  readonly domain: string;
  /** The cluster's key in the environment. */
  readonly key: string;
  /** The cluster as declared. */
  readonly spec: DeclaredCluster;
  /** Everything particular to its cloud. */
  readonly cloud: CloudAdapter;
  /** Its GPU pools, by key. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** The platform as declared. */
  readonly platform: DeclaredPlatform;
  /** How every system before this one comes to the cluster, by its key. */
  readonly modes: Readonly<Record<string, SystemMode>>;
}

/** A cluster while its systems are built. */
export interface BuildCluster extends SystemCluster {
  /**
   * Reads a fact that the cluster layer published of this cluster. The Output fails with a ProblemError where it did
   * not, so a system reads only what the clusters that it runs on publish.
   */
  readonly published: (fact: "volumeKey") => pulumi.Output<string>;
}

/**
 * `install`: we install the system. `adopt`: it runs there already, and we use it. `none`: the cluster does without.
 */
export type SystemMode = "install" | "adopt" | "none";

/** The levels of Kubernetes' Pod Security admission, the strictest last. */
export const podSecurityLevels = ["privileged", "baseline", "restricted"] as const;

/** A level of Kubernetes' Pod Security admission. */
export type PodSecurityLevel = (typeof podSecurityLevels)[number];

/** A namespace that a system makes and is installed into. */
export interface SystemNamespace {
  /** The namespace's name. */
  readonly name: string;
  /** The strictest level that admits its pods. The namespace enforces it. Changing it reaches new pods. */
  readonly podSecurity: PodSecurityLevel;
}

/** What an installed system asks of the cluster. */
export interface SystemAsks {
  /** It claims a volume: of the site's StorageClass, else of the cluster's default. */
  readonly volume?: true;
  /** It has a Service of type LoadBalancer, or the port that a site's settings choose instead. */
  readonly loadBalancer?: true;
}

/** What a system built on one cluster. */
export interface BuiltSystem<Published extends object = object> {
  /** Systems that come after this one wait for it. */
  readonly resource: pulumi.Resource;
  /** What the platform layer publishes of it, for the models layer. */
  readonly published: Published;
}

/**
 * Everything that the rest of the program asks of a platform system. One object a system, in the system's file; one
 * line in the record of systems (`systems.ts`). Environment, platform layer, version matrix, preflight and adoption
 * iterate over that record.
 */
export interface PlatformSystem<Args extends object = object, Published extends object = object> {
  /** The system's name, for messages: `Argo Rollouts`. */
  readonly title: string;
  /** The name of its component is `<cluster>-<componentName>`. Changing it replaces the system. */
  readonly componentName: string;
  /**
   * `required`: an environment declares it in `platform`, under the system's key. `optional`: it may, and `fallback`
   * holds where it does not. `derived`: it is not declared; it follows from the cluster and from other systems.
   */
  readonly declared: "required" | "optional" | "derived";
  /** The arguments where an environment declares none. Absent for a required system. */
  readonly fallback?: Args;
  /**
   * It runs only on clusters whose cloud lists it in `needs`.
   * @default false: on every cluster whose cloud does not bring it
   */
  readonly onlyWhereNeeded?: true;
  /**
   * Keys of systems that are built before it, where they run. Their custom resources and namespaces are there by then.
   */
  readonly after: readonly string[];
  /** Namespaces that it makes. Empty: it is installed into `kube-system`, or into none. */
  readonly namespaces: readonly SystemNamespace[];
  /**
   * Custom resource definitions, and fields of them, that the program writes or builds on. An adopted system must serve
   * them.
   */
  readonly requirements: readonly Requirement[];
  /** Definitions that no other manager may own where we install the system. @default those of `requirements` */
  readonly exclusive?: readonly string[];
  /**
   * What has its place on OpenShift, where an installation from our charts does not work. There it must be adopted.
   * @default it can be installed there, too
   */
  readonly onOpenShift?: string;
  /** Ports where the API server calls its pods, for webhooks or an API. It must reach them on the nodes' network. */
  readonly webhookPorts: readonly number[];
  /** What an installed system asks of the cluster. */
  readonly asks: SystemAsks;
  /** It makes the default StorageClass, so that no other is needed. */
  readonly providesStorageClass?: true;
  /** What the version matrix knows of it. Absent: its source states no range of Kubernetes versions. */
  readonly versions?: SystemVersions;
  /** How far one upgrade may go. Absent: its maker sets no limit. */
  readonly upgrade?: UpgradeSteps;
  /** Whether the cluster has a use for it, where its cloud neither brings it nor has to ask for it. */
  runsOn(cluster: SystemCluster): boolean;
  /** Everything wrong with its arguments at a site, by the path below the system's key. */
  problems(args: Args & AtSite): Problem[];
  /**
   * The arguments of an installation on a cluster where nothing runs yet; what does not depend on that stays as
   * declared.
   */
  installed(args: Args): Args;
  /** Builds it on a cluster. */
  build(
    name: string,
    args: Args & AtSite,
    cluster: BuildCluster,
    opts: pulumi.ComponentResourceOptions,
  ): BuiltSystem<Published>;
}

/** How a system with these arguments comes to a cluster. */
export function modeOf(args: object): "install" | "adopt" {
  return "adopt" in args ? "adopt" : "install";
}

import type { GpuPool } from "../components/cluster/gpuPool.ts";
import type { KubernetesVersion } from "../components/core/kubernetesVersions.ts";
import type { RegistryMirror } from "../components/core/registryMirror.ts";
import type { SystemMode, SystemNamespace } from "../components/platform/platformSystem.ts";
import type { VersionCombination } from "../components/platform/versions/conflicts.ts";

/** What one cluster must have for what an environment declares, as plain data. */
export interface ClusterNeeds {
  /** The versions of the systems that are installed. Adopted ones run on their Kubernetes already. */
  readonly versions: VersionCombination;
  /** The declared Kubernetes. Absent: the cluster's owner chooses it. */
  readonly kubernetes?: {
    /** The minor version: `1.35`. */
    readonly version: KubernetesVersion;
    /** What to do before the control plane can take a step. Absent: nothing. */
    readonly before?: string;
  };
  /** The GPU pools by name, as the cluster publishes them. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /**
   * Nodes come when pods ask for them, so that one too few is no fault. Absent: they are there, or somebody adds them.
   */
  readonly nodesComeByThemselves?: true;
  /** Pool → the labels its nodes must have for the GPU operator that is installed. */
  readonly deviceLabels: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How each system that has custom resources comes to the cluster, by its key. */
  readonly systems: Readonly<Record<string, SystemMode>>;
  /** The models that Prometheus reads. */
  readonly models: readonly MonitoredModel[];
  /** The namespace of the models, and whether the platform makes it. */
  readonly modelNamespace: { readonly name: string; readonly mode: "create" | "adopt" };
  /** Namespaces that installed systems make, with the Pod Security levels that they enforce. */
  readonly namespaces: readonly SystemNamespace[];
  /** The StorageClass that is needed. `none`: nothing claims a volume of a class. */
  readonly storage:
    | { readonly kind: "none" }
    | { readonly kind: "default" }
    | { readonly kind: "class"; readonly name: string };
  /** How clients reach the gateway that is installed. `none`: no gateway is installed. */
  readonly ingress:
    | { readonly kind: "none" }
    | { readonly kind: "loadBalancer" }
    | { readonly kind: "nodePort"; readonly port: number };
  /** `enforced`: a network that enforces no NetworkPolicy is a failure. */
  readonly networkPolicy: "enforced" | "unenforced";
  /** Where nodes pull images from instead. This machine may have no way to it. @default the public registries */
  readonly registryMirror?: RegistryMirror;
}

/** A model as Prometheus finds it. */
export interface MonitoredModel {
  /** The model's name. */
  readonly name: string;
  /** Labels of its PodMonitor. */
  readonly monitorLabels: Readonly<Record<string, string>>;
  /** Labels of its pods. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/**
 * What a node may report less than its nominal memory: firmware and the kernel take some (3 to 10 % on the machines of
 * the clouds).
 */
export const memoryTolerance = 0.1;

/** The declared pools by name. Without one, checks of GPU nodes do not apply. */
export function poolsOf({ gpuPools }: ClusterNeeds): [string, GpuPool][] {
  return Object.entries(gpuPools);
}

import type { GpuPool } from "../components/cluster/gpuPool.ts";
import type { SystemMode } from "../components/platform/platformSystem.ts";
import type { VersionCombination } from "../components/platform/versions/conflicts.ts";

/** What an environment declares of one cluster, as far as a cluster can be checked for it. Plain data. */
export interface ClusterNeeds {
  /** Of the systems we install; those that are adopted are on a Kubernetes they run on already. */
  readonly versions: VersionCombination;
  /** As the cluster publishes them. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** By pool, what the nodes must be labelled with for the GPU operator we install. */
  readonly deviceLabels: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How each system that has custom resources comes to the cluster, by its key. */
  readonly systems: Readonly<Record<string, SystemMode>>;
  readonly modelNamespace: { readonly name: string; readonly mode: "create" | "adopt" };
  /** Namespaces of installed systems whose pods are privileged. */
  readonly privilegedNamespaces: readonly string[];
  /** `none`: nothing asks for a volume of a class. */
  readonly storage:
    | { readonly kind: "none" }
    | { readonly kind: "default" }
    | { readonly kind: "class"; readonly name: string };
  /** How clients reach the gateway we install. `none`: it is there already, or somebody else's. */
  readonly ingress:
    | { readonly kind: "none" }
    | { readonly kind: "loadBalancer" }
    | { readonly kind: "nodePort"; readonly port: number };
  /** `enforced`: a network policy that nothing enforces is a failure. */
  readonly networkPolicy: "enforced" | "unenforced";
  /** Where nodes take images from instead of their registries; then this machine's own way to them says little. */
  readonly registryMirror?: string;
}

/**
 * What a node may report less than its nominal memory: firmware and the kernel take some (3 to 10 % on the machines of
 * the clouds).
 */
export const memoryTolerance = 0.1;

/** Every pool that is declared, by name; checks of GPU nodes do not apply without one. */
export function poolsOf({ gpuPools }: ClusterNeeds): [string, GpuPool][] {
  return Object.entries(gpuPools);
}

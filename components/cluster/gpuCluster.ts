import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";

/** A set of like GPU nodes, by name. */
export interface GpuPool {
  /** GPU model as NVIDIA names it, without the vendor: `"L4"`, `"H100"`. Models ask for it. */
  readonly gpu: string;
  /** GPUs on each node, at least 1. */
  readonly gpusPerNode: number;
  /** Nodes, at least 0. */
  readonly nodes: number;
}

/** What every cluster publishes, whatever cloud it runs on; models and platform read nothing else. */
export interface GpuCluster {
  /** Credentials; always a secret. Never carries a cloud profile (pulumi-eks #580). */
  readonly kubeconfig: pulumi.Output<string>;
  /**
   * The stable name of the cluster. The Kubernetes provider compares this instead of the kubeconfig, so rotated credentials never
   * replace what runs on the cluster (pulumi-kubernetes #4019).
   */
  readonly clusterIdentifier: pulumi.Output<string>;
  readonly provider: Provider;
  readonly labels: Readonly<Record<string, string>>;
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
}

/** The one way to a cluster: server-side apply, no ambient kubeconfig, replaced only when `clusterIdentifier` changes. */
export function kubernetesProvider(
  name: string,
  args: { kubeconfig: pulumi.Input<string>; clusterIdentifier: pulumi.Input<string> },
  opts?: pulumi.ResourceOptions,
): Provider {
  return new Provider(
    name,
    { kubeconfig: args.kubeconfig, clusterIdentifier: args.clusterIdentifier, enableServerSideApply: true },
    opts,
  );
}

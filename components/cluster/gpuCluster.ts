import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterCapacity } from "./capacity.ts";
import type { GpuPool } from "./gpuPool.ts";
import type { ModelStore } from "./stores.ts";
import type { WorkloadIdentity } from "./workloadIdentity.ts";

/** What every cluster publishes, whatever it runs on; models and platform read nothing else. */
export interface GpuCluster {
  /** Credentials; always a secret. Never carries a token or a cloud profile (pulumi-eks #580). */
  readonly kubeconfig: pulumi.Output<string>;
  /**
   * The stable name of the cluster. The Kubernetes provider compares this instead of the kubeconfig, so rotated credentials never
   * replace what runs on the cluster (pulumi-kubernetes #4019).
   */
  readonly clusterIdentifier: pulumi.Output<string>;
  /** Usable once nodes, network and add-ons are there, and taken down before them. */
  readonly provider: Provider;
  /** By the key its owner gave it. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  readonly workloadIdentity: WorkloadIdentity;
  readonly modelStore: ModelStore;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: ClusterCapacity;
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

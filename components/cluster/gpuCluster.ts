import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { GpuPool } from "./gpuPool.ts";
import type { ModelStore } from "./stores.ts";
import type { WorkloadIdentity } from "./workloadIdentity.ts";

/** What every cluster publishes, whatever it runs on; models and platform read nothing else. */
export interface GpuCluster {
  /**
   * Credentials; always a secret. Never carries a token or a cloud profile (pulumi-eks #580). Empty where manifests are
   * rendered for a site that cannot be reached.
   */
  readonly kubeconfig: pulumi.Output<string>;
  /**
   * The stable name of the cluster. The Kubernetes provider compares this instead of the kubeconfig, so rotated
   * credentials never replace what runs on the cluster (pulumi-kubernetes #4019).
   */
  readonly clusterIdentifier: pulumi.Output<string>;
  /** Usable once nodes, network and add-ons are there, and taken down before them. */
  readonly provider: Provider;
  /** By the key its owner gave it. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  readonly workloadIdentity: WorkloadIdentity;
  readonly modelStore: ModelStore;
  readonly labels: Readonly<Record<string, string>>;
}

/** How what is declared comes to a cluster. */
export type ClusterAccess =
  | { readonly kubeconfig: pulumi.Input<string>; readonly clusterIdentifier: pulumi.Input<string> }
  /** Nothing is applied: manifests are written to `<renderTo>/<stack>/<cluster>`, from where the cluster pulls them. */
  | { readonly renderTo: string; readonly cluster: string };

/**
 * The one way to a cluster: server-side apply, no ambient kubeconfig, replaced only when `clusterIdentifier` changes.
 */
export function kubernetesProvider(name: string, access: ClusterAccess, opts?: pulumi.ResourceOptions): Provider {
  const way = "renderTo" in access ? rendered(access) : access;
  return new Provider(name, { ...way, enableServerSideApply: true }, opts);
}

/**
 * Facts: pulumi-kubernetes `provider/pkg/provider/provider.go` at 94977969. `kubeconfig` is empty because the SDK puts
 * `$KUBECONFIG` where there is none, which would write a path of this machine into the state. `clusterIdentifier` is
 * left out because with it the provider is never replaced, not even for another directory, which would then hold only
 * what changes later. `alwaysRender` makes the folder whole on a machine that has not written it before.
 */
function rendered({ renderTo, cluster }: Extract<ClusterAccess, { renderTo: string }>) {
  return {
    kubeconfig: "",
    // A stack deletes what it no longer declares, so no two may share a folder.
    renderYamlToDirectory: `${renderTo}/${pulumi.getStack()}/${cluster}`,
    alwaysRender: true,
  };
}

import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { GpuPool } from "./gpuPool.ts";
import type { ModelStore } from "./stores.ts";
import type { WorkloadIdentity } from "./workloadIdentity.ts";

/** What every cluster publishes, on any cloud and on-prem. Models and platform read nothing else of a cluster. */
export interface GpuCluster {
  /**
   * Credentials, always a secret, without a token or the name of a cloud profile (pulumi-eks #580). Empty where
   * manifests are rendered for a site that cannot be reached.
   */
  readonly kubeconfig: pulumi.Output<string>;
  /**
   * The stable name of the cluster. The Kubernetes provider compares this instead of the kubeconfig, so rotated
   * credentials never replace what runs on the cluster (pulumi-kubernetes #4019).
   */
  readonly clusterIdentifier: pulumi.Output<string>;
  /**
   * The Kubernetes provider for everything on the cluster. What uses it is made after nodes, network and add-ons, and
   * deleted before them.
   */
  readonly provider: Provider;
  /** The GPU pools, by the key in their declaration. Empty: the models run on CPU. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** Gives service accounts access to the model store. */
  readonly workloadIdentity: WorkloadIdentity;
  /** Where Triton reads the versions of models that declare `repository: { modelStore }`. */
  readonly modelStore: ModelStore;
  /** The cluster's network. Absent: the cluster is adopted. */
  readonly network?: ClusterNetwork;
  /** ARN of the KMS key for volumes, on AWS. Absent: the cloud's own key encrypts them, or the site decides. */
  readonly volumeKey?: pulumi.Output<string>;
  /** The declared labels, for example `environment`. On a cloud every resource of the cluster is tagged with them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What it takes to connect a cluster's network with another one, as the cloud's own commands take it. */
export interface ClusterNetwork {
  /** `vpc-…` on AWS, the ARM id of the virtual network, `projects/<project>/global/networks/<name>`. */
  readonly id: pulumi.Input<string>;
  /** The cloud's id of each subnet of nodes: by zone where a subnet is in one, else by its name. */
  readonly subnets: Readonly<Record<string, pulumi.Input<string>>>;
  /** Ids of the subnets' route tables, by the keys of `subnets`. Absent where subnets have none of their own. */
  readonly routeTables?: Readonly<Record<string, pulumi.Input<string>>>;
}

/** How objects reach a cluster: applied through its API server, or written to files. */
export type ClusterAccess =
  /** The API server is reached with this kubeconfig. */
  | { readonly kubeconfig: pulumi.Input<string>; readonly clusterIdentifier: pulumi.Input<string> }
  /** Nothing is applied. Manifests are written to `<renderTo>/<stack>/<cluster>`, and the cluster pulls them there. */
  | { readonly renderTo: string; readonly cluster: string };

/** How a provider treats objects that are there before the stack makes them. */
export interface Existing {
  /**
   * Whether to take over objects that exist instead of refusing to make them. Fields with another owner and another
   * value are a conflict all the same. Changing it updates the provider in place. @default false: a model never becomes
   * the owner of an object that somebody else has made
   */
  readonly takeOver?: boolean;
}

/**
 * The provider that every layer reaches a cluster with: server-side apply, never the kubeconfig of the environment.
 * With a kubeconfig it is replaced only when `clusterIdentifier` changes. ConfigMaps and Secrets are changed in place,
 * except those with `immutable: true`. By default the provider deletes one whose data changes and makes it again: an
 * upgrade of Istio would take the template of its sidecars away for seconds, and longer where `up` is interrupted.
 */
export function kubernetesProvider(
  name: string,
  access: ClusterAccess,
  opts?: pulumi.ResourceOptions,
  { takeOver = false }: Existing = {},
): Provider {
  if ("renderTo" in access) return new Provider(name, { ...rendered(access), enableServerSideApply: true }, opts);
  const existing = takeOver ? { upsertExistingObjects: true } : {};
  const inPlace = { enableServerSideApply: true, enableConfigMapMutable: true, enableSecretMutable: true };
  return new Provider(name, { ...access, ...existing, ...inPlace }, opts);
}

/**
 * Source: pulumi-kubernetes `provider/pkg/provider/provider.go` at 94977969. `kubeconfig` is empty, not absent: the SDK
 * would fill it with `$KUBECONFIG` and write a local path into the state. `clusterIdentifier` is left out: with it a
 * change of the directory would not replace the provider, and the new directory would get later changes only.
 * `alwaysRender` writes the whole folder on a machine that has not written it before.
 */
function rendered({ renderTo, cluster }: Extract<ClusterAccess, { renderTo: string }>) {
  return {
    kubeconfig: "",
    // A stack deletes what it no longer declares, so no two may share a folder.
    renderYamlToDirectory: `${renderTo}/${pulumi.getStack()}/${cluster}`,
    alwaysRender: true,
  };
}

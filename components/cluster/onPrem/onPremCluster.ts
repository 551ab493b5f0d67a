import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { type GpuCluster, kubernetesProvider } from "../gpuCluster.ts";
import type { GpuPool } from "../gpuPool.ts";
import type { ModelStore } from "../stores.ts";
import type { WorkloadIdentity } from "../workloadIdentity.ts";
import type { OnPremClusterArgs } from "./onPremArgs.ts";
import { defaultModelStore, onPremIdentity, publishedModelStore } from "./onPremModelStore.ts";
import { onPremGpuPools } from "./onPremPools.ts";
import { validateOnPremCluster } from "./onPremProblems.ts";
import { renderedDirectory, type SiteSettings } from "./siteSettings.ts";

/**
 * A cluster that exists already, at a site of one's own. The component makes a Kubernetes provider and nothing on the
 * cluster. Where the cluster can be reached, it reads one namespace, so a preview fails when the credentials do not
 * work.
 */
export class OnPremCluster extends Component implements GpuCluster {
  /** The declared credentials, a secret. Empty where manifests are rendered for the site. */
  readonly kubeconfig: pulumi.Output<string>;
  /** The declared identifier. A change replaces everything that runs on the cluster. */
  readonly clusterIdentifier: pulumi.Output<string>;
  /** The Kubernetes provider: of the cluster, or of the folder that its manifests are rendered to. */
  readonly provider: Provider;
  /** The declared pools, with defaults filled in. Nothing on the cluster is read or changed for them. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** Gives pods the keys of an S3 store as a Secret; nothing where the store is a claim. */
  readonly workloadIdentity: WorkloadIdentity;
  /** The declared store as Triton addresses it. */
  readonly modelStore: ModelStore;
  /** The declared labels. They are not written to the cluster. */
  readonly labels: Readonly<Record<string, string>>;
  /** The declared settings of the site; empty where none are declared. */
  readonly settings: SiteSettings;

  constructor(name: string, args: OnPremClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { clusterIdentifier, labels = {}, modelStore = defaultModelStore, settings = {} } = args;
    super("cluster:OnPremCluster", name, { clusterIdentifier, labels }, opts);
    this.reject(validateOnPremCluster(args));

    this.kubeconfig = pulumi.secret(args.kubeconfig ?? "");
    this.clusterIdentifier = pulumi.output(clusterIdentifier);
    this.labels = labels;
    this.gpuPools = onPremGpuPools(args);
    this.modelStore = publishedModelStore(modelStore);
    this.workloadIdentity = onPremIdentity(modelStore);
    this.settings = settings;
    this.provider = this.#provider(name);

    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      clusterIdentifier: this.clusterIdentifier,
      labels: this.labels,
      gpuPools: this.gpuPools,
      ...this.#reached(),
    });
  }

  #provider(cluster: string): Provider {
    const renderTo = renderedDirectory(this.settings);
    return kubernetesProvider(
      this.childName("provider"),
      renderTo === undefined
        ? { kubeconfig: this.kubeconfig, clusterIdentifier: this.clusterIdentifier }
        : { renderTo, cluster },
      { parent: this },
    );
  }

  /** Every cluster has the namespace `kube-system`, so a preview that can read it has working credentials. */
  #reached(): { uid?: pulumi.Output<string> } {
    if (renderedDirectory(this.settings) !== undefined) return {};
    const { metadata } = Namespace.get(this.childName("kube-system"), "kube-system", {
      parent: this,
      provider: this.provider,
    });
    return { uid: metadata.uid };
  }
}

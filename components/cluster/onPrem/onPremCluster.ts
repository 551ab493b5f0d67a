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

export class OnPremCluster extends Component implements GpuCluster {
  readonly kubeconfig: pulumi.Output<string>;
  readonly clusterIdentifier: pulumi.Output<string>;
  readonly provider: Provider;
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  readonly workloadIdentity: WorkloadIdentity;
  readonly modelStore: ModelStore;
  readonly labels: Readonly<Record<string, string>>;
  /** What the platform needs to know of the site. */
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

  /** Every cluster has this namespace, so reading it shows in the preview that the credentials work. */
  #reached(): { uid?: pulumi.Output<string> } {
    if (renderedDirectory(this.settings) !== undefined) return {};
    const { metadata } = Namespace.get(this.childName("kube-system"), "kube-system", {
      parent: this,
      provider: this.provider,
    });
    return { uid: metadata.uid };
  }
}

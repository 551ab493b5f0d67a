import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { dnsLabelProblems } from "../../core/names.ts";
import { type Problem, under } from "../../core/problem.ts";
import { type ClusterCapacity, capacityOf, type EdgeSite } from "../capacity.ts";
import { type GpuCluster, kubernetesProvider } from "../gpuCluster.ts";
import type { GpuPool } from "../gpuPool.ts";
import { clusterLabelProblems } from "../labels.ts";
import type { ModelStore } from "../stores.ts";
import type { WorkloadIdentity } from "../workloadIdentity.ts";
import {
  defaultModelStore,
  type OnPremModelStore,
  onPremIdentity,
  onPremModelStoreProblems,
  publishedModelStore,
} from "./onPremModelStore.ts";
import { type OnPremGpuPool, onPremPoolProblems, overlappingPools, publishedOnPremPool } from "./onPremPools.ts";
import { renderedDirectory, type SiteSettings, validateSiteSettings } from "./siteSettings.ts";

export type { OnPremBucket, OnPremModelStore } from "./onPremModelStore.ts";
export type { OnPremGpuPool } from "./onPremPools.ts";

/**
 * A cluster that exists already and is adopted: bare metal, RKE2, k3s, kind, OpenShift, in a data centre or at the edge.
 * Nothing is made in it here, so destroying the component removes nothing from it.
 */
export interface OnPremClusterArgs {
  /**
   * Credentials of the cluster; its current context is used. Stored as a secret. Changing it replaces nothing. Left out where manifests
   * are rendered (`settings.access`), and only there.
   */
  readonly kubeconfig?: pulumi.Input<string>;
  /** A name for the cluster that never changes, at most 253 characters. Changing this replaces everything that runs on the cluster. */
  readonly clusterIdentifier: string;
  /** What placement selects by, for example `environment` and `region`. Changing them replaces nothing. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** The GPU nodes there are, by pool; nodes of two models are two pools. @default none: the models there must run on CPU. */
  readonly gpuPools?: Readonly<Record<string, OnPremGpuPool>>;
  /** @default `{ pvc: "model-store" }`: a claim of that name in the models' namespace */
  readonly modelStore?: OnPremModelStore;
  /** @default a site that is like a cloud: reached directly, with load balancers and a way to every registry */
  readonly settings?: SiteSettings;
  /** What an edge site registers of itself. Changing it replaces nothing. @default none: not an edge site */
  readonly site?: OnPremEdgeSite;
}

/** What an edge site registers, with what its CPUs carry where GPU pools do not say it. */
export interface OnPremEdgeSite extends EdgeSite {
  /** Of all nodes together. @default what the GPU pools have */
  readonly vcpu?: number;
  /** Of all nodes together. @default what the GPU pools have */
  readonly memoryGiB?: number;
}

export function validateOnPremCluster(args: OnPremClusterArgs): Problem[] {
  const { gpuPools = {}, settings = {}, site } = args;
  return [
    ...identifierProblems(args.clusterIdentifier),
    ...clusterLabelProblems("labels", args.labels ?? {}),
    ...Object.entries(gpuPools).flatMap(([key, pool]) => {
      const path = `gpuPools["${key}"]`;
      return [...dnsLabelProblems(path, key, 20), ...under(path, onPremPoolProblems(pool))];
    }),
    ...overlappingPools(gpuPools),
    ...under("modelStore", onPremModelStoreProblems(args.modelStore ?? defaultModelStore)),
    ...under("settings", validateSiteSettings(settings)),
    ...accessProblems(args),
    ...(site === undefined ? [] : under("site", siteProblems(site))),
  ];
}

/** The pools as the cluster publishes them. */
export function onPremGpuPools({
  gpuPools = {},
}: Pick<OnPremClusterArgs, "gpuPools">): Readonly<Record<string, GpuPool>> {
  return Object.fromEntries(Object.entries(gpuPools).map(([key, pool]) => [key, publishedOnPremPool(pool)]));
}

/** What the GPU pools carry, unless the site says what all of it does. */
export function onPremCapacity(pools: Readonly<Record<string, GpuPool>>, site?: OnPremEdgeSite): ClusterCapacity {
  if (site === undefined) return capacityOf(pools);
  const { vcpu, memoryGiB, ...registered } = site;
  return {
    ...capacityOf(pools, registered),
    ...(vcpu === undefined ? {} : { vcpu: { min: vcpu, max: vcpu } }),
    ...(memoryGiB === undefined ? {} : { memoryGiB: { min: memoryGiB, max: memoryGiB } }),
  };
}

export class OnPremCluster extends Component implements GpuCluster {
  readonly kubeconfig: pulumi.Output<string>;
  readonly clusterIdentifier: pulumi.Output<string>;
  readonly provider: Provider;
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  readonly workloadIdentity: WorkloadIdentity;
  readonly modelStore: ModelStore;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: ClusterCapacity;
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
    this.capacity = onPremCapacity(this.gpuPools, args.site);
    this.settings = settings;
    this.provider = this.#provider(name);

    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      clusterIdentifier: this.clusterIdentifier,
      labels: this.labels,
      gpuPools: this.gpuPools,
      capacity: this.capacity,
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

function identifierProblems(clusterIdentifier: string): Problem[] {
  return clusterIdentifier !== "" && clusterIdentifier.length <= 253
    ? []
    : [
        {
          path: "clusterIdentifier",
          reason: `"${clusterIdentifier}" is not a name of 1 to 253 characters.`,
          fix: "Write a name that never changes, such as the cluster's key.",
        },
      ];
}

function accessProblems({ kubeconfig, modelStore = defaultModelStore, settings }: OnPremClusterArgs): Problem[] {
  if (renderedDirectory(settings) === undefined) {
    return kubeconfig !== undefined
      ? []
      : [
          {
            path: "kubeconfig",
            reason: "there is none.",
            fix: 'Give the cluster\'s, or write settings: { access: { kind: "rendered", directory: "rendered" } } for a site that cannot be reached.',
          },
        ];
  }
  const problems: Problem[] = [];
  if (kubeconfig !== undefined) {
    problems.push({
      path: "kubeconfig",
      reason: "manifests are rendered for this site, so nothing uses it.",
      fix: 'Remove it, or write settings: { access: { kind: "direct" } }.',
    });
  }
  if ("s3" in modelStore) {
    problems.push({
      path: "modelStore.s3.credentials",
      reason: "manifests are rendered for this site, and a rendered Secret is a file in plain text.",
      fix: 'Keep the models on a volume of the site, modelStore: { pvc: "model-store" }.',
    });
  }
  return problems;
}

function siteProblems(site: OnPremEdgeSite): Problem[] {
  const amounts = { bandwidthMbps: site.bandwidthMbps, vcpu: site.vcpu, memoryGiB: site.memoryGiB };
  return [
    ...Object.entries(amounts)
      .filter(([, amount]) => amount !== undefined && !(Number.isFinite(amount) && amount > 0))
      .map(([path, amount]) => ({ path, reason: `${amount} is not a number above 0.` })),
    ...dnsLabelProblems("latencyZone", site.latencyZone),
  ];
}

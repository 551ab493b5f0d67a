import type * as pulumi from "@pulumi/pulumi";
import type { OnPremModelStore } from "./onPremModelStore.ts";
import type { OnPremGpuPool } from "./onPremPools.ts";
import type { SiteSettings } from "./siteSettings.ts";

/**
 * A cluster that exists already and is adopted: bare metal, RKE2, k3s, kind, in a data centre or at the edge. On
 * OpenShift Istio, Prometheus and the GPU operator are adopted, too (docs/clusters/on-prem.md). Nothing is made in the
 * cluster here, so destroying the component removes nothing from it.
 */
export interface OnPremClusterArgs {
  /**
   * Credentials of the cluster; its current context is used. Stored as a secret. Changing it replaces nothing. Left out
   * where manifests are rendered (`settings.access`), and only there.
   */
  readonly kubeconfig?: pulumi.Input<string>;
  /**
   * A name for the cluster that never changes, at most 253 characters. Changing this replaces everything that runs on
   * the cluster.
   */
  readonly clusterIdentifier: string;
  /** The cluster's labels, for example `environment` and `region`. Changing them replaces nothing. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * The GPU nodes there are, by pool; nodes of two models are two pools.
   * @default none: the models there must run on CPU.
   */
  readonly gpuPools?: Readonly<Record<string, OnPremGpuPool>>;
  /** @default `{ pvc: "model-store" }`: a claim of that name in the models' namespace */
  readonly modelStore?: OnPremModelStore;
  /** @default a site that is like a cloud: reached directly, with load balancers and a way to every registry */
  readonly settings?: SiteSettings;
}

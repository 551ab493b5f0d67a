import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import { type GpuCluster, kubernetesProvider } from "./gpuCluster.ts";

/** A set of like GPU nodes, by name. */
export interface OnPremGpuPool {
  /** GPU model as NVIDIA names it, without the vendor: `"L4"`, `"H100"`. Models ask for it. */
  readonly gpu: string;
  /** GPUs on each node, at least 1. */
  readonly gpusPerNode: number;
  /** Nodes, at least 0. */
  readonly nodes: number;
}

/**
 * A cluster that exists already and is adopted by its kubeconfig: bare metal, RKE2, k3s, kind, OpenShift.
 * Destroying the component removes nothing from the cluster.
 */
export interface OnPremClusterArgs {
  /** Credentials of the cluster; its current context is used. Stored as a secret. Changing it replaces nothing. */
  readonly kubeconfig: pulumi.Input<string>;
  /** A name for the cluster that never changes, at most 253 characters. Changing this replaces everything that runs on the cluster. */
  readonly clusterIdentifier: string;
  /** What placement selects by, for example `environment` and `region`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The GPU nodes there are, by pool. @default none: the models there must run on CPU. */
  readonly gpuPools?: Readonly<Record<string, OnPremGpuPool>>;
}

export function validateOnPremCluster(args: OnPremClusterArgs): Problem[] {
  const problems: Problem[] = [];
  if (args.clusterIdentifier === "" || args.clusterIdentifier.length > 253) {
    problems.push({
      path: "clusterIdentifier",
      reason: `"${args.clusterIdentifier}" is not a name of 1 to 253 characters.`,
      fix: "Write a name that never changes, such as the cluster's key.",
    });
  }
  for (const [name, pool] of Object.entries(args.gpuPools ?? {})) {
    const counts: ReadonlyArray<readonly [string, number, number]> = [
      ["gpusPerNode", pool.gpusPerNode, 1],
      ["nodes", pool.nodes, 0],
    ];
    for (const [field, value, min] of counts) {
      if (Number.isInteger(value) && value >= min) continue;
      problems.push({
        path: `gpuPools.${name}.${field}`,
        reason: `${value} is not a whole number of at least ${min}.`,
      });
    }
  }
  return problems;
}

export class OnPremCluster
  extends Component
  implements Pick<GpuCluster, "kubeconfig" | "clusterIdentifier" | "provider" | "labels">
{
  readonly kubeconfig: pulumi.Output<string>;
  readonly clusterIdentifier: pulumi.Output<string>;
  readonly provider: Provider;
  readonly labels: Readonly<Record<string, string>>;
  readonly gpuPools: Readonly<Record<string, OnPremGpuPool>>;

  constructor(name: string, args: OnPremClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "cluster:OnPremCluster",
      name,
      { clusterIdentifier: args.clusterIdentifier, labels: args.labels ?? {} },
      opts,
    );
    this.reject(validateOnPremCluster(args));

    this.kubeconfig = pulumi.secret(args.kubeconfig);
    this.clusterIdentifier = pulumi.output(args.clusterIdentifier);
    this.labels = args.labels ?? {};
    this.gpuPools = args.gpuPools ?? {};
    this.provider = kubernetesProvider(
      this.childName("provider"),
      { kubeconfig: this.kubeconfig, clusterIdentifier: this.clusterIdentifier },
      { parent: this },
    );

    // Every cluster has it, so reading it shows in the preview that the credentials work.
    const kubeSystem = Namespace.get(this.childName("kube-system"), "kube-system", {
      parent: this,
      provider: this.provider,
    });

    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      clusterIdentifier: this.clusterIdentifier,
      labels: this.labels,
      gpuPools: this.gpuPools,
      uid: kubeSystem.metadata.uid,
    });
  }
}

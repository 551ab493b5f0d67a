import * as pulumi from "@pulumi/pulumi";
import type { OnPremGpuPool } from "../components/cluster/onPremCluster.ts";
import { ProblemError } from "../components/core/problem.ts";
import type { DataSync } from "./environments/environment.ts";
import { type Layer, type StackOf, stackName } from "./stackName.ts";

/** What the `cluster` layer publishes of each cluster. */
export interface ClusterContract {
  /** Secret. */
  readonly kubeconfig: string;
  readonly clusterIdentifier: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly gpuPools: Readonly<Record<string, OnPremGpuPool>>;
}

/** What the `platform` layer publishes of each cluster. */
export interface PlatformContract {
  /** `<namespace>/<name>` of the Gateway models register at. */
  readonly gateway: string;
  /** `host:port` where clients reach it. */
  readonly gatewayAddress: string;
  /** Where the Argo Rollouts controller reaches Prometheus. */
  readonly prometheusAddress: string;
  /** The namespace of the models. */
  readonly namespace: string;
}

/** What the `models` layer publishes of each model on each cluster. */
export interface ModelContract {
  readonly url: string;
  /** The host name to send: the gateway tells models apart by it. */
  readonly host: string;
  readonly version: string;
}

/** The outputs of each layer's stack. Cluster by cluster, so that a stack narrowed to one cluster has the same shape. */
export interface Contracts {
  readonly cluster: { readonly clusters: Readonly<Record<string, ClusterContract>>; readonly dataSync: DataSync };
  readonly platform: { readonly clusters: Readonly<Record<string, PlatformContract>> };
  readonly models: { readonly clusters: Readonly<Record<string, Readonly<Record<string, ModelContract>>>> };
}

/** What a layer returns: its contract, with Outputs for values. */
export type Published<T> = T extends string | number | boolean
  ? pulumi.Input<T>
  : { readonly [Key in keyof T]: Published<T[Key]> };

/** Reads what an earlier layer of the same environment published of one cluster. */
export function readCluster<L extends "cluster" | "platform">(
  stack: pulumi.StackReference,
  layer: L,
  cluster: string,
): pulumi.Output<Contracts[L]["clusters"][string]> {
  return stack
    .getOutput("clusters")
    .apply((clusters: Readonly<Record<string, Contracts[L]["clusters"][string]>> | undefined) => {
      const contract = clusters?.[cluster];
      if (contract !== undefined) return contract;
      throw new ProblemError(`The ${layer} layer does not know cluster "${cluster}"`, [
        {
          path: "stack",
          reason: "it has not been brought up since the cluster was declared.",
          fix: `Bring the ${layer} layer up first.`,
        },
      ]);
    });
}

/** The stack of an earlier layer, as narrow as this one. */
export function layerReference({ environment, cluster }: StackOf, layer: Layer): pulumi.StackReference {
  const name = stackName(environment.name, layer, cluster);
  return new pulumi.StackReference(name, { name: `${pulumi.getOrganization()}/${pulumi.getProject()}/${name}` });
}

import * as pulumi from "@pulumi/pulumi";
import { ProblemError } from "../components/core/problem.ts";
import type { Layer } from "../components/core/stackName.ts";
import { type StackOf, stackName } from "./stackName.ts";

/** Where the models of a cluster are stored, as Triton addresses it. */
export interface StoreContract {
  readonly kind: "s3" | "gcs" | "azureBlob" | "pvc";
  /** `s3://…`, `gs://…`, `as://…`; of a volume: the claim. */
  readonly location: string;
  /** Of an S3 store. */
  readonly region?: string;
}

/** What the cloud wants to see on a model's service account and pods to know them. */
export interface IdentityContract {
  readonly annotations: Readonly<Record<string, string>>;
  readonly podLabels: Readonly<Record<string, string>>;
}

/** What the `cluster` layer publishes of each cluster; nothing of it is secret. */
export interface ClusterContract {
  readonly clusterIdentifier: string;
  readonly modelStore: StoreContract;
  /** By model, for those that read from the cluster's store. */
  readonly identities: Readonly<Record<string, IdentityContract>>;
}

/** What the `platform` layer publishes of each cluster. */
export interface PlatformContract {
  /** `host:port` where clients reach it. */
  readonly gatewayAddress: string;
  /** Where the Argo Rollouts controller reaches Prometheus. */
  readonly prometheusAddress: string;
}

/** What the `models` layer publishes of each model on each cluster. */
export interface ModelContract {
  readonly url: string;
  /** The host name to send: the gateway tells models apart by it. */
  readonly host: string;
  readonly version: string;
}

/**
 * The outputs of each layer's stack. Cluster by cluster, so that a stack narrowed to one cluster has the same shape.
 * Secrets are outputs of their own: one secret inside another output would hide all of it in every preview.
 */
export interface Contracts {
  readonly cluster: {
    readonly clusters: Readonly<Record<string, ClusterContract>>;
    /** Secret. None of a site that is rendered for. */
    readonly kubeconfigs: Readonly<Record<string, string>>;
    /** Secret: the files with the keys of a model store that asks for them, by name. */
    readonly storeCredentials: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  readonly platform: { readonly clusters: Readonly<Record<string, PlatformContract>> };
  readonly models: { readonly clusters: Readonly<Record<string, Readonly<Record<string, ModelContract>>>> };
}

/** What a layer returns: its contract, with Outputs for values. */
export type Published<T> = T extends string | number | boolean | undefined
  ? pulumi.Input<T>
  : pulumi.Input<T> | { readonly [Key in keyof T]: Published<T[Key]> };

/**
 * Reads facts of one cluster that an earlier layer published. One that is known at a preview is known, whatever the
 * others are.
 */
export function readCluster<L extends "cluster" | "platform">(
  stack: pulumi.StackReference,
  layer: L,
  cluster: string,
): <Fact extends keyof Contracts[L]["clusters"][string]>(
  fact: Fact,
) => pulumi.Output<Contracts[L]["clusters"][string][Fact]> {
  // A property of an Output is known where its own value is, so this is one as long as nothing is applied to it.
  const clusters = stack.getOutput("clusters") as unknown as Record<
    string,
    Record<PropertyKey, pulumi.Output<unknown>>
  >;
  return <Fact extends keyof Contracts[L]["clusters"][string]>(fact: Fact) => {
    const read = pulumi.output(clusters[cluster]?.[fact]) as pulumi.OutputInstance<unknown>;
    return read.apply((value) => {
      if (value === undefined) throw notThere(layer, cluster);
      return value;
    }) as pulumi.Output<Contracts[L]["clusters"][string][Fact]>;
  };
}

/** Reads a secret of one cluster that the cluster layer published; it stays secret. */
export function readSecret<Name extends "kubeconfigs" | "storeCredentials">(
  stack: pulumi.StackReference,
  name: Name,
  cluster: string,
): pulumi.Output<Contracts["cluster"][Name][string]> {
  const secrets = stack.getOutput(name) as unknown as Record<string, pulumi.Output<unknown>>;
  const read = pulumi.secret(pulumi.output(secrets[cluster])) as pulumi.OutputInstance<unknown>;
  return read.apply((value) => {
    if (value === undefined) throw notThere("cluster", cluster);
    return value;
  }) as pulumi.Output<Contracts["cluster"][Name][string]>;
}

function notThere(layer: Layer, cluster: string): ProblemError {
  return new ProblemError(`The ${layer} layer does not know cluster "${cluster}"`, [
    {
      path: "stack",
      reason: "it has not been brought up since the cluster was declared.",
      fix: `Bring the ${layer} layer up first.`,
    },
  ]);
}

/** The stack of an earlier layer, as narrow as this one. */
export function layerReference({ environment, cluster }: StackOf, layer: Layer): pulumi.StackReference {
  const name = stackName(environment.name, layer, cluster);
  return new pulumi.StackReference(name, { name: `${pulumi.getOrganization()}/${pulumi.getProject()}/${name}` });
}

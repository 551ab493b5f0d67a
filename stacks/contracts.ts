import * as pulumi from "@pulumi/pulumi";
import { ProblemError } from "../components/core/problem.ts";
import { type Layer, stackNameParts } from "../components/core/stackName.ts";
import { type StackOf, stackName } from "./stackName.ts";

/** Where the models of a cluster are stored, as Triton addresses it. */
export interface StoreContract {
  /** The kind of store: a bucket of S3 or Google Cloud, a container of Azure, or a PersistentVolumeClaim. */
  readonly kind: "s3" | "gcs" | "azureBlob" | "pvc";
  /** The address, `s3://…`, `gs://…` or `as://…`; of a volume the name of the claim. */
  readonly location: string;
  /** The bucket's region. Only an S3 store has it. */
  readonly region?: string;
}

/** What a model's service account and pods must have so that the cloud gives them access to the model store. */
export interface IdentityContract {
  /** Annotations of the ServiceAccount. Empty where the cloud needs none. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Labels of the pods. Empty where the cloud needs none. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/** What it takes to connect a cluster's network with another one, as the cloud's own commands take it. */
export interface NetworkContract {
  /** `vpc-…` on AWS, the ARM id of the virtual network, `projects/<project>/global/networks/<name>`. */
  readonly id: string;
  /** The cloud's id of each subnet of nodes: by zone where a subnet is in one, else by its name. */
  readonly subnets: Readonly<Record<string, string>>;
  /** Ids of the subnets' route tables, by the keys of `subnets`. Absent where subnets have none of their own. */
  readonly routeTables?: Readonly<Record<string, string>>;
}

/** What the `cluster` layer publishes of each cluster. Nothing in it is secret. */
export interface ClusterContract {
  /** The stable name of the cluster. A change replaces everything that the other layers have put on it. */
  readonly clusterIdentifier: string;
  /** Where the cluster's models are stored. */
  readonly modelStore: StoreContract;
  /** The identities of the models that read from the cluster's store, by model. */
  readonly identities: Readonly<Record<string, IdentityContract>>;
  /** The cluster's network. Absent: the cluster is adopted. */
  readonly network?: NetworkContract;
  /** ARN of the KMS key for volumes, on AWS. Absent: the cloud's own key encrypts them, or the site decides. */
  readonly volumeKey?: string;
}

/** What the `platform` layer publishes of each cluster. */
export interface PlatformContract {
  /** `host:port` where clients reach the ingress gateway. */
  readonly gatewayAddress: string;
  /** The URL at which the Argo Rollouts controller reaches Prometheus' HTTP API. */
  readonly prometheusAddress: string;
}

/** What the `models` layer publishes of each model on each cluster. */
export interface ModelContract {
  /**
   * The address for inference requests: `http://<gateway's host:port>/v2/models/<name>/infer`, or, where the gateway
   * has a certificate, `https://<host>/v2/models/<name>/infer`, with the port where it is not 443.
   */
  readonly url: string;
  /** The value of the `Host` header, by which the gateway finds the model. */
  readonly host: string;
  /** The version that the layer deploys. During its release, and after a rollback, the version before still serves. */
  readonly version: string;
}

/**
 * The outputs of each layer's stack, by cluster, so that a stack narrowed to one cluster has the same shape. Secrets
 * are outputs of their own: a secret inside another output would hide all of that output in every preview.
 */
export interface Contracts {
  /** The outputs of a stack of the cluster layer. */
  readonly cluster: {
    /** What is not secret, by cluster. */
    readonly clusters: Readonly<Record<string, ClusterContract>>;
    /** Secret. The kubeconfig of each cluster; a site that manifests are rendered for has none. */
    readonly kubeconfigs: Readonly<Record<string, string>>;
    /** Secret. The files with the keys of the model store, by cluster and file name, for stores that need keys. */
    readonly storeCredentials: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  /** The outputs of a stack of the platform layer. */
  readonly platform: { readonly clusters: Readonly<Record<string, PlatformContract>> };
  /** The outputs of a stack of the models layer, by cluster and model. */
  readonly models: { readonly clusters: Readonly<Record<string, Readonly<Record<string, ModelContract>>>> };
}

/** What a layer's program returns: its contract, with Outputs allowed in place of every value. */
export type Published<T> = T extends string | number | boolean | undefined
  ? pulumi.Input<T>
  : pulumi.Input<T> | { readonly [Key in keyof T]: Published<T[Key]> };

/**
 * Reads facts of one cluster that an earlier layer published. Each fact is an Output of its own, so one that is known
 * in a preview is known although others are not. An Output fails with a ProblemError where the layer did not publish
 * its fact.
 */
export function readCluster<L extends "cluster" | "platform">(
  stack: pulumi.StackReference,
  layer: L,
  cluster: string,
): <Fact extends keyof Contracts[L]["clusters"][string]>(
  fact: Fact,
) => pulumi.Output<NonNullable<Contracts[L]["clusters"][string][Fact]>> {
  const facts = memberOf<Record<PropertyKey, unknown>>(stack.getOutput("clusters"), cluster) as unknown as
    | Record<PropertyKey, pulumi.Output<unknown>>
    | undefined;
  return <Fact extends keyof Contracts[L]["clusters"][string]>(fact: Fact) => {
    const read = pulumi.output(facts?.[fact]) as pulumi.OutputInstance<unknown>;
    return read.apply((value) => {
      if (value === undefined) throw notThere(layer, cluster);
      return value;
    }) as pulumi.Output<NonNullable<Contracts[L]["clusters"][string][Fact]>>;
  };
}

/**
 * Reads a secret of one cluster that the cluster layer published; it stays secret. The Output fails with a ProblemError
 * where the layer did not publish it.
 */
export function readSecret<Name extends "kubeconfigs" | "storeCredentials">(
  stack: pulumi.StackReference,
  name: Name,
  cluster: string,
): pulumi.Output<Contracts["cluster"][Name][string]> {
  const read = pulumi.secret(pulumi.output(memberOf(stack.getOutput(name), cluster))) as pulumi.OutputInstance<unknown>;
  return read.apply((value) => {
    if (value === undefined) throw notThere("cluster", cluster);
    return value;
  }) as pulumi.Output<Contracts["cluster"][Name][string]>;
}

/**
 * A value of a record by a key that the owner chose. A property of an Output is known as soon as its own value is;
 * `apply` waits for all of the record, and is used only for a key such as "get" or "resources", which is a member of
 * every Output.
 */
function memberOf<Value>(record: pulumi.Output<unknown>, key: string): pulumi.Output<Value | undefined> {
  if (!(key in record)) return (record as unknown as Record<string, pulumi.Output<Value | undefined>>)[key] as never;
  return record.apply((all) => {
    const values = (all ?? {}) as Record<string, Value>;
    return Object.hasOwn(values, key) ? values[key] : undefined;
  }) as pulumi.Output<Value | undefined>;
}

function notThere(layer: Layer, cluster: string): ProblemError {
  return new ProblemError(`The ${layer} layer does not know cluster "${cluster}"`, [
    {
      path: "stack",
      reason: "it has not been brought up since the cluster was declared, or since the program was updated.",
      fix: `Bring the ${layer} layer up first.`,
    },
  ]);
}

/**
 * A reference to the stack of an earlier layer; of the same single cluster where this stack is narrowed to one. Only
 * the cluster layer may be wider than what reads it: the configuration `serin:clusterStack` names its stack then, as
 * `serin up` writes it.
 *
 * @throws ProblemError when configuration names another stack than that of all clusters.
 */
export function layerReference({ environment, cluster }: StackOf, layer: Layer): pulumi.StackReference {
  const narrow = stackName(environment.name, layer, cluster);
  const name =
    layer === "cluster" && cluster !== undefined ? (configuredClusterStack(environment.name) ?? narrow) : narrow;
  const reference = new pulumi.StackReference(name, {
    name: `${pulumi.getOrganization()}/${pulumi.getProject()}/${name}`,
  });
  // The engine says no more than that it does not know such a stack. Nobody waits for this, so its error ends the run.
  void reference.getOutputDetails("clusters").catch(() => {
    throw notRead(name, stackName(environment.name, layer), cluster !== undefined);
  });
  return reference;
}

function configuredClusterStack(environment: string): string | undefined {
  const configured = new pulumi.Config().get("clusterStack");
  const wide = stackName(environment, "cluster");
  if (configured === undefined || configured === wide) return configured;
  throw new ProblemError("Configuration is wrong", [
    {
      path: `${pulumi.getProject()}:clusterStack`,
      reason: `"${configured}" is not "${wide}", the stack of all clusters.`,
      fix: "Remove it where each cluster has a cluster layer of its own.",
    },
  ]);
}

function notRead(stack: string, wide: string, narrowed: boolean): ProblemError {
  const wider =
    stackNameParts(wide)?.layer === "cluster" && stack !== wide
      ? ` Where ${wide} holds all clusters, run: pulumi config set clusterStack ${wide} -s ${pulumi.getStack()}.`
      : "";
  const narrow =
    narrowed && stack !== wide
      ? ` A stack that is narrowed to one cluster reads stacks that are as narrow.${wider}`
      : "";
  return new ProblemError(`${pulumi.getStack()} cannot be deployed`, [
    {
      path: "stack",
      reason: `it reads what stack "${stack}" published, and that cannot be read.${narrow}`,
      fix: `Run: pulumi up -s ${stack}`,
    },
  ]);
}

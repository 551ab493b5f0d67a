import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesVersion } from "../core/kubernetesVersions.ts";
import type { Problem } from "../core/problem.ts";
import type { Billing } from "./billing.ts";
import type { CloudRules, GpuNodeRules } from "./cloudRules.ts";
import type { GpuCluster } from "./gpuCluster.ts";
import type { GpuPool } from "./gpuPool.ts";
import type { LoadBalancer } from "./ingress.ts";
import type { SiteSettings } from "./onPrem/siteSettings.ts";
import type { QuotaNeed } from "./quota.ts";
import type { RuleBook } from "./ruleBook.ts";
import type { ModelStore } from "./stores.ts";

/** A cluster as an environment declares it, as far as every cloud is alike: plain data, told apart by `cloud`. */
export interface DeclaredCluster {
  /** The key of the cloud in the record of clouds. */
  readonly cloud: string;
}

/** What a cluster is built with, beside its declaration. */
export interface BuildContext {
  /** The environment's name. */
  readonly environment: string;
  /** The cluster's key in the environment. */
  readonly key: string;
  /** A name that never changes and no other cluster of the Pulumi project has. */
  readonly identifier: string;
  /** The ports of the admission webhooks of the cluster's platform, which its API server must reach. */
  readonly webhookPorts: readonly number[];
  /** Reads a configuration value that is not secret; it was found to be set before. */
  readonly configured: (key: string) => string;
  /** Reads a configuration secret; it was found to be set before. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/** What a person is told, or runs: one line of shell, with names in angle brackets. */
export type Instruction = { readonly says: string } | { readonly command: string };

/** A version of a model that a person uploads. */
export interface Upload {
  /** The folder with its files, as a word of shell. */
  readonly from: string;
  /** Its path in the store, `<folder of the model>/<version>`. */
  readonly to: string;
}

/** A declared value that comes from the stack's configuration instead, where it is not secret. */
export interface ConfigurationValue {
  /** The key, without the project's name: `pulumi config set <key> <value>`. */
  readonly configuration: string;
}

/** A configuration key whose value is not secret. */
export interface ConfigurationKey {
  /** The key, without the project's name. */
  readonly key: string;
  /** A word of shell that stands for the value in `pulumi config set <key> <word>`: often a command that prints it. */
  readonly word: string;
  /**
   * Everything wrong with a value, at `path`. It is asked before the first cluster is made, and not in a plan, which
   * has no value. @default none
   */
  problems?(path: string, value: string): Problem[];
}

/** Configuration keys of a stack that layers read as plain values. A cluster's own keys are others. */
export const stackSettings: readonly string[] = ["platform", "versions", "clusterStack"];

/** The configuration keys that a cluster needs, without the project's name. */
export interface ConfigurationKeys {
  /** Values that are not secret: accounts, addresses. */
  readonly values: readonly ConfigurationKey[];
  /** Secrets: kubeconfigs, keys of stores. */
  readonly secrets: readonly string[];
}

/** What a cloud wants to see on a model's ServiceAccount and pods so that it knows them. */
export interface IdentityMarks {
  /** Keys of annotations of the ServiceAccount. The cluster layer publishes their values. */
  readonly annotations: readonly string[];
  /** Labels of the pods. */
  readonly podLabels: Readonly<Record<string, string>>;
  /**
   * The cluster layer publishes keys of the model store, which pods get as a Secret.
   * @default false: the cloud needs no keys
   */
  readonly storeCredentials?: true;
}

/** Nodes without GPUs. The platform runs on them, and models that ask for no GPU. */
export interface SystemNodes {
  /** vCPU of one node, as it is sold. */
  readonly vcpu: number;
  /** Memory of one node in GiB, as it is sold. */
  readonly memoryGiB: number;
  /** The most nodes. */
  readonly max: number;
}

/** How a new project begins on a cloud. */
export interface CloudStarter<Spec extends DeclaredCluster> {
  /** The region to offer. Absent: a cluster is in no region. */
  readonly region?: string;
  /** The smallest cluster that plans. */
  cluster(region: string): Spec;
}

/**
 * Everything that the rest of the program asks of a cloud. One object a cloud, in the cloud's folder; one line in the
 * record of clouds (`clouds.ts`). No code outside a cloud's folder branches on its name.
 */
export interface CloudAdapter<Spec extends DeclaredCluster = DeclaredCluster> {
  /** What the cloud's GPU nodes are like. A cloud whose machines we buy has all of `CloudRules`. */
  readonly rules: GpuNodeRules | CloudRules;
  /** What the cloud refuses, keeps, or needs beforehand. */
  readonly ruleBook: RuleBook<Spec>;
  /**
   * The cluster exists before its cluster layer is brought up, and the layer changes nothing on it. So the preflight
   * looks at all of it at once, and it needs no name in a cloud.
   */
  readonly adopted: boolean;
  /**
   * The most characters of the cluster's name in the cloud (`<environment>-<key>`), so that names of its parts stay
   * within the cloud's limits. Absent: the cluster has no name in a cloud.
   */
  readonly longestName?: number;
  /** How the cloud recognises pods that are bound to the model store. */
  readonly identityMarks: IdentityMarks;
  /** Platform systems (by key) that the cloud brings itself. They are not installed there. */
  readonly brings: readonly string[];
  /** Platform systems (by key) that run only where a cluster needs them, and this cluster does. */
  needs(spec: Spec): readonly string[];
  /**
   * Annotations that every webhook configuration must have, so that nothing of the cloud writes into it and becomes the
   * owner of its fields. @default none
   */
  readonly webhookAnnotations?: Readonly<Record<string, string>>;
  /** How a new project begins. */
  readonly starter: CloudStarter<Spec>;
  /** Everything wrong with a declared cluster, by the path its owner typed. */
  problems(spec: Spec): Problem[];
  /** The GPU pools as the cluster will publish them; known before anything exists. */
  gpuPools(spec: Spec): Readonly<Record<string, GpuPool>>;
  /** The nodes without GPUs. Undefined: their number and size are not known here. */
  systemNodes(spec: Spec): SystemNodes | undefined;
  /** The region, as the cloud names it. Undefined: the cluster is in no region of a cloud. */
  region(spec: Spec): string | undefined;
  /** The declared Kubernetes version. Undefined: the cluster's owner chooses it. */
  kubernetesVersion(spec: Spec): KubernetesVersion | undefined;
  /**
   * What a person does before the control plane can be upgraded as declared, as an imperative. Undefined, or absent:
   * nothing.
   */
  beforeUpgrade?(spec: Spec): string | undefined;
  /**
   * How a person signs in to the account, for the commands of the cloud and for Pulumi, as lines of shell. `configured`
   * gives the value of a configuration key, or the key in angle brackets where it is not set yet. Absent: there is no
   * account.
   */
  signIn?(configured: (key: string) => string): readonly string[];
  /**
   * What a person decides before the first `up`, because nobody could reach the API server or the model store
   * otherwise, or because it cannot be changed later. Each is whole sentences. Absent: nothing.
   */
  decide?(spec: Spec): readonly string[];
  /**
   * What a person does between the cluster layer and the platform so that `serin up` reaches the API server of the
   * cluster, whose name in the cloud is `name`. Empty, or absent: nothing.
   */
  connect?(spec: Spec, name: string): readonly Instruction[];
  /**
   * How a person uploads versions into the model store of the cluster, whose name in the cloud is `name`. In commands,
   * `$store` is the address that the cluster layer publishes.
   */
  upload(spec: Spec, name: string, versions: readonly Upload[]): readonly Instruction[];
  /** The blocks of addresses that the cluster takes. Empty: they are not known here. */
  blocks(spec: Spec): readonly string[];
  /** The cluster's model store, at the address that the cluster layer published. */
  modelStore(spec: Spec, location: pulumi.Output<string>): ModelStore;
  /** The version of the driver that the cloud installs on the nodes of a pool. Undefined: it installs none. */
  cloudDriver(spec: Spec, pool: string): string | undefined;
  /** The quotas of the account that the cluster's pools use up. Empty: there is no account. */
  quota(spec: Spec): QuotaNeed[];
  /** What the cloud bills, and its list prices. Absent: no price of it is known here, and a plan says so. */
  readonly billing?: Billing<Spec>;
  /** How the gateway's Service becomes a load balancer of the cloud. Undefined: the settings of the site say. */
  loadBalancer(spec: Spec): LoadBalancer | undefined;
  /** Settings of a site. Undefined: the cluster is a cloud's, with load balancers and a way to every registry. */
  settings(spec: Spec): SiteSettings | undefined;
  /** The configuration that the cluster layer needs. */
  configuration(spec: Spec): ConfigurationKeys;
  /**
   * The configuration secret that holds the kubeconfig. Undefined: the cluster layer publishes it, or there is none.
   */
  kubeconfigSecret(spec: Spec): string | undefined;
  /** Makes, or adopts, the cluster with the providers it needs. */
  build(spec: Spec, context: BuildContext): GpuCluster;
}

/** What the cloud calls a cluster. Environments share accounts, and a key is unique in its environment only. */
export function nameInCloud(environment: string, key: string): string {
  return `${environment}-${key}`;
}

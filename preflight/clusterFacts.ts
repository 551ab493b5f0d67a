import type { ImageAccess } from "./imageAccess.ts";

/**
 * What one cluster says of itself, as plain data: checks are functions of this and of what is declared, and of nothing
 * else.
 */
export interface ClusterFacts {
  /** `https://host:port` of the API server. */
  readonly server: string;
  readonly api: ApiFacts | UnreachableApi;
  /** What the registries answered this machine, by image. Empty where nothing is pulled. */
  readonly images: readonly ImageAccess[];
}

export interface UnreachableApi {
  readonly reachable: false;
  readonly reason: string;
}

export interface ApiFacts {
  readonly reachable: true;
  /** As the server spells it: `v1.35.3-eks-bbe087e`. */
  readonly version: string;
  /** The server's clock (its HTTP `Date`, whole seconds) and this machine's at that moment, ISO 8601. */
  readonly clock?: { readonly server: string; readonly here: string };
  readonly contents: Partial<ClusterContents>;
  /** What could not be read, and why. */
  readonly refused: Readonly<Partial<Record<ContentKind, string>>>;
}

/** Everything that is read from a cluster. No secret is. */
export interface ClusterContents {
  readonly nodes: readonly NodeFacts[];
  /** Of the kubelets, from `kube-node-lease`. */
  readonly leases: readonly LeaseFacts[];
  readonly access: readonly AccessFacts[];
  /** Custom resources that are served. */
  readonly definitions: readonly DefinitionFacts[];
  readonly storageClasses: readonly StorageClassFacts[];
  readonly daemonSets: readonly DaemonSetFacts[];
  /** Those that are reached from outside the cluster: LoadBalancer and NodePort. */
  readonly services: readonly ServiceFacts[];
  readonly namespaces: readonly NamespaceFacts[];
}

export type ContentKind = keyof ClusterContents;

export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly TaintFacts[];
  readonly unschedulable: boolean;
  /** `aws:///us-east-1a/i-0abc`; absent where no cloud made the node. */
  readonly providerId?: string;
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly nodeInfo: {
    readonly architecture: string;
    readonly operatingSystem: string;
    readonly osImage: string;
    readonly kernelVersion: string;
    readonly containerRuntimeVersion: string;
    readonly kubeletVersion: string;
  };
  /** Status by type: `{ Ready: "True" }`. */
  readonly conditions: Readonly<Record<string, string>>;
}

export interface TaintFacts {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface LeaseFacts {
  readonly node: string;
  /** By the node's clock, ISO 8601. */
  readonly renewedAt: string;
  readonly durationSeconds: number;
}

/** One thing a person may do, or may not. */
export interface AccessFacts extends AccessNeed {
  readonly allowed: boolean;
}

export interface AccessNeed {
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
}

export interface DefinitionFacts {
  /** `<plural>.<group>` */
  readonly name: string;
  readonly versions: readonly string[];
  /** Who wrote its fields (`metadata.managedFields`): what tells our own from somebody else's. */
  readonly managers: readonly string[];
}

export interface StorageClassFacts {
  readonly name: string;
  readonly isDefault: boolean;
  readonly provisioner: string;
}

export interface DaemonSetFacts {
  readonly namespace: string;
  readonly name: string;
  readonly containers: readonly { readonly name: string; readonly args: readonly string[] }[];
}

export interface ServiceFacts {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly nodePorts: readonly number[];
  /** A load balancer has given it an address. */
  readonly hasAddress: boolean;
}

export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly managers: readonly string[];
}

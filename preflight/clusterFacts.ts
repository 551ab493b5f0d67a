import type { ImageAccess } from "./imageAccess.ts";

/** What one cluster says of itself, as plain data. A check is a function of this and of what is declared. */
export interface ClusterFacts {
  /** `https://host:port` of the API server. */
  readonly server: string;
  /** What the API server answered. */
  readonly api: ApiFacts | UnreachableApi;
  /** What the registries answered this machine, by image. Empty where nothing is pulled. */
  readonly images: readonly ImageAccess[];
}

/** An API server that did not answer. */
export interface UnreachableApi {
  readonly reachable: false;
  /** Why it did not. */
  readonly reason: string;
  /** What to do, where the reason tells. Absent: what holds for every server that does not answer. */
  readonly fix?: string;
}

/** An API server that answered. */
export interface ApiFacts {
  readonly reachable: true;
  /** The version as the server spells it: `v1.35.3-eks-bbe087e`. */
  readonly version: string;
  /** The server's clock (its HTTP `Date`, whole seconds) and this machine's at that moment, ISO 8601. */
  readonly clock?: { readonly server: string; readonly here: string };
  /** What could be read. */
  readonly contents: Partial<ClusterContents>;
  /** Why the rest could not be read. */
  readonly refused: Readonly<Partial<Record<ContentKind, string>>>;
}

/** Everything that is read from a cluster. No Secret is read. */
export interface ClusterContents {
  /** All nodes. */
  readonly nodes: readonly NodeFacts[];
  /** The leases of the kubelets, from `kube-node-lease`. */
  readonly leases: readonly LeaseFacts[];
  /** What the credentials of the kubeconfig are allowed to do. */
  readonly access: readonly AccessFacts[];
  /** Custom resources that are served. */
  readonly definitions: readonly DefinitionFacts[];
  /** All StorageClasses. */
  readonly storageClasses: readonly StorageClassFacts[];
  /** All DaemonSets. */
  readonly daemonSets: readonly DaemonSetFacts[];
  /** All Deployments. */
  readonly deployments: readonly DeploymentFacts[];
  /** Services that are reached from outside the cluster: LoadBalancer and NodePort. */
  readonly services: readonly ServiceFacts[];
  /** All namespaces. */
  readonly namespaces: readonly NamespaceFacts[];
  /** Every Prometheus that the Prometheus Operator runs. Empty where its kind is not served. */
  readonly prometheuses: readonly PrometheusFacts[];
  /** All PodMonitors. Empty where their kind is not served. */
  readonly podMonitors: readonly PodMonitorFacts[];
}

/** A kind of what is read. */
export type ContentKind = keyof ClusterContents;

/** One node, as the API server has it. */
export interface NodeFacts {
  /** `metadata.name`, as `kubectl` takes it. */
  readonly name: string;
  /** `metadata.labels`. Pools find their nodes by them. */
  readonly labels: Readonly<Record<string, string>>;
  /** `spec.taints`. Empty: every pod may run there. */
  readonly taints: readonly TaintFacts[];
  /** True when it is cordoned. */
  readonly unschedulable: boolean;
  /** `aws:///us-east-1a/i-0abc`. Absent where no cloud made the node. */
  readonly providerId?: string;
  /** Resource → Kubernetes quantity of the whole node. */
  readonly capacity: Readonly<Record<string, string>>;
  /** Resource → Kubernetes quantity that pods can have. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** `status.nodeInfo`. */
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

/** A taint of a node. */
export interface TaintFacts {
  /** Pods tolerate the taint by it: `nvidia.com/gpu`. */
  readonly key: string;
  /** Absent: the taint is a key alone. */
  readonly value?: string;
  /** `NoSchedule`, `PreferNoSchedule` or `NoExecute`. */
  readonly effect: string;
}

/** The lease that a kubelet renews while it runs. */
export interface LeaseFacts {
  /** The node's name. */
  readonly node: string;
  /** The time of the last renewal by the node's clock, ISO 8601. */
  readonly renewedAt: string;
  /** How long a renewal is good for, in seconds. */
  readonly durationSeconds: number;
}

/** Whether the credentials are allowed one thing. */
export interface AccessFacts extends AccessNeed {
  /** The answer of a SelfSubjectAccessReview. */
  readonly allowed: boolean;
}

/** One thing that the credentials must be allowed, in all namespaces. */
export interface AccessNeed {
  /** `get`, `create` and the like. */
  readonly verb: string;
  /** The API group; empty for the core group. */
  readonly group: string;
  /** The resource in plural: `configmaps`. */
  readonly resource: string;
}

/** A CustomResourceDefinition. */
export interface DefinitionFacts {
  /** `<plural>.<group>` */
  readonly name: string;
  /** The versions that are served. */
  readonly versions: readonly string[];
  /** The managers of its fields (`metadata.managedFields`), which tell who installed it. */
  readonly managers: readonly string[];
}

/** Every OpenShift has this definition, and nothing else has. */
export function isOpenShift(definitions: readonly DefinitionFacts[]): boolean {
  return definitions.some(({ name }) => name === "clusterversions.config.openshift.io");
}

/** A StorageClass, from which claims get volumes. */
export interface StorageClassFacts {
  /** What a claim writes as `storageClassName`. */
  readonly name: string;
  /** True when claims without a class get it. */
  readonly isDefault: boolean;
  /** The driver that makes its volumes. */
  readonly provisioner: string;
}

/** A DaemonSet. Networks, load balancers and Istio's CNI plugin are known by theirs. */
export interface DaemonSetFacts {
  /** `metadata.namespace`; the same name may be in several. */
  readonly namespace: string;
  /** `metadata.name`: `kube-vip-ds`. */
  readonly name: string;
  /** The containers of its pods, with their arguments. */
  readonly containers: readonly { readonly name: string; readonly args: readonly string[] }[];
}

/** A Deployment. */
export interface DeploymentFacts {
  /** `metadata.namespace`. */
  readonly namespace: string;
  /** `metadata.name`: `istiod`. */
  readonly name: string;
  /** `app.kubernetes.io/version` of its labels: `1.30.5`. Absent: it has no such label. */
  readonly version?: string;
}

/** A Service that is reached from outside the cluster. */
export interface ServiceFacts {
  /** `metadata.namespace`; the gateway's own is told from others by it. */
  readonly namespace: string;
  /** `metadata.name`. */
  readonly name: string;
  /** `LoadBalancer` or `NodePort`. */
  readonly type: string;
  /** The ports that a load balancer opens for it. */
  readonly ports: readonly number[];
  /** The ports it has on every node. */
  readonly nodePorts: readonly number[];
  /** True when a load balancer has given it an address. */
  readonly hasAddress: boolean;
}

/** A selector of labels, as Kubernetes writes it. An empty one selects everything. */
export interface Selector {
  /** Labels with these values. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Further conditions. All must hold. */
  readonly matchExpressions?: { readonly key: string; readonly operator: string; readonly values?: string[] }[];
}

/** A Prometheus of the Prometheus Operator. */
export interface PrometheusFacts {
  /** `metadata.namespace`. */
  readonly namespace: string;
  /** `metadata.name`. */
  readonly name: string;
  /** `spec.podMonitorSelector`. Absent: it reads no PodMonitor. */
  readonly monitorSelector?: Selector;
  /** `spec.podMonitorNamespaceSelector`. Absent: it reads those of its own namespace. */
  readonly namespaceSelector?: Selector;
}

/** A PodMonitor, whoever made it. */
export interface PodMonitorFacts {
  /** `metadata.namespace`. */
  readonly namespace: string;
  /** `metadata.name`. */
  readonly name: string;
  /** `metadata.labels`, by which a Prometheus selects it. */
  readonly labels: Readonly<Record<string, string>>;
  /** The pods that it selects. */
  readonly selector: Selector;
  /** The namespaces of those pods. Absent: its own. */
  readonly namespaces?: readonly string[] | "any";
  /**
   * Whether it reads Envoy's statistics. False for Istio's sample monitor, which leaves out pods without the annotation
   * for scraping: models' pods have none.
   */
  readonly readsProxies: boolean;
}

/** A namespace that exists, whoever made it. */
export interface NamespaceFacts {
  /** `metadata.name`: `istio-system`. */
  readonly name: string;
  /** `metadata.labels`. Its Pod Security level is one of them. */
  readonly labels: Readonly<Record<string, string>>;
  /** The managers of its fields. */
  readonly managers: readonly string[];
}

import type { V1DaemonSet, V1Lease, V1Node, V1Service, V1StorageClass } from "@kubernetes/client-node";
import { type GroupDiscovery, servedVersions } from "../engine/kubernetes/discovery.ts";
import type {
  DaemonSetFacts,
  DefinitionFacts,
  DeploymentFacts,
  LeaseFacts,
  NamespaceFacts,
  NodeFacts,
  PodMonitorFacts,
  PrometheusFacts,
  Selector,
  ServiceFacts,
  StorageClassFacts,
} from "./clusterFacts.ts";

/** A list as the API answers it. */
export interface ObjectList<Item> {
  /** The objects. */
  readonly items: readonly Item[];
}

/** An object of which only the metadata was asked for. */
export interface PartialObject {
  /** Name, namespace where it is in one, labels and managers. */
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager?: string }[];
  };
}

/** What checks need of a node. */
export function nodeFacts({ metadata, spec, status }: V1Node): NodeFacts {
  const { architecture, operatingSystem, osImage, kernelVersion, containerRuntimeVersion, kubeletVersion } =
    status?.nodeInfo ?? ({} as Partial<NodeFacts["nodeInfo"]>);
  return {
    name: metadata?.name ?? "",
    labels: metadata?.labels ?? {},
    taints: (spec?.taints ?? []).map(({ key, value, effect }) => ({
      key,
      ...(value === undefined ? {} : { value }),
      effect,
    })),
    unschedulable: spec?.unschedulable === true,
    ...(spec?.providerID === undefined ? {} : { providerId: spec.providerID }),
    capacity: status?.capacity ?? {},
    allocatable: status?.allocatable ?? {},
    nodeInfo: {
      architecture: architecture ?? "",
      operatingSystem: operatingSystem ?? "",
      osImage: osImage ?? "",
      kernelVersion: kernelVersion ?? "",
      containerRuntimeVersion: containerRuntimeVersion ?? "",
      kubeletVersion: kubeletVersion ?? "",
    },
    conditions: Object.fromEntries((status?.conditions ?? []).map(({ type, status: state }) => [type, state])),
  };
}

/** What checks need of a kubelet's lease; nothing for one that was never renewed. */
export function leaseFacts({ metadata, spec }: V1Lease): LeaseFacts[] {
  // As JSON a time is text, whatever the library's type says.
  const renewedAt = spec?.renewTime as unknown as string | undefined;
  if (renewedAt === undefined) return [];
  return [{ node: metadata?.name ?? "", renewedAt, durationSeconds: spec?.leaseDurationSeconds ?? 40 }];
}

/** The versions come from discovery: the definitions themselves carry schemas of several megabytes. */
export function definitionFacts(
  definitions: readonly PartialObject[],
  groups: readonly GroupDiscovery[],
): DefinitionFacts[] {
  const served = servedVersions(groups);
  return definitions.map(({ metadata }) => ({
    name: metadata.name,
    versions: served.get(metadata.name) ?? [],
    managers: managersOf(metadata),
  }));
}

/** What checks need of a Deployment, of which the metadata is read alone. */
export function deploymentFacts({ metadata }: PartialObject): DeploymentFacts {
  const version = metadata.labels?.["app.kubernetes.io/version"];
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    ...(version === undefined ? {} : { version }),
  };
}

/** The managers of an object, except the API server, which writes the status of a definition. */
function managersOf({ managedFields }: PartialObject["metadata"]): string[] {
  const managers = (managedFields ?? []).flatMap(({ manager }) => manager ?? []);
  return [...new Set(managers)].filter((manager) => manager !== "kube-apiserver");
}

/** What checks need of a StorageClass. */
export function storageClassFacts({ metadata, provisioner }: V1StorageClass): StorageClassFacts {
  const isDefault = metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
  return { name: metadata?.name ?? "", isDefault, provisioner };
}

/** What checks need of a DaemonSet. */
export function daemonSetFacts({ metadata, spec }: V1DaemonSet): DaemonSetFacts {
  const containers = spec?.template.spec?.containers ?? [];
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    containers: containers.map(({ name, args }) => ({ name, args: args ?? [] })),
  };
}

/** What checks need of a Service; nothing for one that is not reached from outside. */
export function serviceFacts({ metadata, spec, status }: V1Service): ServiceFacts[] {
  const type = spec?.type ?? "ClusterIP";
  if (type !== "LoadBalancer" && type !== "NodePort") return [];
  return [
    {
      namespace: metadata?.namespace ?? "",
      name: metadata?.name ?? "",
      type,
      ports: (spec?.ports ?? []).map(({ port }) => port),
      nodePorts: (spec?.ports ?? []).flatMap(({ nodePort }) => nodePort ?? []),
      hasAddress: (status?.loadBalancer?.ingress ?? []).length > 0,
    },
  ];
}

/** What checks need of a namespace. */
export function namespaceFacts({ metadata }: PartialObject): NamespaceFacts {
  return { name: metadata.name, labels: metadata.labels ?? {}, managers: managersOf(metadata) };
}

interface Named {
  readonly metadata?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** A Prometheus object, as the API answers it. */
export interface PrometheusObject extends Named {
  /** What is read of its spec. */
  readonly spec?: { readonly podMonitorSelector?: Selector; readonly podMonitorNamespaceSelector?: Selector };
}

/** What checks need of a Prometheus. */
export function prometheusFacts({ metadata, spec = {} }: PrometheusObject): PrometheusFacts {
  const { podMonitorSelector, podMonitorNamespaceSelector } = spec;
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    ...(podMonitorSelector === undefined ? {} : { monitorSelector: podMonitorSelector }),
    ...(podMonitorNamespaceSelector === undefined ? {} : { namespaceSelector: podMonitorNamespaceSelector }),
  };
}

/** A PodMonitor, as the API answers it. */
export interface PodMonitorObject extends Named {
  /** What is read of its spec. */
  readonly spec?: {
    readonly selector?: Selector;
    readonly namespaceSelector?: { readonly any?: boolean; readonly matchNames?: readonly string[] };
    readonly podMetricsEndpoints?: readonly MonitorEndpoint[];
  };
}

interface MonitorEndpoint {
  readonly path?: string;
  readonly relabelings?: readonly { readonly action?: string; readonly sourceLabels?: readonly string[] }[];
}

/** What checks need of a PodMonitor. */
export function podMonitorFacts({ metadata, spec = {} }: PodMonitorObject): PodMonitorFacts {
  const { any, matchNames } = spec.namespaceSelector ?? {};
  const namespaces = any === true ? ("any" as const) : matchNames;
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    labels: metadata?.labels ?? {},
    selector: spec.selector ?? {},
    ...(namespaces === undefined ? {} : { namespaces }),
    readsProxies: (spec.podMetricsEndpoints ?? []).some(readsProxies),
  };
}

const scrapeAnnotation = /annotation(present)?_prometheus_io_scrape$/;

function readsProxies({ path = "", relabelings = [] }: MonitorEndpoint): boolean {
  return (
    path.startsWith("/stats") &&
    !relabelings.some(
      ({ action, sourceLabels = [] }) =>
        action?.toLowerCase() === "keep" && sourceLabels.some((label) => scrapeAnnotation.test(label)),
    )
  );
}

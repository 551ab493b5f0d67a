import { matchesSelector } from "../../engine/kubernetes/labelSelector.ts";
import type { PodMonitor } from "./agentClient.ts";
import { type PodEndpoint, workloadName } from "./podEndpoint.ts";
import { statsFilter } from "./sidecarConfig.ts";

/** A static group of targets in a file of Prometheus' `file_sd_configs`. */
export interface TargetGroup {
  /** The targets, `address:port`. */
  readonly targets: readonly string[];
  /** The labels of the targets. Those with the prefix `__` set the path and the parameters of the request. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A pod that Prometheus can scrape. */
export interface ScrapedPod {
  /** The address and the ports of the pod. */
  readonly endpoint: PodEndpoint;
  /** The name of the container that runs Triton. */
  readonly container: string;
  /** `address:port` of the sidecar's statistics. Several pods share one sidecar. */
  readonly sidecarStats: string;
}

/** The name of the port for the sidecar's metrics in Istio. */
const sidecarPort = "http-envoy-prom";

type MonitorEndpoint = NonNullable<NonNullable<PodMonitor["spec"]>["podMetricsEndpoints"]>[number];

/**
 * The targets of Prometheus, with the labels that the Prometheus Operator gives them. A pod that no PodMonitor selects
 * is not scraped. A sidecar is one target for all its pods of a PodMonitor and namespace, because one page has the
 * statistics of all of them.
 */
export function scrapeTargets(monitors: readonly PodMonitor[], pods: readonly ScrapedPod[]): TargetGroup[] {
  return [...monitors].sort(byName).flatMap((monitor) => {
    const selected = pods.filter((pod) => selects(monitor, pod.endpoint));
    return (monitor.spec?.podMetricsEndpoints ?? []).flatMap((endpoint) =>
      endpoint.port === sidecarPort
        ? sidecarTargets(monitor, endpoint, selected)
        : selected.flatMap((pod) => podTarget(monitor, endpoint, pod)),
    );
  });
}

/** The fields of a PodMonitor that the embedded environment ignores, as paths, for a warning. */
export function unsupportedParts(monitor: PodMonitor): string[] {
  const parts = ["metricRelabelings", "relabelings", "basicAuth", "bearerTokenSecret", "authorization", "tlsConfig"];
  return (monitor.spec?.podMetricsEndpoints ?? []).flatMap((endpoint, index) =>
    parts.filter((part) => part in endpoint).map((part) => `podMetricsEndpoints[${index}].${part}`),
  );
}

function selects(monitor: PodMonitor, { namespace, pod }: PodEndpoint): boolean {
  const { namespaceSelector, selector } = monitor.spec ?? { selector: {} };
  const inNamespace =
    namespaceSelector?.any === true ||
    (namespaceSelector?.matchNames ?? [monitor.metadata?.namespace ?? "default"]).includes(namespace);
  return inNamespace && matchesSelector(selector as Parameters<typeof matchesSelector>[0], pod.metadata?.labels);
}

function podTarget(monitor: PodMonitor, endpoint: MonitorEndpoint, pod: ScrapedPod): TargetGroup[] {
  const port = realPort(endpoint, pod);
  if (port === undefined) return [];
  return [
    {
      targets: [`${pod.endpoint.address}:${port}`],
      labels: {
        ...endpointLabels(monitor, endpoint),
        namespace: pod.endpoint.namespace,
        pod: pod.endpoint.name,
        container: pod.container,
        ...podTargetLabels(monitor, pod.endpoint),
      },
    },
  ];
}

/** Filters the sidecar's page by workload and not by pod, so that a target stays the same during a canary release. */
function sidecarTargets(monitor: PodMonitor, endpoint: MonitorEndpoint, pods: readonly ScrapedPod[]): TargetGroup[] {
  const pages = Map.groupBy(pods, (pod) => `${pod.sidecarStats} ${pod.endpoint.namespace}`);
  return [...pages.values()].flatMap((behind) => {
    const first = behind[0];
    if (first === undefined) return [];
    const workloads = behind.map((pod) => workloadName(pod.endpoint.pod));
    return [
      {
        targets: [first.sidecarStats],
        labels: {
          ...endpointLabels(monitor, endpoint),
          namespace: first.endpoint.namespace,
          container: "istio-proxy",
          __param_filter: statsFilter(first.endpoint.namespace, workloads),
        },
      },
    ];
  });
}

function endpointLabels(monitor: PodMonitor, endpoint: MonitorEndpoint): Record<string, string> {
  const params = Object.entries(endpoint.params ?? {}).flatMap(([name, values]) =>
    values[0] === undefined ? [] : [[`__param_${name}`, values[0]] as const],
  );
  return {
    job: `${monitor.metadata?.namespace}/${monitor.metadata?.name}`,
    endpoint: String(endpoint.port ?? endpoint.portNumber ?? endpoint.targetPort),
    __metrics_path__: endpoint.path ?? "/metrics",
    ...Object.fromEntries(params),
  };
}

function realPort(endpoint: MonitorEndpoint, { endpoint: { pod, namedPorts } }: ScrapedPod): number | undefined {
  const asked = endpoint.port ?? endpoint.portNumber ?? endpoint.targetPort;
  if (typeof asked === "string") return namedPorts[asked];
  const named = pod.spec?.containers.flatMap(({ ports = [] }) => ports).find((port) => port.containerPort === asked);
  return named?.name === undefined ? undefined : namedPorts[named.name];
}

function podTargetLabels(monitor: PodMonitor, { pod }: PodEndpoint): Record<string, string> {
  const labels = pod.metadata?.labels ?? {};
  return Object.fromEntries(
    (monitor.spec?.podTargetLabels ?? []).flatMap((name) =>
      labels[name] === undefined ? [] : [[name.replaceAll(/[^a-zA-Z0-9_]/g, "_"), labels[name]] as const],
    ),
  );
}

function byName(a: PodMonitor, b: PodMonitor): number {
  const key = ({ metadata }: PodMonitor) => `${metadata?.namespace}/${metadata?.name}`;
  return key(a) < key(b) ? -1 : 1;
}

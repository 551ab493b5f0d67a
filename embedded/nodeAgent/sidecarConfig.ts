import { servedByHeaders } from "../traffic/traffic.ts";
import { type PodEndpoint, workloadName } from "./podEndpoint.ts";

/** The prefix of the sidecar's metrics: `envoy_istio_requests_total`, from which Prometheus removes `envoy_`. */
const scope = "istio";
const requests = "requests_total";
const duration = "request_duration_milliseconds";

/** The address, the configuration files and the latency buckets of one sidecar process. */
export interface SidecarSite {
  /** The address of the admin interface. The listeners are on the addresses of the pods. */
  readonly address: string;
  /** The port of the admin interface, which has the statistics. */
  readonly statsPort: number;
  /** The path of the file with the listeners, JSON. */
  readonly listenersFile: string;
  /** The path of the file with the clusters, JSON. */
  readonly clustersFile: string;
  /** The bucket bounds of the latency histogram, milliseconds, increasing. */
  readonly edges: readonly number[];
}

/**
 * Envoy's bootstrap configuration, which it reads once: the files that contain its listeners and clusters, and the
 * buckets of the latency histogram. Other buckets need a restart.
 */
export function sidecarBootstrap({ address, statsPort, listenersFile, clustersFile, edges }: SidecarSite) {
  const fromFile = (path: string) => ({ path_config_source: { path }, resource_api_version: "V3" });
  return {
    node: { id: "sidecar", cluster: "sidecar" },
    admin: { address: socket(address, statsPort) },
    dynamic_resources: { lds_config: fromFile(listenersFile), cds_config: fromFile(clustersFile) },
    // Prometheus scrapes each second. Histograms change only with a flush, counters at once.
    stats_flush_interval: "1s",
    stats_config: {
      histogram_bucket_settings: [{ match: { safe_regex: { regex: `${scope}\\.${duration}\\..*` } }, buckets: edges }],
    },
  };
}

/** The listeners: one for HTTP and one for gRPC on the address of each pod. */
export function sidecarListeners(endpoints: readonly PodEndpoint[], version: string) {
  return discovery(
    version,
    endpoints.flatMap((endpoint) => protocols.map((protocol) => listener(endpoint, protocol))),
  );
}

/** The clusters: one for the HTTP port and one for the gRPC port of each pod's Triton. */
export function sidecarClusters(endpoints: readonly PodEndpoint[], version: string) {
  return discovery(
    version,
    endpoints.flatMap((endpoint) => protocols.map((protocol) => cluster(endpoint, protocol))),
  );
}

/** A regular expression for the `filter` parameter of Envoy's stats page. It selects the statistics of workloads. */
export function statsFilter(namespace: string, workloads: readonly string[]): string {
  const names = [...new Set(workloads)].sort().join("|");
  return `\\.destination_workload\\.(${names})\\.destination_workload_namespace\\.${namespace}\\.`;
}

type Protocol = "http" | "grpc";
const protocols: readonly Protocol[] = ["http", "grpc"];

const networkManager =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const statsLogger = "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config";
const httpOptions = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

function discovery(version: string, resources: readonly object[]) {
  return { version_info: version, resources };
}

function socket(address: string, port: number) {
  return { socket_address: { address, port_value: port } };
}

function clusterName({ namespace, name }: PodEndpoint, protocol: Protocol): string {
  return `${namespace}/${name}/${protocol}`;
}

function listener(endpoint: PodEndpoint, protocol: Protocol) {
  const manager = {
    "@type": networkManager,
    stat_prefix: "pods",
    access_log: [{ name: "envoy.access_loggers.stats", typed_config: istioMetrics(endpoint, protocol) }],
    route_config: {
      virtual_hosts: [
        {
          name: "pod",
          domains: ["*"],
          // Without a timeout, as Istio's inbound routes: the client's timeout applies.
          routes: [{ match: { prefix: "/" }, route: { cluster: clusterName(endpoint, protocol), timeout: "0s" } }],
        },
      ],
      // The sidecar also adds them to its own answers for a dead server, so that errors are counted by version.
      response_headers_to_add: Object.entries({
        [servedByHeaders.version]: endpoint.pod.metadata?.labels?.version ?? "",
        [servedByHeaders.pod]: endpoint.name,
      }).map(([key, value]) => ({ header: { key, value: literal(value) } })),
      validate_clusters: false,
    },
    http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": router } }],
  };
  return {
    "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
    name: clusterName(endpoint, protocol),
    address: socket(endpoint.address, endpoint.ports[protocol]),
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
}

function cluster(endpoint: PodEndpoint, protocol: Protocol) {
  const name = clusterName(endpoint, protocol);
  const unlimited = 1_000_000;
  return {
    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    name,
    type: "STATIC",
    connect_timeout: "1s",
    // As Istio's default: a queue in front of a slow server causes latency, not status 503.
    circuit_breakers: {
      thresholds: [{ max_connections: unlimited, max_pending_requests: unlimited, max_requests: unlimited }],
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": httpOptions,
        // Triton waits for open connections when it ends, even idle ones, up to its exit timeout.
        common_http_protocol_options: { idle_timeout: "1s" },
        explicit_http_config: protocol === "grpc" ? { http2_protocol_options: {} } : { http_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(endpoint.address, endpoint.inner[protocol]) } }] }],
    },
  };
}

/**
 * Istio's standard metrics with the labels of Istio's own sidecar for `reporter="destination"`. Every request counts,
 * with response code 0 if the client closed the connection first. Envoy's cluster statistics do not count those
 * requests, so with them a server that hangs would look idle.
 */
function istioMetrics(endpoint: PodEndpoint, protocol: Protocol) {
  const labels = endpoint.pod.metadata?.labels ?? {};
  const workload = workloadName(endpoint.pod);
  const service = labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels.app;
  const tags = {
    reporter: "destination",
    pod: endpoint.name,
    namespace: endpoint.namespace,
    destination_app: labels.app ?? "unknown",
    destination_version: labels.version ?? "unknown",
    destination_canonical_service: service ?? workload,
    destination_canonical_revision: labels["service.istio.io/canonical-revision"] ?? labels.version ?? "latest",
    destination_workload: workload,
    destination_workload_namespace: endpoint.namespace,
    connection_security_policy: "none",
    request_protocol: protocol,
  };
  const fixed = Object.entries(tags).map(([name, value]) => ({ name, value_format: literal(value) }));
  const answered = [
    { name: "response_code", value_format: "%RESPONSE_CODE%" },
    { name: "response_flags", value_format: "%RESPONSE_FLAGS%" },
    ...(protocol === "grpc" ? [{ name: "grpc_response_status", value_format: "%GRPC_STATUS_NUMBER%" }] : []),
  ];
  return {
    "@type": statsLogger,
    stats_scope: { prefix: scope },
    counters: [{ stat: { name: requests, tags: [...fixed, ...answered] }, value_fixed: 1 }],
    histograms: [
      { stat: { name: duration, tags: [...fixed, ...answered] }, unit: "Milliseconds", value_format: "%DURATION%" },
    ],
  };
}

/** Escapes %, which starts a command operator in Envoy's format strings. */
function literal(value: string): string {
  return value.replaceAll("%", "%%");
}

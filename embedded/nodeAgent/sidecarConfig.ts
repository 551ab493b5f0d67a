import { servedByHeaders } from "../traffic/traffic.ts";
import { type PodEndpoint, workloadName } from "./podEndpoint.ts";

/**
 * The metrics the sidecar makes: `envoy_istio_requests_total` and so on, until Prometheus' configuration takes `envoy_`
 * away.
 */
const scope = "istio";
const requests = "requests_total";
const duration = "request_duration_milliseconds";

/** Where one sidecar process listens and reads its configuration. */
export interface SidecarSite {
  readonly address: string;
  readonly statsPort: number;
  readonly listenersFile: string;
  readonly clustersFile: string;
  readonly edges: readonly number[];
}

/**
 * What Envoy reads once: where its listeners and clusters are written, and the edges of the latency histogram, which
 * cannot change while it runs.
 */
export function sidecarBootstrap({ address, statsPort, listenersFile, clustersFile, edges }: SidecarSite) {
  const fromFile = (path: string) => ({ path_config_source: { path }, resource_api_version: "V3" });
  return {
    node: { id: "sidecar", cluster: "sidecar" },
    admin: { address: socket(address, statsPort) },
    dynamic_resources: { lds_config: fromFile(listenersFile), cds_config: fromFile(clustersFile) },
    // Counters are exact at any moment, histograms only when they are flushed; both are scraped each second.
    stats_flush_interval: "1s",
    stats_config: {
      histogram_bucket_settings: [{ match: { safe_regex: { regex: `${scope}\\.${duration}\\..*` } }, buckets: edges }],
    },
  };
}

/** Two listeners for each pod: HTTP and gRPC. */
export function sidecarListeners(endpoints: readonly PodEndpoint[], version: string) {
  return discovery(
    version,
    endpoints.flatMap((endpoint) => protocols.map((protocol) => listener(endpoint, protocol))),
  );
}

/** Two clusters for each pod: Triton's HTTP and gRPC ports. */
export function sidecarClusters(endpoints: readonly PodEndpoint[], version: string) {
  return discovery(
    version,
    endpoints.flatMap((endpoint) => protocols.map((protocol) => cluster(endpoint, protocol))),
  );
}

/** Selects the statistics of some workloads, for the `filter` parameter of Envoy's stats page. */
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
          // No time limit of its own, as Istio's inbound routes have none: the caller's decides.
          routes: [{ match: { prefix: "/" }, route: { cluster: clusterName(endpoint, protocol), timeout: "0s" } }],
        },
      ],
      // Also on answers the sidecar gives for a dead server, so that errors can be told by version.
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
    // Istio's default: a queue in front of a slow server shows as latency, not as 503.
    circuit_breakers: {
      thresholds: [{ max_connections: unlimited, max_pending_requests: unlimited, max_requests: unlimited }],
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": httpOptions,
        // Triton waits for open connections before it ends, up to its exit timeout, even when nothing is asked on them.
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
 * Istio's standard metrics as its own sidecar makes them for `reporter="destination"`: every request counts, with
 * response code 0 where the caller hung up first. (Envoy's cluster statistics know nothing of those, so a server that
 * hangs would look idle.)
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

/** Envoy reads % as the start of a command. */
function literal(value: string): string {
  return value.replaceAll("%", "%%");
}

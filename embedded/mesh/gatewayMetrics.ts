import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { gatewayLabels, gatewayWorkload } from "./gateway.ts";

/**
 * What Istio's own gateway counts, for an unmodified Envoy: `istio_requests_total` with `reporter="source"`, and the
 * label `upstream_cluster` that the platform adds by a Telemetry. Only the labels that queries read.
 */
export function gatewayMetrics(): KubernetesObject {
  const manager =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const tags = {
    reporter: "source",
    source_workload: gatewayWorkload,
    source_workload_namespace: "istio-system",
    upstream_cluster: "%UPSTREAM_CLUSTER_RAW%",
    request_protocol: "%PROTOCOL%",
    response_code: "%RESPONSE_CODE%",
    response_flags: "%RESPONSE_FLAGS%",
    grpc_response_status: "%GRPC_STATUS_NUMBER%",
  };
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: { name: "gateway-metrics", namespace: "istio-system" },
    spec: {
      workloadSelector: { labels: gatewayLabels },
      configPatches: [
        {
          applyTo: "NETWORK_FILTER",
          match: {
            context: "GATEWAY",
            listener: { filterChain: { filter: { name: "envoy.filters.network.http_connection_manager" } } },
          },
          patch: {
            operation: "MERGE",
            value: {
              typed_config: {
                "@type": manager,
                access_log: [
                  {
                    name: "envoy.access_loggers.stats",
                    typed_config: {
                      "@type": "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config",
                      stats_scope: { prefix: "istio" },
                      counters: [
                        {
                          stat: {
                            name: "requests_total",
                            tags: Object.entries(tags).map(([name, value_format]) => ({ name, value_format })),
                          },
                          value_fixed: 1,
                        },
                      ],
                    },
                  },
                ],
              },
            },
          },
        },
      ],
    },
  } as KubernetesObject;
}

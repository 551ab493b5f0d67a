import type { Allocation } from "../controlPlane/allocation.ts";
import { environmentFiles } from "../machine/paths.ts";
import type { ProcessSpec } from "../process/processSpec.ts";

/**
 * The ingress gateway: an unmodified Envoy. Its bootstrap names its node id and istiod's address; istiod sends all
 * other configuration over xDS.
 */
export function gateway({ host, ports, tools, dataDir }: Allocation): ProcessSpec {
  return {
    name: "gateway",
    command: tools.envoy,
    args: [
      "--config-path",
      environmentFiles(dataDir).gatewayBootstrap,
      "--disable-hot-restart",
      "--concurrency",
      "2",
      "--log-level",
      "warning",
    ],
    ready: { url: `http://${host}:${ports.gatewayAdmin}/ready` },
  };
}

/**
 * The bootstrap configuration of the gateway's Envoy. istiod reads the type of the proxy from the node id, and selects
 * its Gateway objects by the labels in the metadata.
 */
export function gatewayBootstrap(host: string, ports: Allocation["ports"]) {
  const viaAds = { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" };
  return {
    node: {
      id: `router~${host}~${gatewayWorkload}.istio-system~istio-system.svc.cluster.local`,
      cluster: `${gatewayWorkload}.istio-system`,
      metadata: {
        CLUSTER_ID: "Kubernetes",
        NAMESPACE: "istio-system",
        LABELS: { ...gatewayLabels, app: gatewayWorkload },
        ISTIO_VERSION: "1.31.0",
        INSTANCE_IPS: host,
        MESH_ID: "cluster.local",
        WORKLOAD_NAME: gatewayWorkload,
      },
    },
    admin: { address: socketAddress(host, ports.gatewayAdmin) },
    dynamic_resources: {
      lds_config: viaAds,
      cds_config: viaAds,
      ads_config: {
        api_type: "GRPC",
        set_node_on_first_message_only: true,
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds-grpc" } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: "xds-grpc",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: "xds-grpc",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(host, ports.istiodGrpc) } }] }],
          },
        },
      ],
    },
  };
}

/** The gateway's name, as Istio's chart gives it. */
export const gatewayWorkload = "istio-ingressgateway";

/** Labels by which Istio's objects select the gateway. */
export const gatewayLabels = { istio: "ingressgateway" };

function socketAddress(address: string, port: number) {
  return { socket_address: { address, port_value: port } };
}

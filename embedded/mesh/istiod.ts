import type { Allocation } from "../controlPlane/allocation.ts";
import type { ProcessSpec } from "../process/processSpec.ts";

/**
 * istiod, set so that it can drive an Envoy as released by the Envoy project: no certificate authority (only
 * istio-agent serves certificates to Envoy), and none of the filters that exist in Istio's own build of Envoy alone.
 */
export function istiod({ host, ports, tools, credentials }: Allocation): ProcessSpec {
  return {
    name: "istiod",
    command: tools.istiod,
    args: [
      "discovery",
      `--kubeconfig=${credentials.kubeconfigs.istiod}`,
      "--namespace=istio-system",
      "--domain=cluster.local",
      `--grpcAddr=${host}:${ports.istiodGrpc}`,
      `--httpAddr=${host}:${ports.istiodHttp}`,
      `--monitoringAddr=${host}:${ports.istiodMonitoring}`,
      `--ctrlz_address=${host}`,
      `--ctrlz_port=${ports.istiodIntrospection}`,
      "--secureGRPCAddr=",
      "--httpsAddr=",
      "--log_output_level=all:warn",
    ],
    env: {
      POD_NAMESPACE: "istio-system",
      POD_NAME: "istiod",
      REVISION: "default",
      CLUSTER_ID: "Kubernetes",
      JWT_POLICY: "first-party-jwt",
      PILOT_CERT_PROVIDER: "none",
      ENABLE_CA_SERVER: "false",
      INJECT_ENABLED: "false",
      VALIDATION_ENABLED: "false",
      PILOT_ENABLE_ALPN_FILTER: "false",
      PILOT_ENABLE_METADATA_EXCHANGE: "false",
      PILOT_ENABLE_ANALYSIS: "false",
      PILOT_ENABLE_STATUS: "false",
    },
    ready: { url: `http://${host}:${ports.istiodHttp}/ready` },
  };
}

/** The mesh configuration istiod reads from the ConfigMap `istio` in `istio-system`. */
export const meshConfig = {
  accessLogFile: "",
  enablePrometheusMerge: false,
  // Clusters would otherwise wait for certificates that nobody serves.
  enableAutoMtls: false,
  outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
} as const;

import type { Allocation } from "../controlPlane/allocation.ts";
import type { ProcessSpec } from "../process/processSpec.ts";

/**
 * istiod, configured for an unmodified Envoy. The certificate authority is off, because only istio-agent serves
 * certificates to Envoy. The filters that only Istio's build of Envoy contains are off too.
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

/** The mesh configuration, which istiod reads from the ConfigMap `istio` in `istio-system`. */
export const meshConfig = {
  accessLogFile: "",
  enablePrometheusMerge: false,
  // With automatic mTLS, Envoy's clusters wait for certificates, and no istio-agent serves any here.
  enableAutoMtls: false,
  outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
} as const;

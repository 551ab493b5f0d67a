import type { OnPremClusterArgs } from "../../../../components/cluster/onPrem/onPremArgs.ts";
import { OnPremCluster } from "../../../../components/cluster/onPrem/onPremCluster.ts";
import type { Answers } from "../harness.ts";

/** As an OIDC login leaves it: a program that fetches a token, and none inside. */
const kubeconfig = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "dc-fra",
  contexts: [{ name: "dc-fra", context: { cluster: "dc-fra", user: "oidc" } }],
  clusters: [
    { name: "dc-fra", cluster: { server: "https://api.fra.example.com:6443", "certificate-authority-data": "Q0E=" } },
  ],
  users: [
    {
      name: "oidc",
      user: {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1beta1",
          command: "kubelogin",
          args: ["get-token", "--oidc-issuer-url=https://login.example.com", "--oidc-client-id=kubernetes"],
          interactiveMode: "Never",
        },
      },
    },
  ],
});

/** Bare metal with two GPU models and a store that speaks S3, behind a proxy. */
export const sampleArgs = {
  kubeconfig,
  clusterIdentifier: "serin/dc-fra",
  labels: { environment: "production", region: "europe-west" },
  gpuPools: {
    l4: {
      gpu: "L4",
      gpusPerNode: 2,
      nodes: 3,
      vcpu: 32,
      memoryGiB: 128,
      sharing: { kind: "timeSlicing", replicas: 4 },
    },
    a100: {
      gpu: "A100-80GB",
      gpusPerNode: 8,
      nodes: 1,
      vcpu: 128,
      memoryGiB: 1024,
      sharing: { kind: "mig", profile: "1g.10gb" },
      driver: { owner: "preinstalled", version: "580.159.03" },
      nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb" },
    },
  },
  modelStore: {
    s3: {
      endpoint: "https://minio.fra.example.com:9000",
      bucket: "models",
      credentials: { accessKeyId: "planted-key-id", secretAccessKey: "planted-secret-key" },
    },
  },
  settings: {
    ingress: { kind: "nodePort", port: 30080, host: "gpu.fra.example.com" },
    storageClass: "ceph-block",
    registryMirror: { charts: "oci://registry.fra.example.com/charts", images: "registry.fra.example.com:5000/mirror" },
    proxy: { httpsProxy: "http://proxy.fra.example.com:3128", noProxy: ["10.0.0.0/8", ".svc", ".cluster.local"] },
    runtime: "rke2",
  },
} as const satisfies OnPremClusterArgs;

/** A single k3s machine in a shop that lets nobody in. */
export const renderedArgs = {
  clusterIdentifier: "serin/shop-7",
  labels: { environment: "production", region: "europe-west" },
  gpuPools: { t4: { gpu: "T4", gpusPerNode: 1, nodes: 1, vcpu: 16, memoryGiB: 64 } },
  settings: { access: { kind: "rendered", directory: "rendered" }, runtime: "k3s" },
} as const satisfies OnPremClusterArgs;

/** There is no cloud, so no cloud's provider: the component's own leads to the cluster. */
export function build(args: OnPremClusterArgs = sampleArgs): OnPremCluster {
  return new OnPremCluster("dc-fra", args);
}

/** Nothing is made, so nothing is computed. */
export const answers: Answers = {};

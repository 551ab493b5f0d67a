import { Provider } from "@pulumi/gcp/provider.js";
import type { GkeClusterArgs } from "../../../../components/cluster/gke/gkeArgs.ts";
import { GkeCluster } from "../../../../components/cluster/gke/gkeCluster.ts";
import type { Answers } from "../harness.ts";

export const sampleArgs = {
  project: "serin-prod",
  projectNumber: "123456789012",
  region: "europe-west4",
  zones: ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
  cidr: "10.64.0.0/17",
  kubernetesVersion: "1.35",
  admins: ["group:platform@example.com", "serviceAccount:ci@serin-prod.iam.gserviceaccount.com"],
  labels: { environment: "production", region: "west-eu" },
  gpuPools: {
    l4: { machine: "g2-standard-12", min: 1, max: 8 },
    shared: {
      machine: "g2-standard-16",
      min: 0,
      max: 4,
      purchase: { kind: "spot" },
      sharing: { kind: "timeSlicing", replicas: 4 },
      zones: ["europe-west4-b"],
      disk: "500GiB",
      labels: { "example.com/team": "fraud" },
    },
    slices: {
      machine: "a3-highgpu-8g",
      min: 0,
      max: 2,
      purchase: { kind: "reserved", reservation: "h100" },
      sharing: { kind: "mig", profile: "1g.10gb" },
      zones: ["europe-west4-a"],
      placement: "compact",
    },
  },
} as const satisfies GkeClusterArgs;

/** The cluster as a stack makes it. */
export function build(args: GkeClusterArgs = sampleArgs, name = "gcp-euw4"): GkeCluster {
  const gcp = new Provider("gcp", { project: args.project, region: args.region });
  return new GkeCluster(name, args, { providers: { gcp } });
}

/** What Google Cloud answers of what is there. */
export const answers: Answers = {
  outputs: {
    "gcp:container/cluster:Cluster": (inputs) => ({
      endpoint: "10.64.64.2",
      masterVersion: "1.35.2-gke.1234000",
      masterAuth: { clusterCaCertificate: "Y2E=", clientCertificateConfig: { issueClientCertificate: false } },
      privateClusterConfig: {
        enablePrivateNodes: true,
        enablePrivateEndpoint: true,
        privateEndpoint: "10.64.64.2",
        publicEndpoint: "203.0.113.7",
      },
      controlPlaneEndpointsConfig: {
        ...(inputs.controlPlaneEndpointsConfig as object),
        dnsEndpointConfig: {
          ...((inputs.controlPlaneEndpointsConfig as { dnsEndpointConfig?: object }).dnsEndpointConfig ?? {}),
          endpoint: "gke-0123456789abcdef-123456789012.europe-west4.gke.goog",
        },
      },
    }),
    "gcp:serviceaccount/account:Account": ({ accountId }) => {
      const email = `${accountId}@serin-prod.iam.gserviceaccount.com`;
      return { email, member: `serviceAccount:${email}` };
    },
    "gcp:logging/projectSink:ProjectSink": () => ({
      writerIdentity: "serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com",
    }),
  },
};

import { Provider } from "@pulumi/gcp/provider.js";
import { defaultKubernetesVersion } from "../../core/kubernetesVersions.ts";
import type { Problem } from "../../core/problem.ts";
import { mirrorProblems, mirrorSettings, type WithRegistryMirror } from "../../core/registryMirror.ts";
import { type CloudAdapter, nameInCloud } from "../cloudAdapter.ts";
import { ingressProblems, loadBalancer, type WithIngress } from "../ingress.ts";
import { quotaNeeds } from "../quota.ts";
import { defaultEndpoint } from "./endpoint.ts";
import { gcpBilling } from "./gcpBilling.ts";
import { gcpRuleBook } from "./gcpRuleBook.ts";
import { gcpRules } from "./gcpRules.ts";
import type { GkeDeclaration } from "./gkeArgs.ts";
import { GkeCluster, longestName } from "./gkeCluster.ts";
import { gkeGpuPools, gkeSystemNodes, gkeSystemQuota } from "./gkePools.ts";
import { validateGkeCluster } from "./gkeProblems.ts";

/** A declared GKE cluster. Its project comes from configuration: `serin:gcpProject` and `serin:gcpProjectNumber`. */
export type GcpClusterSpec = { readonly cloud: "gcp" } & WithIngress & WithRegistryMirror & GkeDeclaration;

/** Google Cloud, with GKE. */
export const gcp: CloudAdapter<GcpClusterSpec> = {
  rules: gcpRules,
  ruleBook: gcpRuleBook,
  adopted: false,
  longestName,
  identityMarks: { annotations: [], podLabels: {} },
  brings: ["gpuOperator"],
  // Without the GPU operator, nothing else installs the exporter of GPU metrics.
  needs: () => ["gpuMetrics"],
  starter: {
    region: "europe-west4",
    cluster: (region) => ({
      cloud: "gcp",
      region,
      zones: [`${region}-a`, `${region}-b`, `${region}-c`],
      cidr: "10.16.0.0/16",
      kubernetesVersion: defaultKubernetesVersion,
      admins: ["group:platform-admins@example.com"],
      labels: {},
    }),
  },
  problems: (spec) => [...validateGkeCluster(spec), ...ingressProblems(spec), ...mirrorProblems(spec)],
  gpuPools: gkeGpuPools,
  systemNodes: () => gkeSystemNodes,
  region: ({ region }) => region,
  kubernetesVersion: ({ kubernetesVersion }) => kubernetesVersion,
  signIn: (configured) => [
    `gcloud auth login && gcloud auth application-default login && gcloud config set project ${configured("gcpProject")}`,
  ],
  decide: ({ endpoint = defaultEndpoint }) =>
    endpoint.kind === "private" && (endpoint.cidrs ?? []).length === 0
      ? [
          'Only machines in the cluster\'s own network reach its API server. For others declare endpoint: { kind: "dns" }, now or later.',
        ]
      : [],
  connect({ endpoint = defaultEndpoint }) {
    if (endpoint.kind !== "private") return [];
    const way =
      (endpoint.cidrs ?? []).length > 0
        ? `Connect ${endpoint.cidrs?.join(", ")} by Cloud VPN or Cloud Interconnect`
        : "Make a machine in the cluster's network and run serin there";
    return [{ says: `${way}: docs/clusters/gke.md, "First day".` }];
  },
  upload: (_spec, _name, versions) =>
    versions.map(({ from, to }) => ({ command: `gcloud storage rsync --recursive ${from} "$store/${to}"` })),
  blocks: ({ cidr }) => [cidr],
  modelStore: (_spec, url) => ({ kind: "gcs", url }),
  cloudDriver: () => gcpRules.drivers.latest.version,
  billing: gcpBilling,
  quota: ({ region, gpuPools = {} }) => quotaNeeds(gcpRules, region, gpuPools, gkeSystemQuota(region)),
  // GKE documentation, "LoadBalancer Service parameters". Without global access, only clients of the region connect.
  loadBalancer: (spec) =>
    loadBalancer(spec, {
      internal: {
        "networking.gke.io/load-balancer-type": "Internal",
        "networking.gke.io/internal-load-balancer-allow-global-access": "true",
      },
      public: { "cloud.google.com/l4-rbs": "enabled" },
    }),
  settings: mirrorSettings,
  configuration: () => ({
    values: [
      { key: "gcpProject", word: '"$(gcloud config get project)"', problems: projectProblems },
      {
        key: "gcpProjectNumber",
        word: '"$(gcloud projects describe "$(gcloud config get project)" --format="value(projectNumber)")"',
        problems: numberProblems,
      },
    ],
    secrets: [],
  }),
  kubeconfigSecret: () => undefined,
  build(
    { cloud: _, ingress: _ingress, registryMirror: _mirror, ...args },
    { environment, key, webhookPorts, configured },
  ) {
    const name = nameInCloud(environment, key);
    const project = configured("gcpProject");
    const provider = new Provider(name, { project, region: args.region });
    const projectNumber = configured("gcpProjectNumber");
    return new GkeCluster(name, { ...args, project, projectNumber, webhookPorts }, { providers: [provider] });
  },
};

/** An id begins the names of the buckets. That of a project of a domain (`example.com:shop`) cannot. */
function projectProblems(path: string, project: string): Problem[] {
  return /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(project)
    ? []
    : [
        {
          path,
          reason: `"${project}" is not the id of a project: 6 to 30 of a-z, 0-9 and "-", first a letter.`,
          fix: "Write what `gcloud config get project` prints.",
        },
      ];
}

/** Keys are granted to service agents whose names have the number; with the id instead, they would be nobody's. */
function numberProblems(path: string, number: string): Problem[] {
  return /^\d+$/.test(number)
    ? []
    : [
        {
          path,
          reason: `"${number}" is not the number of a project.`,
          fix: 'Write what `gcloud projects describe <id> --format="value(projectNumber)"` prints.',
        },
      ];
}

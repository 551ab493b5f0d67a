import type { ClusterArgs } from "@pulumi/gcp/container/cluster.js";
import * as pulumi from "@pulumi/pulumi";
import type { KubernetesVersion } from "../../core/kubernetesVersions.ts";
import { endpointSettings, type GkeEndpoint } from "./endpoint.ts";
import { podRange, serviceRange } from "./gkeNetwork.ts";

/** What `controlPlaneArgs` makes a `Cluster` of. */
export interface ControlPlane {
  /** `name` of the cluster, a DNS label of at most 40 characters. A change replaces the cluster. */
  readonly name: string;
  /**
   * Id of the project, the same as the provider's. It names the workload pool, `<project>.svc.id.goog`. A change
   * replaces the cluster.
   */
  readonly project: pulumi.Input<string>;
  /** `location`: a region, which makes the cluster regional. A change replaces it. */
  readonly region: string;
  /** `nodeLocations`: three zones of the region. A change updates the cluster in place. */
  readonly zones: readonly string[];
  /**
   * The cluster's own block, /16 to /20. The control plane admits it as an authorized network, unless the endpoint is
   * `dns`.
   */
  readonly cidr: string;
  /**
   * `minMasterVersion`, a minor version. One step up upgrades the control plane at once, and its nodes in the next
   * maintenance window.
   */
  readonly kubernetesVersion: KubernetesVersion;
  /** Where the Kubernetes API listens, and for whom. A change updates the cluster in place. */
  readonly endpoint: GkeEndpoint;
  /** `network`: id of the VPC. A change replaces the cluster. */
  readonly network: pulumi.Input<string>;
  /** `subnetwork`: id of the subnet, with the secondary ranges `pods` and `services`. A change replaces the cluster. */
  readonly subnetwork: pulumi.Input<string>;
  /**
   * `databaseEncryption.keyName`: id of the Cloud KMS key that encrypts Secrets of Kubernetes in etcd. A change updates
   * the cluster in place.
   */
  readonly secretsKey: pulumi.Input<string>;
  /**
   * `nodeConfig.serviceAccount`: email of the account of the first nodes, which are removed at once. A later change is
   * ignored (`driftRules.gkeCluster`).
   */
  readonly nodeServiceAccount: pulumi.Input<string>;
  /** `deletionProtection`: while true, the provider refuses to delete the cluster. A change updates it in place. */
  readonly protect: boolean;
  /** `resourceLabels`. A change updates the cluster in place. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Arguments of the regional cluster, with no nodes of its own: pools are resources of their own. */
export function controlPlaneArgs(args: ControlPlane): ClusterArgs {
  return {
    name: args.name,
    location: args.region,
    nodeLocations: [...args.zones],
    resourceLabels: { ...args.labels },
    deletionProtection: args.protect,
    ...versionSettings(args.kubernetesVersion),
    ...networkSettings(args),
    ...securitySettings(args),
    ...observability,
    ...withoutNodes(args),
    addonsConfig: {
      gcePersistentDiskCsiDriverConfig: { enabled: true },
      gcsFuseCsiDriverConfig: { enabled: true },
    },
  };
}

/**
 * `minMasterVersion` is a lower bound, so a patch by GKE is not drift. The channel EXTENDED gets patches as often as
 * REGULAR, but GKE keeps the minor version until its support ends, about two years later
 * (cloud.google.com/kubernetes-engine/upgrades). Nodes follow the control plane. The channel costs more only after the
 * 14 months of standard support.
 */
function versionSettings(version: KubernetesVersion): ClusterArgs {
  return {
    minMasterVersion: version,
    releaseChannel: { channel: "EXTENDED" },
    // GKE requires at least 48 hours of maintenance windows in any 32 days.
    maintenancePolicy: {
      recurringWindow: {
        startTime: "2026-01-06T01:00:00Z",
        endTime: "2026-01-06T07:00:00Z",
        recurrence: "FREQ=WEEKLY;BYDAY=TU,WE,TH",
      },
    },
  };
}

function networkSettings(args: ControlPlane): ClusterArgs {
  return {
    network: args.network,
    subnetwork: args.subnetwork,
    networkingMode: "VPC_NATIVE",
    ipAllocationPolicy: { clusterSecondaryRangeName: podRange, servicesSecondaryRangeName: serviceRange },
    // Enforces NetworkPolicy, without kube-proxy.
    datapathProvider: "ADVANCED_DATAPATH",
    ...endpointSettings(args.endpoint, args.cidr),
  };
}

function securitySettings(args: ControlPlane): ClusterArgs {
  return {
    workloadIdentityConfig: { workloadPool: pulumi.interpolate`${args.project}.svc.id.goog` },
    databaseEncryption: { state: "ENCRYPTED", keyName: args.secretsKey },
    enableShieldedNodes: true,
    // The project's own policy decides. It admits every image until its owner changes it.
    binaryAuthorization: { evaluationMode: "PROJECT_SINGLETON_POLICY_ENFORCE" },
    securityPostureConfig: { mode: "BASIC", vulnerabilityMode: "VULNERABILITY_DISABLED" },
    nodePoolDefaults: { nodeConfigDefaults: { insecureKubeletReadonlyPortEnabled: "FALSE" } },
    enableLegacyAbac: false,
    masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
    anonymousAuthenticationConfig: { mode: "LIMITED" },
    rbacBindingConfig: {
      enableInsecureBindingSystemAuthenticated: false,
      enableInsecureBindingSystemUnauthenticated: false,
    },
  };
}

/**
 * Google's managed Prometheus is off: the platform installs its own, which canary analyses query, and Google charges
 * for every sample.
 */
const observability: ClusterArgs = {
  loggingConfig: {
    enableComponents: ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"],
  },
  monitoringConfig: { enableComponents: ["SYSTEM_COMPONENTS"], managedPrometheus: { enabled: false } },
  costManagementConfig: { enabled: true },
};

/**
 * GKE cannot make a cluster without nodes. The default pool has one node in each zone, runs as the nodes' account, and
 * is removed as soon as the cluster is made. Its disks are small and no SSDs: with GKE's own choice, 3 × 100 GB of SSD,
 * a new project whose quota is 250 cannot make the cluster (terraform-google-modules/terraform-google-kubernetes-engine
 * #1795).
 */
function withoutNodes(args: ControlPlane): ClusterArgs {
  return {
    removeDefaultNodePool: true,
    initialNodeCount: 1,
    nodeConfig: {
      diskType: "pd-standard",
      diskSizeGb: 20,
      serviceAccount: args.nodeServiceAccount,
      oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
      shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
      workloadMetadataConfig: { mode: "GKE_METADATA" },
    },
  };
}

import type { ClusterArgs } from "@pulumi/gcp/container/cluster.js";
import * as pulumi from "@pulumi/pulumi";
import type { KubernetesVersion } from "../../core/kubernetesVersions.ts";
import { endpointSettings, type GkeEndpoint } from "./endpoint.ts";
import { podRange, serviceRange } from "./gkeNetwork.ts";

export interface ControlPlane {
  readonly name: string;
  readonly project: pulumi.Input<string>;
  readonly region: string;
  readonly zones: readonly string[];
  readonly cidr: string;
  readonly kubernetesVersion: KubernetesVersion;
  readonly endpoint: GkeEndpoint;
  readonly network: pulumi.Input<string>;
  readonly subnetwork: pulumi.Input<string>;
  /** Encrypts the Secrets of Kubernetes. */
  readonly secretsKey: pulumi.Input<string>;
  /** Of the nodes that GKE starts with and we remove. */
  readonly nodeServiceAccount: pulumi.Input<string>;
  readonly protect: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** A regional cluster as GKE wants it declared. */
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
 * The version is the least, so what GKE patches is never drift. On this channel GKE patches as often as on REGULAR but
 * leaves the minor version to us until its support ends, some two years later
 * (cloud.google.com/kubernetes-engine/upgrades); nodes follow the control plane. It costs more only when the 14 months
 * of standard support are over.
 */
function versionSettings(version: KubernetesVersion): ClusterArgs {
  return {
    minMasterVersion: version,
    releaseChannel: { channel: "EXTENDED" },
    // GKE asks for 48 hours in any 32 days.
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
    // By the policy of the project, which admits every image until its owner says otherwise.
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
 * The platform brings a Prometheus of its own, which canaries are judged by; Google's beside it would be paid for by
 * the sample.
 */
const observability: ClusterArgs = {
  loggingConfig: {
    enableComponents: ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"],
  },
  monitoringConfig: { enableComponents: ["SYSTEM_COMPONENTS"], managedPrometheus: { enabled: false } },
  costManagementConfig: { enabled: true },
};

/**
 * GKE cannot make a cluster without nodes. It starts with a node in each zone, which run as our account and go at once.
 */
function withoutNodes(args: ControlPlane): ClusterArgs {
  return {
    removeDefaultNodePool: true,
    initialNodeCount: 1,
    nodeConfig: {
      serviceAccount: args.nodeServiceAccount,
      oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
      shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
      workloadMetadataConfig: { mode: "GKE_METADATA" },
    },
  };
}

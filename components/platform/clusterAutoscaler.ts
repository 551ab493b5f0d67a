import type * as pulumi from "@pulumi/pulumi";
import { nameInCloud } from "../cluster/cloudAdapter.ts";
import { autoscalerServiceAccount } from "../cluster/eks/autoscalerIdentity.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { KubernetesVersion } from "../core/kubernetesVersions.ts";
import { clusterAutoscalers } from "../core/versions/clusterAutoscalers.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart } from "./systemChart.ts";

/**
 * The cluster autoscaler on EKS, which moves every node group between its `min` and `max`; AKS and GKE run one of their
 * own. Its rights in AWS come with the cluster, for its service account.
 */
export interface ClusterAutoscalerArgs {
  /** The cluster's name in AWS: EKS tags the scaling groups of its node groups with it, and others are left alone. */
  readonly cluster: string;
  readonly region: string;
  /** Of the cluster; the autoscaler's minor version is the same. Changing it restarts the autoscaler. */
  readonly kubernetesVersion: KubernetesVersion;
  /** Whether Prometheus scrapes it, whose custom resources must then be there. */
  readonly scraped: boolean;
  readonly install: Install;
}

const { namespace, name: serviceAccount } = autoscalerServiceAccount;

/** The chart's objects and pods are called so. */
const release = "cluster-autoscaler";

export class ClusterAutoscaler extends Component {
  constructor(name: string, args: ClusterAutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster, kubernetesVersion, install } = args;
    super("platform:ClusterAutoscaler", name, { cluster, kubernetesVersion }, opts);
    systemChart(
      this.childName("chart"),
      charts.clusterAutoscaler,
      { release, namespace, install, values: clusterAutoscalerValues(args) },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/**
 * What is not written is the chart's default, which is meant: the tags to look for, a leader, a budget of one pod for
 * disruptions.
 */
export function clusterAutoscalerValues(args: ClusterAutoscalerArgs): Record<string, unknown> {
  const { cluster, region, kubernetesVersion, scraped } = args;
  return {
    nameOverride: release,
    image: { tag: `v${clusterAutoscalers[kubernetesVersion]}` },
    cloudProvider: "aws",
    awsRegion: region,
    autoDiscovery: { clusterName: cluster },
    rbac: { serviceAccount: { name: serviceAccount } },
    extraArgs: scaling,
    // The one that waits takes over in seconds. Alone, a lost node would take the autoscaler with it for the five
    // minutes until its pod is given up, in which nobody replaces the models' nodes either.
    replicaCount: 2,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { "app.kubernetes.io/instance": release } },
      },
    ],
    // It must make room for the cluster's DNS, so it cannot wait for it.
    dnsPolicy: "Default",
    // Those of kubernetes/autoscaler `cloudprovider/aws/examples`, without its limit on CPU, which would slow every
    // decision.
    resources: { requests: { cpu: "100m", memory: "600Mi" }, limits: { memory: "600Mi" } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65534,
      fsGroup: 65534,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containerSecurityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    // No verdict waits for it.
    serviceMonitor: scraped ? { enabled: true, namespace, interval: "30s" } : { enabled: false },
  };
}

/**
 * Flags of the autoscaler (kubernetes/autoscaler `cluster-autoscaler/FAQ.md`), beside those that the chart sets for its
 * log.
 */
const scaling = {
  expander: "least-waste",
  // Pools that differ in nothing but their zones grow evenly. Spot and on demand are not similar: EKS labels them with
  // the difference.
  "balance-similar-node-groups": true,
  // Every pod of the mesh has a sidecar with emptyDirs, so no node would ever go. What must last is in volumes.
  "skip-nodes-with-local-storage": false,
  // CoreDNS and the EBS driver run twice and may move. Otherwise they would keep any node that they have come to.
  "skip-nodes-with-system-pods": false,
  // A GPU node is of use minutes after it has joined; giving up on it earlier would buy another one. That AWS has no
  // machine to give is seen earlier, in what the scaling group reports of itself
  // (`cloudprovider/aws/auto_scaling_groups.go`).
  "max-node-provision-time": "30m",
};

/** The cluster autoscaler, as the platform sees it. */
export const clusterAutoscaler = {
  title: "cluster autoscaler",
  componentName: "cluster-autoscaler",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  after: ["prometheus"],
  namespaces: [{ name: namespace }],
  requirements: [],
  webhookPorts: [],
  asks: {},
  runsOn: ({ cloud, spec }) => cloud.region(spec) !== undefined && cloud.kubernetesVersion(spec) !== undefined,
  problems: () => [],
  installed: (args) => args,
  build(name, { install }, { environment, key, cloud, spec, modes }, opts) {
    const region = cloud.region(spec);
    const kubernetesVersion = cloud.kubernetesVersion(spec);
    if (region === undefined || kubernetesVersion === undefined)
      throw new Error(`${name}: the cluster is in no region.`);
    const cluster = nameInCloud(environment, key);
    const scraped = modes.prometheus === "install";
    return {
      resource: new ClusterAutoscaler(name, { cluster, region, kubernetesVersion, scraped, install }, opts),
      published: {},
    };
  },
} as const satisfies PlatformSystem<{ readonly install: Install }>;

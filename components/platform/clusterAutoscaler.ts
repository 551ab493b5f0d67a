import type * as pulumi from "@pulumi/pulumi";
import { nameInCloud } from "../cluster/cloudAdapter.ts";
import { autoscalerServiceAccount } from "../cluster/eks/autoscalerIdentity.ts";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { KubernetesVersion } from "../core/kubernetesVersions.ts";
import { mirroredPath } from "../core/registryMirror.ts";
import { clusterAutoscalers } from "../core/versions/clusterAutoscalers.ts";
import { spread } from "./availability.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart } from "./systemChart.ts";

/**
 * The cluster autoscaler on EKS, which scales every node group between its `min` and `max`. AKS and GKE run an
 * autoscaler of their own. The cluster layer grants its rights in AWS to its service account.
 */
export interface ClusterAutoscalerArgs {
  /** The cluster's name in AWS. The autoscaler scales only groups that EKS has tagged with it. */
  readonly cluster: string;
  /** The cluster's AWS region, for example `eu-central-1`. Changing it restarts the autoscaler. */
  readonly region: string;
  /** The cluster's version; the autoscaler has the same minor version. Changing it restarts the autoscaler. */
  readonly kubernetesVersion: KubernetesVersion;
  /** Whether it gets a ServiceMonitor. The definition of ServiceMonitor must then be on the cluster. */
  readonly scraped: boolean;
  /** Options that every installed system has; `{}` for the defaults. */
  readonly install: Install;
}

const { namespace, name: serviceAccount } = autoscalerServiceAccount;

/** The name of the chart's objects and the beginning of its pods' names. */
const release = "cluster-autoscaler";

/** The cluster autoscaler of one EKS cluster: its chart, in `kube-system`. */
export class ClusterAutoscaler extends Component {
  constructor(name: string, args: ClusterAutoscalerArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const { cluster, kubernetesVersion, install } = args;
    super("platform:ClusterAutoscaler", name, { cluster, kubernetesVersion }, opts);
    systemChart(
      this.childName("chart"),
      charts.clusterAutoscaler,
      { release, namespace, install, settings: args.settings, values: clusterAutoscalerValues(args) },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/**
 * The chart's values. What is not written is the chart's default, on purpose: the tags to look for, leader election, a
 * PodDisruptionBudget of one pod.
 */
export function clusterAutoscalerValues(args: ClusterAutoscalerArgs & AtSite): Record<string, unknown> {
  const { cluster, region, kubernetesVersion, scraped, settings, zones } = args;
  const repository = mirroredPath(settings?.registryMirror, "registry.k8s.io", "autoscaling/cluster-autoscaler");
  return {
    nameOverride: release,
    image: { ...(repository === undefined ? {} : { repository }), tag: `v${clusterAutoscalers[kubernetesVersion]}` },
    cloudProvider: "aws",
    awsRegion: region,
    autoDiscovery: { clusterName: cluster },
    rbac: { serviceAccount: { name: serviceAccount } },
    extraArgs: scaling,
    // The second replica takes over in seconds. With one alone, a lost node would stop the autoscaler for the five
    // minutes until its pod is evicted, and nothing would replace the models' nodes meanwhile.
    replicaCount: 2,
    topologySpreadConstraints: spread({ "app.kubernetes.io/instance": release }, zones),
    // It must work before the cluster's DNS does: it may have to add the node that DNS runs on.
    dnsPolicy: "Default",
    // Those of kubernetes/autoscaler `cloudprovider/aws/examples`, without the limit on CPU, which would slow every
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
    // A fixed interval: no verdict depends on these metrics.
    serviceMonitor: scraped ? { enabled: true, namespace, interval: "30s" } : { enabled: false },
  };
}

/**
 * Flags of the autoscaler (kubernetes/autoscaler `cluster-autoscaler/FAQ.md`). The chart adds those for its log.
 */
const scaling = {
  expander: "least-waste",
  // Node groups that differ only in their zones grow evenly. Spot and on-demand groups count as different, since EKS
  // labels their nodes with the way they are bought.
  "balance-similar-node-groups": true,
  // Every pod in the mesh has a sidecar with emptyDirs, so with `true` no node would ever be removed. Data that must
  // last is in volumes.
  "skip-nodes-with-local-storage": false,
  // CoreDNS and the EBS driver have two replicas and may move. With `true` they would keep every node they run on.
  "skip-nodes-with-system-pods": false,
  // A GPU node becomes usable minutes after it has joined. With a shorter time the autoscaler would give it up and buy
  // another. It sees earlier that AWS has no machine: the scaling group reports it
  // (`cloudprovider/aws/auto_scaling_groups.go`).
  "max-node-provision-time": "30m",
};

/** The cluster autoscaler. It runs where a cloud lists it in `needs`, which is EKS. */
export const clusterAutoscaler = {
  title: "cluster autoscaler",
  componentName: "cluster-autoscaler",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  after: ["prometheus"],
  namespaces: [],
  requirements: [],
  webhookPorts: [],
  asks: {},
  runsOn: ({ cloud, spec }) => cloud.region(spec) !== undefined && cloud.kubernetesVersion(spec) !== undefined,
  problems: () => [],
  installed: (args) => args,
  build(name, args, { environment, key, cloud, spec, modes }, opts) {
    const region = cloud.region(spec);
    const kubernetesVersion = cloud.kubernetesVersion(spec);
    if (region === undefined || kubernetesVersion === undefined)
      throw new Error(`${name}: the cluster is in no region.`);
    const cluster = nameInCloud(environment, key);
    const scraped = modes.prometheus === "install";
    return {
      resource: new ClusterAutoscaler(name, { ...args, cluster, region, kubernetesVersion, scraped }, opts),
      published: {},
    };
  },
} as const satisfies PlatformSystem<{ readonly install: Install }>;

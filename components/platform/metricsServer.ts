import type * as pulumi from "@pulumi/pulumi";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import { mirroredPath } from "../core/registryMirror.ts";
import { budget, replicasAt, spread } from "./availability.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart } from "./systemChart.ts";

/**
 * The metrics server: what a HorizontalPodAutoscaler, and `kubectl top`, read CPU and memory from. Without it istiod
 * and the gateway keep the number of pods that they start with. AKS and GKE bring theirs, k3s and RKE2 too.
 */
export interface MetricsServerArgs {
  /** Options that every installed system has; `{}` for the defaults. */
  readonly install: Install;
}

/** It exists on every cluster, so none is made. */
const namespace = "kube-system";
const release = "metrics-server";

/** The metrics server of one cluster: its chart, in `kube-system`. */
export class MetricsServer extends Component {
  constructor(name: string, args: MetricsServerArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const { install, settings } = args;
    super("platform:MetricsServer", name, {}, opts);
    systemChart(
      this.childName("chart"),
      charts.metricsServer,
      { release, namespace, install, values: metricsServerValues(args), settings },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** The chart's values. What is not written is the chart's default: its port, its requests, its own certificate. */
export function metricsServerValues({ settings, zones }: AtSite): Record<string, unknown> {
  const repository = mirroredPath(settings?.registryMirror, "registry.k8s.io", "metrics-server/metrics-server");
  const replicas = replicasAt(settings);
  return {
    ...(repository === undefined ? {} : { image: { repository } }),
    replicas,
    podDisruptionBudget: { enabled: replicas > 1, ...budget(settings) },
    topologySpreadConstraints: spread({ "app.kubernetes.io/name": "metrics-server" }, zones),
  };
}

/**
 * The metrics server, where a cloud lists it in `needs`: on EKS, and at sites that say `metricsServer: "install"`.
 */
export const metricsServer = {
  title: "metrics server",
  componentName: "metrics-server",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  after: [],
  namespaces: [],
  requirements: [],
  // It is no webhook, and the API server calls it in the same way: it serves the API of resource metrics.
  webhookPorts: [10250],
  asks: {},
  runsOn: () => true,
  problems: () => [],
  installed: (args) => args,
  build: (name, args, _cluster, opts) => ({ resource: new MetricsServer(name, args, opts), published: {} }),
} as const satisfies PlatformSystem<MetricsServerArgs>;

import type * as pulumi from "@pulumi/pulumi";
import { gpuTaint } from "../cluster/gpuPool.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import { modeOf, type PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/**
 * GPU metrics (`DCGM_FI_*`) on GKE, under the names that the GPU Operator's exporter gives them elsewhere. GKE has its
 * own driver and device plugin, so this is all of the operator that is missing there. Do not switch on the cluster's
 * monitoring component `DCGM` as well: two exporters contend for a GPU's profiling counters.
 */
export interface GpuMetricsArgs {
  readonly install: Install;
}

const namespace = "gpu-metrics";

export class GpuMetrics extends Component {
  constructor(name: string, args: GpuMetricsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:GpuMetrics", name, {}, opts);
    const privileged = systemNamespace(
      this.childName("namespace"),
      namespace,
      { "pod-security.kubernetes.io/enforce": "privileged" },
      { parent: this },
    );
    systemChart(
      this.childName("chart"),
      charts.dcgmExporter,
      { release: "dcgm-exporter", namespace, install: args.install, values: gpuMetricsValues() },
      { parent: this, dependsOn: privileged },
    );
    this.registerOutputs({});
  }
}

export function gpuMetricsValues(): Record<string, unknown> {
  return {
    // GKE admits the chart's `system-node-critical` only where a ResourceQuota allows it (NVIDIA/cloud-native-docs
    // `gpu-operator/google-gke.rst`).
    priorityClassName: "",
    tolerations: [{ key: gpuTaint.key, operator: "Exists", effect: gpuTaint.effect }],
    // The label that GKE gives to nodes with a GPU, whatever it is.
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "cloud.google.com/gke-accelerator", operator: "Exists" }] }],
        },
      },
    },
    // GKE gives a container its devices and driver only with a GPU that the exporter must not take from a model: so it
    // sees the host's. The API server refuses `privileged` beside the chart's `allowPrivilegeEscalation: false`.
    securityContext: { privileged: true, allowPrivilegeEscalation: true, runAsUser: 0, capabilities: { drop: [] } },
    extraHostVolumes: [{ name: "nvidia", hostPath: "/home/kubernetes/bin/nvidia" }],
    extraVolumeMounts: [
      { name: "nvidia", mountPath: "/usr/local/nvidia", readOnly: true },
      // The chart's own, which setting the list replaces.
      {
        name: "exporter-metrics-volume",
        mountPath: "/etc/dcgm-exporter/default-counters.csv",
        subPath: "default-counters.csv",
      },
    ],
    extraEnv: [{ name: "LD_LIBRARY_PATH", value: "/usr/local/nvidia/lib64" }],
    serviceMonitor: { enabled: true },
  };
}

/** GPU metrics, as the platform sees them. */
export const gpuMetrics = {
  title: "DCGM exporter",
  componentName: "gpu-metrics",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  // A ServiceMonitor is one of Prometheus' own resources.
  after: ["prometheus"],
  namespaces: [{ name: namespace, podSecurity: "privileged" }],
  requirements: [],
  webhookPorts: [],
  asks: {},
  // An environment whose GPU Operator runs already has its metrics from its owner, everywhere.
  runsOn: ({ gpuPools, platform }) =>
    Object.keys(gpuPools).length > 0 && modeOf(platform.gpuOperator ?? {}) === "install",
  problems: () => [],
  installed: (args) => args,
  build: (name, { install }, _cluster, opts) => ({ resource: new GpuMetrics(name, { install }, opts), published: {} }),
} as const satisfies PlatformSystem<GpuMetricsArgs>;

import type * as pulumi from "@pulumi/pulumi";
import { gpuTaint } from "../cluster/gpuPool.ts";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import { mirroredPath } from "../core/registryMirror.ts";
import { modeOf, type PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/**
 * GPU metrics (`DCGM_FI_*`) on GKE, under the same names as the GPU Operator's exporter gives them elsewhere. GKE has
 * its own driver and device plugin, so the exporter is the only part of the operator that is missing there. Do not also
 * switch on the cluster's monitoring component `DCGM`: two exporters contend for a GPU's profiling counters.
 */
export interface GpuMetricsArgs {
  /** Options that every installed system has; `{}` for the defaults. */
  readonly install: Install;
}

/** The exporter is privileged: see its values. */
const namespace = { name: "gpu-metrics", podSecurity: "privileged" } as const;

/** The DCGM exporter of one GKE cluster: its chart, in a namespace that allows privileged pods. */
export class GpuMetrics extends Component {
  constructor(name: string, args: GpuMetricsArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    super("platform:GpuMetrics", name, {}, opts);
    const made = systemNamespace(this.childName("namespace"), namespace, {}, { parent: this });
    systemChart(
      this.childName("chart"),
      charts.dcgmExporter,
      {
        release: "dcgm-exporter",
        namespace: namespace.name,
        install: args.install,
        settings: args.settings,
        values: gpuMetricsValues(args),
      },
      { parent: this, dependsOn: made },
    );
    this.registerOutputs({});
  }
}

/** The chart's values: a privileged exporter on every node that GKE labels as having a GPU, and a ServiceMonitor. */
export function gpuMetricsValues({ settings }: AtSite = {}): Record<string, unknown> {
  const repository = mirroredPath(settings?.registryMirror, "nvcr.io", "nvidia/k8s/dcgm-exporter");
  return {
    ...(repository === undefined ? {} : { image: { repository } }),
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
    // GKE gives devices and driver only to a container that requests a GPU, and the exporter must not take one from a
    // model. So it is privileged and uses the host's devices. The API server refuses `privileged` together with the
    // chart's `allowPrivilegeEscalation: false`.
    securityContext: { privileged: true, allowPrivilegeEscalation: true, runAsUser: 0, capabilities: { drop: [] } },
    extraHostVolumes: [{ name: "nvidia", hostPath: "/home/kubernetes/bin/nvidia" }],
    extraVolumeMounts: [
      { name: "nvidia", mountPath: "/usr/local/nvidia", readOnly: true },
      // The chart's own mount: setting the list replaces it.
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

/** GPU metrics on GKE: on clusters with GPU pools, unless the environment adopts the GPU Operator. */
export const gpuMetrics = {
  title: "DCGM exporter",
  componentName: "gpu-metrics",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  // A ServiceMonitor is one of Prometheus' own resources.
  after: ["prometheus"],
  namespaces: [namespace],
  requirements: [],
  webhookPorts: [],
  asks: {},
  // Where an environment adopts the GPU Operator, its owner provides the metrics on every cluster.
  runsOn: ({ gpuPools, platform }) =>
    Object.keys(gpuPools).length > 0 && modeOf(platform.gpuOperator ?? {}) === "install",
  problems: () => [],
  installed: (args) => args,
  build: (name, args, _cluster, opts) => ({ resource: new GpuMetrics(name, args, opts), published: {} }),
} as const satisfies PlatformSystem<GpuMetricsArgs>;

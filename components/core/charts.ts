import type * as pulumi from "@pulumi/pulumi";

/** One pinned Helm chart. */
export interface ChartPin {
  readonly chart: string;
  readonly version: string;
  readonly repository: string;
  /** The version of what the chart installs, where we set it and the chart's own is another. */
  readonly app?: string;
}

/**
 * Where Istio publishes from 1.31 on, and all its older versions too: the Google bucket is emptied in December 2026
 * (istio/istio.io, "An update on our move to AWS", 2026-08-21).
 */
const istioCharts = "https://blob.istio.io/istio-release/charts";

/**
 * Every chart version of the project. All are rendered by `helm.v4.Chart`, so that previews, policies and diffs see
 * each object, and none needs a hook, which `helm.v4.Chart` leaves out
 * (https://github.com/pulumi/pulumi-kubernetes/issues/3284). kube-prometheus-stack's are its admission webhook, which
 * is off. The GPU Operator's upgrade its custom resource definitions, which are objects of the rendered chart and so
 * upgrade with it; remove definitions and, after the last uninstall, node labels: off by default, and harmless where
 * they stay. What runs on which Kubernetes version is in the version matrix.
 */
export const charts = {
  istioBase: { chart: "base", version: "1.30.5", repository: istioCharts },
  istiod: { chart: "istiod", version: "1.30.5", repository: istioCharts },
  istioGateway: {
    chart: "gateway",
    version: "1.30.5",
    repository: istioCharts,
  },
  argoRollouts: {
    chart: "argo-rollouts",
    version: "2.41.0",
    repository: "https://argoproj.github.io/argo-helm",
    app: "1.9.1",
  },
  kubePrometheusStack: {
    chart: "kube-prometheus-stack",
    version: "88.5.3",
    repository: "https://prometheus-community.github.io/helm-charts",
  },
  gpuOperator: { chart: "gpu-operator", version: "v26.7.0", repository: "https://helm.ngc.nvidia.com/nvidia" },
  dcgmExporter: {
    chart: "dcgm-exporter",
    version: "4.8.2",
    repository: "https://nvidia.github.io/dcgm-exporter/helm-charts",
  },
  // What it installs is chosen by the cluster's Kubernetes version: versions/clusterAutoscalers.ts.
  clusterAutoscaler: {
    chart: "cluster-autoscaler",
    version: "9.59.0",
    repository: "https://kubernetes.github.io/autoscaler",
  },
  efaDevicePlugin: {
    chart: "aws-efa-k8s-device-plugin",
    version: "v0.5.30",
    repository: "https://aws.github.io/eks-charts",
  },
} as const satisfies Record<string, ChartPin>;

/**
 * The arguments of `helm.v4.Chart` for a pin; `repository` replaces the public one at air-gapped sites (an `oci://`
 * prefix is kept as it is).
 */
export function chartSource(
  pin: ChartPin,
  repository?: string,
): { chart: string; version: string; repositoryOpts?: { repo: pulumi.Input<string> } } {
  const source = repository ?? pin.repository;
  return source.startsWith("oci://")
    ? { chart: `${source.replace(/\/$/, "")}/${pin.chart}`, version: pin.version }
    : { chart: pin.chart, version: pin.version, repositoryOpts: { repo: source } };
}

import type * as pulumi from "@pulumi/pulumi";

/** One pinned Helm chart. Changing a pin upgrades the system in place on every cluster that it is installed on. */
export interface ChartPin {
  /** The chart's name in its repository. */
  readonly chart: string;
  /** The exact version, in the repository's spelling: NVIDIA and AWS write a `v` before it. */
  readonly version: string;
  /** The public repository, `https://…`. */
  readonly repository: string;
  /** The version of the program that the chart installs, where we set another than the chart's own. */
  readonly app?: string;
}

/**
 * Istio's repository from 1.31 on, with all older versions. The older Google bucket is emptied in December 2026
 * (istio/istio.io, "An update on our move to AWS", 2026-08-21).
 */
const istioCharts = "https://blob.istio.io/istio-release/charts";

/**
 * Every chart version of the project. `helm.v4.Chart` renders them, so that previews, policies and diffs see each
 * object. It leaves out Helm hooks (https://github.com/pulumi/pulumi-kubernetes/issues/3284), and none is needed:
 *
 * - kube-prometheus-stack has hooks for its admission webhook, which is off.
 * - The GPU Operator has hooks that upgrade its custom resource definitions, which are objects of the rendered chart
 *   here and upgrade with it; a hook that removes node labels after an uninstall, which is off; and one that removes a
 *   GPUCluster before, which we do not make.
 * - cert-manager waits with a hook until its API answers, which is off.
 *
 * `npm run charts` renders all of them and looks for hooks, among other things.
 *
 * Each system's file says which Kubernetes versions its releases run on (`versions`).
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
  // The definitions of the operator that kube-prometheus-stack installs: `appVersion` of both charts is the same.
  prometheusDefinitions: {
    chart: "prometheus-operator-crds",
    version: "31.0.1",
    repository: "https://prometheus-community.github.io/helm-charts",
  },
  certManager: { chart: "cert-manager", version: "v1.21.1", repository: "https://charts.jetstack.io" },
  awsLoadBalancerController: {
    chart: "aws-load-balancer-controller",
    version: "3.5.0",
    repository: "https://aws.github.io/eks-charts",
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
  metricsServer: {
    chart: "metrics-server",
    version: "3.13.1",
    repository: "https://kubernetes-sigs.github.io/metrics-server",
  },
  efaDevicePlugin: {
    chart: "aws-efa-k8s-device-plugin",
    version: "v0.5.30",
    repository: "https://aws.github.io/eks-charts",
  },
} as const satisfies Record<string, ChartPin>;

/**
 * The arguments of `helm.v4.Chart` for a pin. `repository`, `https://…` or `oci://registry/path`, replaces the public
 * repository, for air-gapped sites.
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

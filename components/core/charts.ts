import type * as pulumi from "@pulumi/pulumi";

/** One pinned Helm chart. */
export interface ChartPin {
  readonly chart: string;
  readonly version: string;
  readonly repository: string;
}

/**
 * Every chart version of the project. All are rendered by `helm.v4.Chart`, so that previews, policies and diffs see each object;
 * none needs a hook (kube-prometheus-stack's are its admission webhook, which is off).
 * Ranges: Istio 1.30 runs on Kubernetes 1.32–1.36 (istio.io supported releases); Argo Rollouts 1.9.1 (the tag we set; the chart still says 1.9.0) is tested on 1.32–1.35
 * (its `testing.yaml`); kube-prometheus-stack 88 wants at least 1.25 (its chart).
 */
export const charts = {
  istioBase: { chart: "base", version: "1.30.5", repository: "https://istio-release.storage.googleapis.com/charts" },
  istiod: { chart: "istiod", version: "1.30.5", repository: "https://istio-release.storage.googleapis.com/charts" },
  istioGateway: {
    chart: "gateway",
    version: "1.30.5",
    repository: "https://istio-release.storage.googleapis.com/charts",
  },
  argoRollouts: { chart: "argo-rollouts", version: "2.41.0", repository: "https://argoproj.github.io/argo-helm" },
  kubePrometheusStack: {
    chart: "kube-prometheus-stack",
    version: "88.5.3",
    repository: "https://prometheus-community.github.io/helm-charts",
  },
} as const satisfies Record<string, ChartPin>;

/** The arguments of `helm.v4.Chart` for a pin; `repository` replaces the public one at air-gapped sites (an `oci://` prefix is kept as it is). */
export function chartSource(
  pin: ChartPin,
  repository?: string,
): { chart: string; version: string; repositoryOpts?: { repo: pulumi.Input<string> } } {
  const source = repository ?? pin.repository;
  return source.startsWith("oci://")
    ? { chart: `${source.replace(/\/$/, "")}/${pin.chart}`, version: pin.version }
    : { chart: pin.chart, version: pin.version, repositoryOpts: { repo: source } };
}

import type { KubernetesVersion } from "../kubernetesVersions.ts";

/**
 * The release of the cluster autoscaler for each Kubernetes version. It simulates scheduling with the scheduler's own
 * code, so it is tested only on the Kubernetes of its own minor version; each is the newest release of that. The
 * cluster's version decides, so nobody chooses a release that does not fit.
 */
export const clusterAutoscalers = {
  "1.34": "1.34.5",
  "1.35": "1.35.2",
  "1.36": "1.36.1",
} as const satisfies Readonly<Record<KubernetesVersion, string>>;

/** Where the releases and the rule of equal minor versions were read; docs/versions.md names it. */
export const clusterAutoscalerSource = "kubernetes/autoscaler `cluster-autoscaler/README.md`, and its tags";

import type { KubernetesVersion } from "../kubernetesVersions.ts";

/**
 * The autoscaler predicts what the scheduler would do with the scheduler's own code, so its minor version is
 * Kubernetes', and no other is tested; of its releases the newest is recommended. Choosing it by the cluster's version
 * leaves nothing that could not fit.
 */
export const clusterAutoscalers = {
  "1.34": "1.34.5",
  "1.35": "1.35.2",
  "1.36": "1.36.1",
} as const satisfies Readonly<Record<KubernetesVersion, string>>;

export const clusterAutoscalerSource = "kubernetes/autoscaler `cluster-autoscaler/README.md`, and its tags";

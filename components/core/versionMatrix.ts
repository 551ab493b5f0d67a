/** Kubernetes minor versions that a cluster may run: those that every cloud still supports and the matrix knows. */
export const kubernetesVersions = ["1.34", "1.35", "1.36"] as const;
export type KubernetesVersion = (typeof kubernetesVersions)[number];

/**
 * Kubernetes minor versions that a cluster may be given: those that every cloud still supports. 1.36 is among them
 * although Argo Rollouts 1.9.1 is not tested on it, so that choosing it is an error that says so, and not a word that
 * is unknown.
 */
export const kubernetesVersions = ["1.34", "1.35", "1.36"] as const;
export type KubernetesVersion = (typeof kubernetesVersions)[number];

/** Until when AKS supports them: MicrosoftDocs/azure-aks-docs `supported-kubernetes-versions.md`, 2026-08. */
export const kubernetesEndOfLife: Readonly<Record<KubernetesVersion, string>> = {
  "1.34": "2026-11",
  "1.35": "2027-03",
  "1.36": "2027-06",
};

/** What a new cluster should run: the newest that everything pinned here is tested on. */
export const defaultKubernetesVersion: KubernetesVersion = "1.35";

/** The minor version in any vendor's spelling: `v1.35.4-gke.1234`, `1.35.3-eks-abc`, `v1.35.4+rke2r1`, `1.35+`. */
export function kubernetesMinor(version: string): string | undefined {
  return /^v?(\d+\.\d+)(?!\d)/.exec(version.trim())?.[1];
}

/**
 * Kubernetes minor versions that a cluster may be given: those that every cloud still supports. 1.36 is listed although
 * Argo Rollouts 1.9.1 is not tested on it: choosing it is refused with that reason, not as an unknown version.
 */
export const kubernetesVersions = ["1.34", "1.35", "1.36"] as const;
/** A Kubernetes minor version that a cluster may be given. */
export type KubernetesVersion = (typeof kubernetesVersions)[number];

/** The month that AKS supports each until: MicrosoftDocs/azure-aks-docs `supported-kubernetes-versions.md`, 2026-08. */
export const kubernetesEndOfLife: Readonly<Record<KubernetesVersion, string>> = {
  "1.34": "2026-11",
  "1.35": "2027-03",
  "1.36": "2027-06",
};

/** The version of a new cluster: the newest that every pinned system is tested on. */
export const defaultKubernetesVersion: KubernetesVersion = "1.35";

/**
 * The minor version in a vendor's spelling: `v1.35.4-gke.1234`, `1.35.3-eks-abc`, `v1.35.4+rke2r1`, `1.35+`.
 * Undefined: the text does not begin with a version.
 */
export function kubernetesMinor(version: string): string | undefined {
  return /^v?(\d+\.\d+)(?!\d)/.exec(version.trim())?.[1];
}

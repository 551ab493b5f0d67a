import { charts } from "./charts.ts";
import type { Problem } from "./problem.ts";
import { type Change, type Conflict, conflictsOf, type Part, type VersionCombination } from "./versions/conflicts.ts";
import { systems } from "./versions/releases.ts";

/**
 * Kubernetes minor versions that a cluster may be given: those that every cloud still supports. 1.36 is among them although Argo
 * Rollouts 1.9.1 is not tested on it, so that choosing it is an error that says so, and not a word that is unknown.
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

/** The versions that the pinned charts install, as the matrix knows them. Leave out those that a cluster adopts or does not have. */
export function platformVersions(): Required<
  Pick<VersionCombination, "istio" | "argoRollouts" | "gpuOperator" | "kubePrometheusStack">
> {
  return {
    istio: charts.istiod.version,
    argoRollouts: charts.argoRollouts.app,
    gpuOperator: charts.gpuOperator.version.replace(/^v/, ""),
    kubePrometheusStack: charts.kubePrometheusStack.version,
  };
}

/**
 * Versions that do not run together. Each problem names both, where that is written, and the nearest versions that fit: those that fit
 * everything else given come first. The date plays no part, so a plan says the same tomorrow.
 *
 * A driver older than the one a Triton image was tested with is no problem while its branch runs the CUDA major version.
 * `paths` says where the person wrote each version, where that is more than its name.
 */
export function versionProblems(
  combination: VersionCombination,
  paths: Readonly<Partial<Record<Part, string>>> = {},
): Problem[] {
  const written = { ...defaultPaths, ...paths };
  const { kubernetes } = combination;
  const minor = kubernetes === undefined ? undefined : kubernetesMinor(kubernetes);
  if (kubernetes !== undefined && minor === undefined) {
    return [
      {
        path: written.kubernetes,
        reason: `"${kubernetes}" is not a Kubernetes version.`,
        fix: `Write a minor version, for example "${defaultKubernetesVersion}".`,
      },
    ];
  }
  return conflictsOf({ ...combination, ...(minor === undefined ? {} : { kubernetes: minor }) }, kubernetesVersions).map(
    (conflict) => problemOf(conflict, combination, written),
  );
}

const defaultPaths: Readonly<Record<Part, string>> = {
  kubernetes: "kubernetesVersion",
  istio: "istio",
  argoRollouts: "argoRollouts",
  gpuOperator: "gpuOperator",
  kubePrometheusStack: "kubePrometheusStack",
  driver: "driver.version",
  triton: "image",
  gpu: "machine",
};

/** Reported where the first remedy would be written. */
function problemOf(
  { parts, reason, changes }: Conflict,
  combination: VersionCombination,
  paths: Readonly<Record<Part, string>>,
): Problem {
  const path = paths[changes[0]?.part ?? parts[0]];
  if (changes.length === 0) return { path, reason };
  const fix = changes.map((change) => instruction(change, combination)).join(", or ");
  return { path, reason, fix: `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.` };
}

function instruction({ part, version }: Change, { driver }: VersionCombination): string {
  switch (part) {
    case "kubernetes":
      return `write kubernetesVersion "${version}"`;
    case "driver":
      return driver?.owner === "preinstalled"
        ? `install driver ${version} on the nodes`
        : `write driver { owner: "operator", version: "${version}" }`;
    case "triton":
      return `use the image of Triton ${version}`;
    case "gpu":
      return `use a machine with ${version}`;
    default:
      return `pin ${systems[part].title} ${version}`;
  }
}

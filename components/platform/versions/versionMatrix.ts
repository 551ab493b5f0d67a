import { defaultKubernetesVersion, kubernetesMinor, kubernetesVersions } from "../../core/kubernetesVersions.ts";
import type { Problem } from "../../core/problem.ts";
import type { SystemVersions } from "../../core/versions/releases.ts";
import { type Change, type Conflict, conflictsOf, type Part, type VersionCombination } from "./conflicts.ts";
/**
 * Versions that do not run together. Each problem names both, where they are written, and the nearest versions that
 * fit: those that fit everything else come first. `systems` are the systems whose ranges are known. The date plays no
 * part, so a plan says the same tomorrow.
 *
 * A driver older than the one a Triton image was tested with is no problem while its branch runs the CUDA major
 * version. `paths` says where the person wrote each version, where that is more than its name.
 */
export function versionProblems(
  combination: VersionCombination,
  systems: Readonly<Record<string, SystemVersions>>,
  paths: Readonly<Partial<Record<Part, string>>> = {},
): Problem[] {
  const written: Readonly<Partial<Record<Part, string>>> = { ...defaultPaths, ...paths };
  const { kubernetes } = combination;
  const minor = kubernetes === undefined ? undefined : kubernetesMinor(kubernetes);
  if (kubernetes !== undefined && minor === undefined) {
    return [
      {
        path: written.kubernetes ?? "kubernetesVersion",
        reason: `"${kubernetes}" is not a Kubernetes version.`,
        fix: `Write a minor version, for example "${defaultKubernetesVersion}".`,
      },
    ];
  }
  const given = { ...combination, ...(minor === undefined ? {} : { kubernetes: minor }) };
  return conflictsOf(given, kubernetesVersions, systems).map((conflict) =>
    problemOf(conflict, combination, systems, written),
  );
}

/** A system's version is found under its key. */
const defaultPaths: Readonly<Record<string, string>> = {
  kubernetes: "kubernetesVersion",
  driver: "driver.version",
  triton: "image",
  gpu: "machine",
};

/** Reported where the first remedy would be written. */
function problemOf(
  { parts, reason, changes }: Conflict,
  combination: VersionCombination,
  systems: Readonly<Record<string, SystemVersions>>,
  paths: Readonly<Partial<Record<Part, string>>>,
): Problem {
  const part = changes[0]?.part ?? parts[0];
  const path = paths[part] ?? part;
  if (changes.length === 0) return { path, reason };
  const fix = changes.map((change) => instruction(change, combination, systems)).join(", or ");
  return { path, reason, fix: `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.` };
}

function instruction(
  { part, version }: Change,
  { driver }: VersionCombination,
  systems: Readonly<Record<string, SystemVersions>>,
): string {
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
      return `pin ${systems[part]?.title ?? part} ${version}`;
  }
}

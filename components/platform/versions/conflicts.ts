import { cudaMajors, type DriverOwner, driverBranch, operatorDrivers } from "../../core/versions/drivers.ts";
import {
  asOf,
  compareVersions,
  type Release,
  releaseOf,
  runsOn,
  type SystemVersions,
} from "../../core/versions/releases.ts";
import { containersOf, type TritonContainer } from "../../core/versions/tritonContainers.ts";

/** Versions that are to run together. What is left out is not checked. */
export interface VersionCombination {
  /** The minor version of Kubernetes: `1.35`. */
  readonly kubernetes?: string;
  /** The version of each platform system, by the system's key. */
  readonly systems?: Readonly<Record<string, string>>;
  /** The full version of the NVIDIA driver, and who installs it. The owner `cloud` leaves no choice of the version. */
  readonly driver?: { readonly version: string; readonly owner: DriverOwner };
  /** The release of Triton's container (`26.07`), and the backend that the model uses, which decides on the image. */
  readonly triton?: { readonly container: string; readonly backend: string };
  /** The GPU that Triton is to use, and its CUDA compute capability. */
  readonly gpu?: { readonly model: string; readonly computeCapability: number };
}

/** What has a version in a combination: `kubernetes`, `driver`, `triton`, `gpu`, or the key of a platform system. */
export type Part = string;

/** A suggestion: another version of one part. */
export interface Change {
  /** The part to change. */
  readonly part: Part;
  /** The version to write instead, as the part spells it. */
  readonly version: string;
}

/** Two parts whose versions do not run together. */
export interface Conflict {
  /** The two parts. */
  readonly parts: readonly [Part, Part];
  /** Both versions, the rule that they break, and its source: a sentence for a problem. */
  readonly reason: string;
  /**
   * For each part the version that would resolve the conflict: the one with the fewest other conflicts, among those the
   * nearest, among those the newest. A part is left out where no version fits or nobody can choose it.
   */
  readonly changes: readonly Change[];
}

interface Rule {
  readonly parts: readonly [Part, Part];
  /** Why the two do not run together. Undefined: they do, or one of them is not given. */
  readonly broken: (combination: VersionCombination) => string | undefined;
}

type Systems = Readonly<Record<string, SystemVersions>>;

/** The key of NVIDIA's GPU Operator among the platform systems. */
const operatorKey = "gpuOperator";

function rulesOf(systems: Systems): readonly Rule[] {
  return [
    ...Object.entries(systems).map(
      ([key, system]): Rule => ({
        parts: ["kubernetes", key],
        broken: (combination) => systemBroken(key, system, combination),
      }),
    ),
    { parts: [operatorKey, "driver"], broken: (combination) => operatorDriverBroken(combination, systems) },
    { parts: ["driver", "triton"], broken: tritonDriverBroken },
    { parts: ["triton", "gpu"], broken: tritonGpuBroken },
  ];
}

/** Every conflict of a combination. Suggestions for Kubernetes come from `kubernetesVersions`. */
export function conflictsOf(
  combination: VersionCombination,
  kubernetesVersions: readonly string[],
  systems: Systems,
): Conflict[] {
  const rules = rulesOf(systems);
  const brokenRules = (candidate: VersionCombination) => rules.filter(({ broken }) => broken(candidate) !== undefined);
  return rules.flatMap((rule) => {
    const reason = rule.broken(combination);
    if (reason === undefined) return [];
    const changes = rule.parts.flatMap((part) => {
      const current = versionOf(combination, part);
      const versions = choices(combination, part, kubernetesVersions, systems);
      const [best] = versions
        .map((version) => ({ version, broken: brokenRules(changed(combination, { part, version })) }))
        .filter(({ broken }) => !broken.includes(rule))
        .sort(
          (a, b) =>
            a.broken.length - b.broken.length ||
            between(versions, current, a.version) - between(versions, current, b.version) ||
            compareVersions(b.version, a.version),
        );
      return best === undefined ? [] : [{ part, version: best.version }];
    });
    return [{ parts: rule.parts, reason, changes }];
  });
}

/** The combination with one change made. A change of the GPU changes nothing, since nobody chooses it here. */
export function changed(combination: VersionCombination, { part, version }: Change): VersionCombination {
  switch (part) {
    case "driver":
      return combination.driver ? { ...combination, driver: { ...combination.driver, version } } : combination;
    case "triton":
      return combination.triton
        ? { ...combination, triton: { ...combination.triton, container: version } }
        : combination;
    case "gpu":
      return combination;
    case "kubernetes":
      return { ...combination, kubernetes: version };
    default:
      return { ...combination, systems: { ...combination.systems, [part]: version } };
  }
}

/** The versions of a part that somebody could choose. Of a cloud's driver and a machine's GPU there are none. */
function choices(
  combination: VersionCombination,
  part: Part,
  kubernetesVersions: readonly string[],
  systems: Systems,
): readonly string[] {
  switch (part) {
    case "kubernetes":
      return kubernetesVersions;
    case "driver":
      return combination.driver?.owner === "cloud" ? [] : driversOf(combination, systems);
    case "triton":
      return containersOf(combination.triton?.backend ?? "").map(({ container }) => container);
    case "gpu":
      return [];
    default:
      return (systems[part]?.releases ?? [])
        .filter(({ endOfLife }) => endOfLife === undefined || endOfLife > asOf)
        .map(({ version }) => version);
  }
}

function driversOf({ systems: versions }: VersionCombination, systems: Systems): readonly string[] {
  const operator = versions?.[operatorKey];
  const known = operator === undefined ? undefined : releaseOf(systems[operatorKey]?.releases ?? [], operator);
  return known === undefined ? Object.values(operatorDrivers).flat() : (operatorDrivers[known.version] ?? []);
}

function versionOf(combination: VersionCombination, part: Part): string {
  switch (part) {
    case "driver":
      return combination.driver?.version ?? "";
    case "triton":
      return combination.triton?.container ?? "";
    case "gpu":
      return combination.gpu?.model ?? "";
    case "kubernetes":
      return combination.kubernetes ?? "";
    default:
      return combination.systems?.[part] ?? "";
  }
}

/** How many of the choices are between two versions. */
function between(choices: readonly string[], a: string, b: string): number {
  return choices.filter((choice) => compareVersions(choice, a) * compareVersions(choice, b) < 0).length;
}

function systemBroken(
  key: string,
  { title, verb, releases }: SystemVersions,
  { kubernetes, systems: versions }: VersionCombination,
): string | undefined {
  const version = versions?.[key];
  if (kubernetes === undefined || version === undefined) return undefined;
  const release = releaseOf(releases, version);
  if (release === undefined) {
    return `${title} ${version} is not in the version matrix (${releases.map((known) => known.version).join(", ")}), so nothing is known of it on Kubernetes ${kubernetes}.`;
  }
  if (runsOn(release, kubernetes)) return undefined;
  return `${title} ${version} ${verb} Kubernetes ${range(release)}, not ${kubernetes} (${release.source}).`;
}

function operatorDriverBroken(combination: VersionCombination, systems: Systems): string | undefined {
  const { driver } = combination;
  const gpuOperator = combination.systems?.[operatorKey];
  if (gpuOperator === undefined || driver?.owner !== "operator") return undefined;
  const offered = driversOf(combination, systems);
  if (offered.includes(driver.version)) return undefined;
  return `GPU Operator ${gpuOperator} was not released with driver ${driver.version} but with ${offered.join(", ")} (NVIDIA/cloud-native-docs \`gpu-operator/life-cycle-policy.rst\`).`;
}

function tritonDriverBroken({ triton, driver }: VersionCombination): string | undefined {
  if (triton === undefined || driver === undefined) return undefined;
  const container = containerOf(triton);
  if (container === undefined) return unknownContainer(triton);
  const { minimumBranch } = cudaOf(container);
  if (driverBranch(driver.version) >= minimumBranch) return undefined;
  const installed = {
    cloud: "which the cloud installs",
    operator: "which the GPU operator installs",
    preinstalled: "which is installed already",
  };
  return `Triton ${triton.container} is built on CUDA ${container.cuda}, which needs a driver of branch ${minimumBranch} or later; the nodes have ${driver.version}, ${installed[driver.owner]} (NVIDIA CUDA toolkit release notes).`;
}

function tritonGpuBroken({ triton, gpu, driver }: VersionCombination): string | undefined {
  if (triton === undefined || gpu === undefined) return undefined;
  const container = containerOf(triton);
  // Where a driver is given, the rule of driver and Triton reports it already.
  if (container === undefined) return driver === undefined ? unknownContainer(triton) : undefined;
  const { minimumComputeCapability } = cudaOf(container);
  if (gpu.computeCapability >= minimumComputeCapability) return undefined;
  return `Triton ${triton.container} is built on CUDA ${container.cuda}, which needs compute capability ${minimumComputeCapability.toFixed(1)} or more; ${gpu.model} has ${gpu.computeCapability.toFixed(1)} (NVIDIA CUDA toolkit release notes).`;
}

function containerOf(triton: { container: string; backend: string }): TritonContainer | undefined {
  return containersOf(triton.backend).find(({ container }) => container === triton.container);
}

function unknownContainer(triton: { container: string; backend: string }): string {
  const known = containersOf(triton.backend);
  return `Triton ${triton.container} is not in the version matrix (${known[0]?.container} to ${known.at(-1)?.container}), so nothing is known of its CUDA.`;
}

function cudaOf({ cuda }: TritonContainer): (typeof cudaMajors)[keyof typeof cudaMajors] {
  const major = Number.parseInt(cuda, 10) as keyof typeof cudaMajors;
  return cudaMajors[major];
}

function range({ kubernetes: { min, max } }: Release): string {
  return max === undefined ? `${min} or later` : `${min}–${max}`;
}

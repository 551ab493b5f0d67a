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

/** Versions that are to run together; what is left out is not looked at. */
export interface VersionCombination {
  /** The minor version: `1.35`. */
  readonly kubernetes?: string;
  /** The version of each platform system, by the system's key. */
  readonly systems?: Readonly<Record<string, string>>;
  /** The full version, and who can change it. */
  readonly driver?: { readonly version: string; readonly owner: DriverOwner };
  readonly triton?: { readonly container: string; readonly backend: string };
  /** The GPU that Triton is to use. */
  readonly gpu?: { readonly model: string; readonly computeCapability: number };
}

/** `kubernetes`, `driver`, `triton`, `gpu`, or the key of a platform system. */
export type Part = string;

/** Another version of one part. */
export interface Change {
  readonly part: Part;
  readonly version: string;
}

/**
 * Two parts that do not fit, and for each the nearest version that does: with the fewest other conflicts, then with the
 * fewest versions between, then the newer. None where no version fits or nobody can choose it.
 */
export interface Conflict {
  readonly parts: readonly [Part, Part];
  readonly reason: string;
  readonly changes: readonly Change[];
}

interface Rule {
  readonly parts: readonly [Part, Part];
  /** Why the two do not fit; undefined when they do or when one of them is not given. */
  readonly broken: (combination: VersionCombination) => string | undefined;
}

type Systems = Readonly<Record<string, SystemVersions>>;

/** The key of NVIDIA's GPU Operator, which installs drivers. */
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

/** Everything that does not fit. `kubernetesVersions` are those that a cluster may be given. */
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

/** The combination with a change made. */
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

/** What could be chosen instead. A cloud's driver and a machine's GPU are nobody's choice here. */
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

/** How many of the choices lie between two versions. */
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
  // Said once, by the rule above.
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

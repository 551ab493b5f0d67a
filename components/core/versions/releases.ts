import { coerce, compare } from "semver";

/** A release line of a system, and the Kubernetes versions that it runs on. */
export interface Release {
  /** The line, as far as its range is the same: `1.30` stands for every 1.30.x. */
  readonly version: string;
  /** The range of Kubernetes versions that the source states. */
  readonly kubernetes: {
    /** The oldest minor version. */
    readonly min: string;
    /** The newest minor version. Absent: the source names none. */
    readonly max?: string;
  };
  /** Year, month and, where known, day. */
  readonly released?: string;
  /** Year, month and, where known, day. From then on the line is not suggested. */
  readonly endOfLife?: string;
  /** Where the range was read. */
  readonly source: string;
}

/** What the version matrix knows of a system. */
export interface SystemVersions {
  /** The name under which its versions are counted: `kube-prometheus-stack`. */
  readonly title: string;
  /** How sure its source is: `supports`, `is tested on`. */
  readonly verb: string;
  /** The version that the pinned chart installs. */
  readonly installed: string;
  /** The release lines, oldest first. */
  readonly releases: readonly Release[];
}

/** How far one upgrade of a system may go, as its maker says. */
export interface UpgradeSteps {
  /** The version that the pinned chart installs. */
  readonly to: string;
  /** The Deployment of an installation. Its label `app.kubernetes.io/version` is the version that runs. */
  readonly deployment: { readonly namespace: string; readonly name: string };
  /**
   * From each of these lines the next one is one step: every minor version, or a list, oldest first, where releases are
   * not counted by ones. Back is the same way.
   */
  readonly lines: "every minor version" | readonly string[];
  /** Of two steps at once: `unsupported` is refused by the preflight, `discouraged` is a warning. */
  readonly twoAtOnce: "unsupported" | "discouraged";
  /** Where that was read. */
  readonly source: string;
}

/** When the sources were read. A line that had ended by then is not suggested. */
export const asOf = "2026-09-16";

/** The release line of a full version: the longest that it starts with. */
export function releaseOf(releases: readonly Release[], version: string): Release | undefined {
  return releases
    .filter((release) => release.version === version || version.startsWith(`${release.version}.`))
    .sort((a, b) => b.version.length - a.version.length)[0];
}

/** Whether a release line runs on a Kubernetes minor version. */
export function runsOn({ kubernetes: { min, max } }: Release, minor: string): boolean {
  return compareVersions(minor, min) >= 0 && (max === undefined || compareVersions(minor, max) <= 0);
}

/**
 * Below 0 when `a` is the older one: `1.9` is older than `1.10`. Versions need not be whole: NVIDIA writes
 * `580.159.03`, Triton `26.07`.
 */
export function compareVersions(a: string, b: string): number {
  return compare(whole(a), whole(b), { loose: true });
}

/** The version with three numbers; a text without a number is older than every version. */
function whole(version: string): string {
  return coerce(version, { loose: true })?.version ?? "0.0.0";
}

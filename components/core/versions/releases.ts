/** What a release line of a system is known to run on. */
export interface Release {
  /** The line, as far as its range is the same: `1.30` stands for every 1.30.x. */
  readonly version: string;
  /** Kubernetes minor versions, both inclusive. No `max`: its source names none. */
  readonly kubernetes: { readonly min: string; readonly max?: string };
  /** Year, month and, where known, day. */
  readonly released?: string;
  readonly endOfLife?: string;
  readonly source: string;
}

/** The systems whose range of Kubernetes versions somebody states. */
export type System = keyof typeof systems;

/** When the sources were read. What had ended by then is not suggested to anybody. */
export const asOf = "2026-09-16";

const istioSource = "istio/istio.io `data/compatibility/supportStatus.yml`";
const rolloutsSource = "argoproj/argo-rollouts `.github/workflows/testing.yaml` at the tag";

/** Oldest first. */
export const systems = {
  istio: {
    title: "Istio",
    verb: "supports",
    releases: [
      {
        version: "1.28",
        kubernetes: { min: "1.30", max: "1.34" },
        endOfLife: "2026-07-01",
        source: istioSource,
      },
      { version: "1.29", kubernetes: { min: "1.31", max: "1.35" }, released: "2026-02-16", source: istioSource },
      { version: "1.30", kubernetes: { min: "1.32", max: "1.36" }, released: "2026-05-14", source: istioSource },
      { version: "1.31", kubernetes: { min: "1.32", max: "1.37" }, released: "2026-08-27", source: istioSource },
    ],
  },
  argoRollouts: {
    title: "Argo Rollouts",
    verb: "is tested on",
    releases: [
      { version: "1.8", kubernetes: { min: "1.28", max: "1.31" }, source: rolloutsSource },
      { version: "1.9.0", kubernetes: { min: "1.31", max: "1.34" }, source: rolloutsSource },
      { version: "1.9.1", kubernetes: { min: "1.32", max: "1.35" }, released: "2026-07-06", source: rolloutsSource },
    ],
  },
  gpuOperator: {
    title: "GPU Operator",
    verb: "supports",
    releases: [
      {
        version: "26.7",
        kubernetes: { min: "1.33", max: "1.36" },
        released: "2026-08",
        source: "NVIDIA/cloud-native-docs `gpu-operator/platform-support.rst`",
      },
    ],
  },
  kubePrometheusStack: {
    title: "kube-prometheus-stack",
    verb: "supports",
    releases: [
      {
        version: "88",
        kubernetes: { min: "1.25" },
        source: "prometheus-community/helm-charts `charts/kube-prometheus-stack/Chart.yaml`",
      },
    ],
  },
} as const satisfies Record<string, { title: string; verb: string; releases: readonly Release[] }>;

/** The release line of a full version: the longest that it starts with. */
export function releaseOf(system: System, version: string): Release | undefined {
  const releases: readonly Release[] = systems[system].releases;
  return releases
    .filter((release) => release.version === version || version.startsWith(`${release.version}.`))
    .sort((a, b) => b.version.length - a.version.length)[0];
}

/** Whether a release line runs on a Kubernetes minor version. */
export function runsOn({ kubernetes: { min, max } }: Release, minor: string): boolean {
  return compareVersions(minor, min) >= 0 && (max === undefined || compareVersions(minor, max) <= 0);
}

/** Below 0 when `a` is the older one. Compared number by number: `1.9` is older than `1.10`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

import type { ApiFacts, ClusterContents, ClusterFacts, ContentKind } from "./clusterFacts.ts";
import type { ClusterNeeds } from "./clusterNeeds.ts";

/** What became of one check of one cluster. */
export interface CheckResult {
  /** Stable, for programs: `storageClass`. */
  readonly check: string;
  /** For people. */
  readonly title: string;
  /** `notApplicable`: nothing that is declared needs it. A failure stops `serin up`; a warning does not. */
  readonly status: "passed" | "failed" | "warning" | "notApplicable";
  readonly found: string;
  readonly needed: string;
  /** How to get it, as an imperative; with every failure and warning. */
  readonly fix?: string;
}

/** What a check says once it has looked. */
export type Verdict = Pick<CheckResult, "status" | "found" | "fix">;

/** What a check may look at: what it said it reads, and what every reachable API server tells. */
export type Readable<Kind extends ContentKind> = Pick<ClusterContents, Kind> & Pick<ApiFacts, "version" | "clock">;

export type Check = (facts: ClusterFacts & { readonly api: ApiFacts }, needs: ClusterNeeds) => CheckResult;

interface Definition<Kind extends ContentKind> {
  readonly name: string;
  readonly title: string;
  readonly reads: readonly Kind[];
  /** Why nothing that is declared needs it. @default it always applies */
  readonly unneeded?: (needs: ClusterNeeds) => string | undefined;
  readonly needed: (needs: ClusterNeeds) => string;
  readonly judge: (read: Readable<Kind>, needs: ClusterNeeds) => Verdict;
  /** What it is at worst. @default "failed" */
  readonly atWorst?: "warning";
}

/** One check: when it applies, what it reads of a cluster, how it judges that. What cannot be read has not passed. */
export function defineCheck<const Kind extends ContentKind>(definition: Definition<Kind>): Check {
  const { name, title, reads, unneeded, needed, judge, atWorst = "failed" } = definition;
  return ({ api }, needs) => {
    const about = { check: name, title } as const;
    const why = unneeded?.(needs);
    if (why !== undefined) return { ...about, ...notApplicable(why), needed: "nothing" };
    const missing = reads.filter((kind) => api.contents[kind] === undefined);
    if (missing.length > 0) {
      const found = missing.map((kind) => `${contentNames[kind]} cannot be read (${api.refused[kind] ?? "no answer"})`);
      const fix = "Use credentials that may get and list them.";
      return { ...about, status: atWorst, found: found.join("; "), needed: needed(needs), fix };
    }
    const { found, status, fix } = judge(readable(api), needs);
    return { ...about, status, found, needed: needed(needs), ...(fix === undefined ? {} : { fix }) };
  };
}

/** Everything a check reads is there by now. */
function readable<Kind extends ContentKind>({ contents, version, clock }: ApiFacts): Readable<Kind> {
  return { ...contents, version, ...(clock === undefined ? {} : { clock }) } as Readable<Kind>;
}

const contentNames: Readonly<Record<ContentKind, string>> = {
  nodes: "nodes",
  leases: "node leases",
  access: "permissions",
  definitions: "custom resource definitions",
  storageClasses: "storage classes",
  daemonSets: "daemon sets",
  services: "services",
  namespaces: "namespaces",
};

export function passed(found: string): Verdict {
  return { status: "passed", found };
}

export function failed(found: string, fix: string): Verdict {
  return { status: "failed", found, fix };
}

export function warning(found: string, fix: string): Verdict {
  return { status: "warning", found, fix };
}

/** `why` stands where a check that applies says what was found. */
export function notApplicable(why: string): Verdict {
  return { status: "notApplicable", found: why };
}

/** A few of them by name, the rest by number: `gpu-1 (4), gpu-2 (6) and 5 more`. */
export function few(items: readonly string[], most = 3): string {
  const rest = items.length - most;
  return rest > 0 ? `${items.slice(0, most).join(", ")} and ${rest} more` : items.join(", ");
}

/** `1 node`, `3 nodes`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

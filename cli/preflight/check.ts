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

export type Verdict = Pick<CheckResult, "status" | "found" | "needed" | "fix">;

/** What a check may look at: what it said it reads, and what every reachable API server tells. */
export type Readable<Kind extends ContentKind> = Pick<ClusterContents, Kind> & Pick<ApiFacts, "version" | "clock">;

export type Check = (facts: ClusterFacts & { readonly api: ApiFacts }, needs: ClusterNeeds) => CheckResult;

/**
 * One check: what it reads of a cluster and how it judges that. Where something cannot be read the check has not passed: it fails, or
 * warns if `atMost` says that it never stops anything.
 */
export function defineCheck<const Kind extends ContentKind>({
  name,
  title,
  reads,
  atMost = "failed",
  judge,
}: {
  name: string;
  title: string;
  reads: readonly Kind[];
  atMost?: "failed" | "warning";
  judge: (read: Readable<Kind>, needs: ClusterNeeds) => Verdict;
}): Check {
  return ({ api }, needs) => {
    const verdict = judge(
      { ...unread(api), ...api.contents, version: api.version, ...clockOf(api) } as Readable<Kind>,
      needs,
    );
    const missing = reads.filter((kind) => api.contents[kind] === undefined);
    if (missing.length === 0 || verdict.status === "notApplicable") return { check: name, title, ...verdict };
    return {
      check: name,
      title,
      status: atMost,
      found: missing
        .map((kind) => `${contentNames[kind]} cannot be read (${api.refused[kind] ?? "no answer"})`)
        .join("; "),
      needed: verdict.needed,
      fix: "Use credentials that may get and list them.",
    };
  };
}

/** With nothing in it each check still tells whether it applies, and what it needs. */
function unread({ contents }: ApiFacts): ClusterContents {
  const nothing = { nodes: [], leases: [], access: [], definitions: [], storageClasses: [], daemonSets: [] };
  return { ...nothing, services: [], namespaces: [], ...contents };
}

function clockOf({ clock }: ApiFacts): Pick<ApiFacts, "clock"> {
  return clock === undefined ? {} : { clock };
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

export function passed(found: string, needed: string): Verdict {
  return { status: "passed", found, needed };
}

export function failed(found: string, needed: string, fix: string): Verdict {
  return { status: "failed", found, needed, fix };
}

export function warning(found: string, needed: string, fix: string): Verdict {
  return { status: "warning", found, needed, fix };
}

/** `why` stands where a check that applies says what was found. */
export function notApplicable(why: string): Verdict {
  return { status: "notApplicable", found: why, needed: "nothing" };
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

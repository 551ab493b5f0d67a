import type { Layer } from "../components/core/stackName.ts";
import type { ApiFacts, ClusterContents, ClusterFacts, ContentKind } from "./clusterFacts.ts";
import type { ClusterNeeds } from "./clusterNeeds.ts";

/** The result of one check of one cluster. */
export interface CheckResult {
  /** The name of the check. It does not change, so programs can rely on it: `storageClass`. */
  readonly check: string;
  /** The name of the check for people: `storage class`. */
  readonly title: string;
  /** `notApplicable`: nothing that is declared needs the check. A failure stops `serin up`; a warning does not. */
  readonly status: "passed" | "failed" | "warning" | "notApplicable";
  /** What the cluster has. */
  readonly found: string;
  /** What is declared. */
  readonly needed: string;
  /** What to do, as an imperative. Present for every failure and warning. */
  readonly fix?: string;
}

/** What a check says of what it has read. */
export type Verdict = Pick<CheckResult, "status" | "found" | "fix">;

/** What a check may read: the kinds it names, and what every reachable API server tells. */
export type Readable<Kind extends ContentKind> = Pick<ClusterContents, Kind> & Pick<ApiFacts, "version" | "clock">;

/** One check of a cluster. */
export interface Check {
  /** Its name, as in `CheckResult`. */
  readonly name: string;
  /**
   * The layer that makes or changes what the check looks at. Before that layer is deployed, what the check finds may be
   * about to change.
   *
   * @default none: it is there before any layer, or nothing of this project changes it
   */
  readonly madeBy?: Layer;
  /** Compares what a cluster has with what it needs. */
  run(facts: ClusterFacts & { readonly api: ApiFacts }, needs: ClusterNeeds): CheckResult;
}

/** What a check is made of. */
export interface CheckDefinition<Kind extends ContentKind> extends Pick<Check, "name" | "madeBy"> {
  /** Its name for people. */
  readonly title: string;
  /** What it reads of the cluster. */
  readonly reads: readonly Kind[];
  /** Why nothing that is declared needs it. @default it always applies */
  readonly unneeded?: (needs: ClusterNeeds) => string | undefined;
  /** What is declared, in words. */
  readonly needed: (needs: ClusterNeeds) => string;
  /** Compares. It is called only when everything it reads could be read. */
  readonly compare: (read: Readable<Kind>, needs: ClusterNeeds) => Verdict;
  /** The worst status it can have. @default "failed" */
  readonly atWorst?: "warning";
}

/** Makes a check. What cannot be read has not passed. */
export function defineCheck<const Kind extends ContentKind>(definition: CheckDefinition<Kind>): Check {
  const { name, title, madeBy, reads, unneeded, needed, compare, atWorst = "failed" } = definition;
  const run: Check["run"] = ({ api }, needs) => {
    const about = { check: name, title } as const;
    const why = unneeded?.(needs);
    if (why !== undefined) return { ...about, ...notApplicable(why), needed: "nothing" };
    const missing = reads.filter((kind) => api.contents[kind] === undefined);
    if (missing.length > 0) {
      const found = missing.map((kind) => `${contentNames[kind]} cannot be read (${api.refused[kind] ?? "no answer"})`);
      const fix = "Use credentials that may get and list them.";
      return { ...about, status: atWorst, found: found.join("; "), needed: needed(needs), fix };
    }
    const { found, status, fix } = compare(readable(api), needs);
    return { ...about, status, found, needed: needed(needs), ...(fix === undefined ? {} : { fix }) };
  };
  return { name, run, ...(madeBy === undefined ? {} : { madeBy }) };
}

/** The contents as a check reads them: by now everything it reads is there. */
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
  deployments: "deployments",
  services: "services",
  namespaces: "namespaces",
  prometheuses: "Prometheus objects",
  podMonitors: "PodMonitors",
};

/** The check has passed. */
export function passed(found: string): Verdict {
  return { status: "passed", found };
}

/** The check has failed, and `serin up` stops. */
export function failed(found: string, fix: string): Verdict {
  return { status: "failed", found, fix };
}

/** The check has found something that `serin up` may go on with. */
export function warning(found: string, fix: string): Verdict {
  return { status: "warning", found, fix };
}

/** Nothing that is declared needs the check; `why` is shown in place of what was found. */
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

import { exitCodes, type Problem, ProblemError } from "../../components/core/problem.ts";
import type { CheckResult } from "./check.ts";
import { accessNeeds } from "./checks/permissions.ts";
import { registries } from "./checks/registries.ts";
import type { ClusterNeeds } from "./clusterNeeds.ts";
import type { KnownKubeconfig } from "./deployedKubeconfigs.ts";
import { preflightChecks } from "./preflightChecks.ts";
import { readCluster } from "./readCluster.ts";
import type { ImageAccess } from "./registry/imageAccess.ts";

/** What the checks found of one cluster. */
export interface ClusterReport {
  readonly cluster: string;
  /** Of the API server; absent where nobody was asked. */
  readonly server?: string;
  readonly version?: string;
  /** Why the cluster itself was not looked at: it has not passed then. */
  readonly notLookedAt?: string;
  readonly checks: readonly CheckResult[];
}

/** Looks at one cluster and judges it; changes nothing. */
export async function examine(
  cluster: string,
  known: KnownKubeconfig,
  needs: ClusterNeeds,
  { images, signal }: { images: readonly ImageAccess[]; signal: AbortSignal },
): Promise<ClusterReport> {
  if ("unknown" in known) {
    const nobody = { server: "", api: { reachable: false, reason: known.unknown }, images } as const;
    return { cluster, notLookedAt: known.unknown, checks: [registries(nobody, needs)] };
  }
  const facts = { ...(await readCluster(known.kubeconfig, { access: accessNeeds(needs), signal })), images };
  const version = facts.api.reachable ? { version: facts.api.version } : {};
  return { cluster, server: facts.server, ...version, checks: preflightChecks(facts, needs) };
}

export function failures({ checks }: ClusterReport): CheckResult[] {
  return checks.filter(({ status }) => status === "failed");
}

export function warnings({ checks }: ClusterReport): CheckResult[] {
  return checks.filter(({ status }) => status === "warning");
}

/** @throws ProblemError with every failure of every cluster, and with the exit code of its own. */
export function rejectFailures(subject: string, reports: readonly ClusterReport[]): void {
  const problems = reports.flatMap((report) => failures(report).map((result) => problemOf(report.cluster, result)));
  if (problems.length > 0) throw new ProblemError(subject, problems, exitCodes.preflight);
}

function problemOf(cluster: string, { title, found, needed, fix }: CheckResult): Problem {
  return {
    path: `${cluster}, ${title}`,
    reason: `${found}. Needed: ${needed}.`,
    ...(fix === undefined ? {} : { fix: sentence(fix) }),
  };
}

function sentence(text: string): string {
  return /[.…]$/.test(text) ? text : `${text}.`;
}

import { kubernetesMinor, kubernetesVersions } from "../../components/core/kubernetesVersions.ts";
import { systemVersions } from "../../components/platform/systems.ts";
import { conflictsOf } from "../../components/platform/versions/conflicts.ts";
import { type CheckResult, defineCheck, failed, few, passed } from "../check.ts";
import type { UnreachableApi } from "../clusterFacts.ts";
import type { ClusterNeeds } from "../clusterNeeds.ts";

const about = { name: "apiServer", title: "API server" } as const;

/** The API server answers, and every system that is installed runs on its version. */
export const apiServer = defineCheck({
  ...about,
  madeBy: "cluster",
  reads: [],
  needed: neededVersion,
  compare: ({ version }, needs) => {
    const minor = kubernetesMinor(version);
    if (minor === undefined) return failed(version, "This is no Kubernetes version: look at what answers there.");
    const conflicts = conflictsOf(
      { ...needs.versions, kubernetes: minor },
      kubernetesVersions,
      systemVersions(),
    ).filter(({ parts }) => parts.includes("kubernetes"));
    if (conflicts.length === 0) return passed(version);
    const nearest = conflicts.flatMap(({ changes }) => changes).find(({ part }) => part === "kubernetes")?.version;
    return failed(
      `${version}: ${conflicts.map(({ reason }) => reason.replace(/\.$/, "")).join("; ")}`,
      nearest === undefined
        ? "Use a cluster of another version."
        : `Bring the cluster to ${nearest}, a minor version at a time.`,
    );
  },
});

/** The result for a server that does not answer. */
export function unreachable(server: string, { reason, fix }: UnreachableApi, needs: ClusterNeeds): CheckResult {
  return {
    check: about.name,
    title: about.title,
    ...failed(
      `${server}: ${reason}`,
      fix ??
        "Run this where the server can be reached (a private endpoint: inside its network), with credentials that work.",
    ),
    needed: neededVersion(needs),
  };
}

function neededVersion({ versions }: ClusterNeeds): string {
  const installed = Object.entries(systemVersions()).flatMap(([system, { title }]) => {
    const version = versions.systems?.[system];
    return version === undefined ? [] : [`${title} ${version}`];
  });
  return installed.length === 0 ? "an answer" : `Kubernetes that ${few(installed, 4)} run on`;
}

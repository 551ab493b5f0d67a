import type { ListrTask } from "listr2";
import { cloudOf } from "../components/cluster/clouds.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { count } from "./check.ts";
import type { KnownKubeconfig } from "./deployedKubeconfigs.ts";
import { type ClusterReport, type Preflight, rejectFailures, withStatus } from "./preflight.ts";
import { lessMadeBy } from "./preflightChecks.ts";

/** The progress of a verb that remembers what the preflight found. */
export interface Examined {
  /** The last report about each cluster. */
  preflight: ClusterReport[];
}

/**
 * A step that looks at clusters before something is changed on them. `before` the cluster layer, checks of what that
 * layer makes do not count for a cluster of a cloud, and a cluster that does not exist yet is left for later.
 *
 * The step throws a ProblemError when a check fails.
 */
export function preflightStep<Progress extends Examined>(
  environment: Environment,
  preflight: Pick<Preflight, "examine">,
  before: "the cluster layer" | "the platform",
  kubeconfigs: (progress: Progress) => Promise<Readonly<Record<string, KnownKubeconfig>>>,
): ListrTask<Progress> {
  return {
    title: "Preflight",
    task: async (progress, task) => {
      const found = (await preflight.examine(await kubeconfigs(progress))).map((report) =>
        before === "the cluster layer" && !isAdopted(environment, report.cluster)
          ? withoutClusterLayer(report)
          : report,
      );
      const names = new Set(found.map(({ cluster }) => cluster));
      progress.preflight = [...progress.preflight.filter(({ cluster }) => !names.has(cluster)), ...found];
      rejectFailures(subject(environment.name, before), found);
      const concerns = found.flatMap((report) =>
        withStatus(report, "warning").map((check) => ({ ...check, of: report.cluster })),
      );
      for (const { of, title, found: seen } of concerns) task.output = `${of}, ${title}: ${seen}`;
      task.title = `Preflight: ${titleOf(found, concerns.length)}`;
    },
    rendererOptions: { outputBar: Number.POSITIVE_INFINITY, persistentOutput: true },
  };
}

function titleOf(reports: readonly ClusterReport[], warnings: number): string {
  const looked = reports.filter(({ notLookedAt }) => notLookedAt === undefined);
  const later = reports.length - looked.length;
  return [
    looked.length === 0 ? "no cluster is there yet" : `${count(looked.length, "cluster")} can carry what is declared`,
    ...(looked.length > 0 && later > 0 ? [`${count(later, "cluster")} not there yet`] : []),
    ...(warnings > 0 ? [count(warnings, "warning")] : []),
  ].join(", ");
}

function subject(environment: string, before: "the cluster layer" | "the platform"): string {
  const done =
    before === "the platform" ? "The cluster layer is up and the rest was left alone" : "Nothing was changed";
  return `${done}: clusters of environment "${environment}" do not pass the preflight`;
}

/** Of a cluster that cannot be reached, the first check says so and counts. */
function withoutClusterLayer(report: ClusterReport): ClusterReport {
  return report.version === undefined ? report : { ...report, checks: lessMadeBy("cluster", report.checks) };
}

/** True for a cluster that exists already and that the cluster layer does not change. */
export function isAdopted({ clusters }: Environment, cluster: string): boolean {
  const spec = clusters[cluster];
  return spec !== undefined && cloudOf(spec).adopted;
}

import type { ListrTask } from "listr2";
import { cloudOf } from "../components/cluster/clouds.ts";
import type { Problem } from "../components/core/problem.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { count } from "./check.ts";
import type { KnownKubeconfig } from "./deployedKubeconfigs.ts";
import { type ClusterReport, failuresOf, type Preflight, rejectFailures, withStatus } from "./preflight.ts";
import { lessMadeBy } from "./preflightChecks.ts";

/** The progress of a verb that remembers what the preflight found. */
export interface Examined {
  /** The last report about each cluster. */
  preflight: ClusterReport[];
}

/**
 * What the other clusters do while one has not passed: they go on, or they wait too, for a reason that a person can do
 * something about. Undefined: everything stops, and no more is to be said.
 */
export type Others = "go on" | Problem | undefined;

/**
 * A step that looks at clusters before something is changed on them. `before` the cluster layer, checks of what that
 * layer makes do not count for a cluster of a cloud, one that is not reached is a warning, since its endpoint may be
 * what is about to change, and a cluster that does not exist yet is left for later.
 *
 * The step throws a ProblemError when a check fails. Where the others go on, it does so only when no cluster is left,
 * or when the cluster layer would change one that has failed; who waits is in `heldBack`.
 */
export function preflightStep<Progress extends Examined>(
  environment: Environment,
  preflight: Pick<Preflight, "examine">,
  before: "the cluster layer" | "the platform",
  kubeconfigs: (progress: Progress) => Promise<Readonly<Record<string, KnownKubeconfig>>>,
  others: (progress: Progress) => Others = () => undefined,
): ListrTask<Progress> {
  const mayWait = ({ cluster }: ClusterReport) => before === "the platform" || isAdopted(environment, cluster);
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
      const waiting = heldBack(progress.preflight);
      const goOn = others(progress);
      const someAreLeft = waiting.length < Object.keys(environment.clusters).length;
      const stopping = goOn === "go on" && someAreLeft ? waiting.filter((report) => !mayWait(report)) : waiting;
      const why = typeof goOn === "object" && someAreLeft ? [goOn] : [];
      rejectFailures(subject(environment.name, before), stopping, why);
      const concerns = found.flatMap((report) =>
        [...withStatus(report, "failed"), ...withStatus(report, "warning")].map((check) => ({
          ...check,
          of: report.cluster,
        })),
      );
      for (const { of, title, found: seen } of concerns) task.output = `${of}, ${title}: ${seen}`;
      task.title = `Preflight: ${titleOf(found)}`;
    },
    rendererOptions: { outputBar: Number.POSITIVE_INFINITY, persistentOutput: true },
  };
}

/** The reports of clusters that have not passed: nothing more is changed on these. */
export function heldBack(reports: readonly ClusterReport[]): ClusterReport[] {
  return reports.filter((report) => withStatus(report, "failed").length > 0);
}

/** What waits and why, in words: a problem for each failed check of a cluster. */
export function whatWaits(reports: readonly ClusterReport[]): Problem[] {
  return heldBack(reports).flatMap(failuresOf);
}

function titleOf(reports: readonly ClusterReport[]): string {
  const held = heldBack(reports).length;
  const later = reports.filter(({ notLookedAt }) => notLookedAt !== undefined).length;
  const reached = reports.filter(({ version }) => version !== undefined);
  const away = reports.length - later - reached.length - heldBack(reports.filter(isAway)).length;
  const fit = reached.length - heldBack(reached).length;
  const warnings = reports.flatMap((report) => withStatus(report, "warning")).length;
  const parts = [
    ...(fit > 0 ? [`${count(fit, "cluster")} can carry what is declared`] : []),
    ...(held > 0 ? [`${count(held, "cluster")} ${held === 1 ? "waits" : "wait"}`] : []),
    ...(away > 0 ? [`${count(away, "cluster")} not reached yet`] : []),
    ...(later > 0 && later < reports.length ? [`${count(later, "cluster")} not there yet`] : []),
  ];
  return [
    ...(parts.length > 0 ? parts : [reports.length === 0 ? "every cluster was looked at" : "no cluster is there yet"]),
    ...(warnings > 0 ? [count(warnings, "warning")] : []),
  ].join(", ");
}

function isAway({ version, notLookedAt }: ClusterReport): boolean {
  return version === undefined && notLookedAt === undefined;
}

function subject(environment: string, before: "the cluster layer" | "the platform"): string {
  const done =
    before === "the platform" ? "The cluster layer is up and the rest was left alone" : "Nothing was changed";
  return `${done}: clusters of environment "${environment}" do not pass the preflight`;
}

/** Of a cluster that cannot be reached, the first check says so, as a warning: it may be reached after the layer. */
function withoutClusterLayer(report: ClusterReport): ClusterReport {
  const checks = isAway(report)
    ? report.checks.map((check) => (check.check === "apiServer" ? { ...check, status: "warning" as const } : check))
    : lessMadeBy("cluster", report.checks);
  return report.notLookedAt === undefined ? { ...report, checks } : report;
}

/** True for a cluster that exists already and that the cluster layer does not change. */
export function isAdopted({ clusters }: Environment, cluster: string): boolean {
  const spec = clusters[cluster];
  return spec !== undefined && cloudOf(spec).adopted;
}

import type { ClusterSpec } from "../components/cluster/clouds.ts";
import { exitCodes, type Problem, ProblemError } from "../components/core/problem.ts";
import type { RegistryCredentials } from "../engine/registry/dockerConfig.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import type { CheckResult } from "./check.ts";
import { accessNeeds } from "./checks/permissions.ts";
import { registries } from "./checks/registries.ts";
import { declaredNeeds, modelImages, type Stand } from "./declaredNeeds.ts";
import type { KnownKubeconfig } from "./deployedKubeconfigs.ts";
import { type ImageAccess, imageAccess } from "./imageAccess.ts";
import { preflightChecks } from "./preflightChecks.ts";
import { readCluster } from "./readCluster.ts";

/** What the checks found on one cluster. */
export interface ClusterReport {
  /** The key of the cluster in the environment. */
  readonly cluster: string;
  /** The address of the API server. Absent where none was asked. */
  readonly server?: string;
  /** The version of Kubernetes, as the server spells it. Absent where no server answered. */
  readonly version?: string;
  /** Why the cluster itself was not looked at. It has not passed then. */
  readonly notLookedAt?: string;
  /** Present where the cluster does not exist yet, or is never looked at from here. */
  readonly later?: true;
  /** One result for each check. */
  readonly checks: readonly CheckResult[];
}

/** How the clusters of an environment are looked at. */
export interface PreflightOptions {
  /** The cluster that `local` is deployed to. @default every cluster is what it is declared to be */
  readonly stand?: Stand | undefined;
  /** What the nodes pull images with. @default none, so registries are asked anonymously */
  readonly credentials?: RegistryCredentials;
  /** Asks no registry: for a machine that cannot reach them. @default false */
  readonly skipRegistries?: boolean | undefined;
  /** Ends the preflight with its reason. */
  readonly signal: AbortSignal;
}

/** Looks at clusters before anything is changed on them. Registries are asked once for all clusters. */
export class Preflight {
  readonly #environment: Environment;
  readonly #options: PreflightOptions;
  #images: Promise<ImageAccess[]> | undefined;

  constructor(environment: Environment, options: PreflightOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /** Reads clusters and checks them. Changes nothing. */
  examine(clusters: Readonly<Record<string, KnownKubeconfig>>): Promise<ClusterReport[]> {
    return Promise.all(Object.entries(clusters).map(([cluster, known]) => this.#examine(cluster, known)));
  }

  async #examine(cluster: string, known: KnownKubeconfig): Promise<ClusterReport> {
    const { stand, signal } = this.#options;
    const spec = this.#environment.clusters[cluster];
    if (spec === undefined) throw new TypeError(`environment ${this.#environment.name} has no cluster ${cluster}`);
    const needs = declaredNeeds(this.#environment, cluster, spec, stand);
    const images = await this.#imageAccess(spec);
    if ("unknown" in known) {
      const unasked = { server: "", api: { reachable: false, reason: known.unknown }, images } as const;
      const later = known.later === undefined ? {} : { later: known.later };
      return { cluster, notLookedAt: known.unknown, ...later, checks: [registries(unasked, needs)] };
    }
    const facts = { ...(await readCluster(known.kubeconfig, { access: accessNeeds(needs), signal })), images };
    const version = facts.api.reachable ? { version: facts.api.version } : {};
    return { cluster, server: facts.server, ...version, checks: preflightChecks(facts, needs) };
  }

  /** What registries say of the images of one cluster. Nothing is pulled in the embedded environment. */
  async #imageAccess(spec: ClusterSpec): Promise<ImageAccess[]> {
    const { stand, credentials = new Map(), skipRegistries: skip = false, signal } = this.#options;
    const imagesOf = (cluster: ClusterSpec) => (stand === "embedded" ? [] : modelImages(this.#environment, cluster));
    const all = Object.values(this.#environment.clusters).flatMap(imagesOf);
    this.#images ??= imageAccess(all, credentials, { signal, skip });
    const wanted = new Set(imagesOf(spec));
    return (await this.#images).filter(({ image }) => wanted.has(image));
  }
}

/** The results that have one status. */
export function withStatus({ checks }: ClusterReport, status: CheckResult["status"]): CheckResult[] {
  return checks.filter((check) => check.status === status);
}

/** A problem for each failed check of a cluster. */
export function failuresOf(report: ClusterReport): Problem[] {
  return withStatus(report, "failed").map((result) => problemOf(report.cluster, result));
}

/** @throws ProblemError with every failure of every cluster, then `more`, and with the exit code of the preflight. */
export function rejectFailures(
  subject: string,
  reports: readonly ClusterReport[],
  more: readonly Problem[] = [],
): void {
  const problems = reports.flatMap(failuresOf);
  if (problems.length > 0) throw new ProblemError(subject, [...problems, ...more], exitCodes.preflight);
}

function problemOf(cluster: string, { title, found, needed, fix }: CheckResult): Problem {
  return {
    path: `${cluster}, ${title}`,
    reason: `${found}. Needed: ${needed}.`,
    ...(fix === undefined ? {} : { fix: fix.endsWith(".") ? fix : `${fix}.` }),
  };
}

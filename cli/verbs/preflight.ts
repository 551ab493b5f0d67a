import { readFileSync } from "node:fs";
import { exitCodes, ProblemError, unknownChoice } from "../../components/core/problem.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { declaredEnvironment } from "../declared.ts";
import { embeddedCluster, ownCluster } from "../local/localCluster.ts";
import type { ClusterNeeds } from "../preflight/clusterNeeds.ts";
import { declaredNeeds, modelImages, type Stand } from "../preflight/declaredNeeds.ts";
import { deployedKubeconfigs, type KnownKubeconfig } from "../preflight/deployedKubeconfigs.ts";
import { examine, failures } from "../preflight/preflight.ts";
import { preflightText } from "../preflight/preflightText.ts";
import { quotaNeeded } from "../preflight/quotaNeeded.ts";
import { parseDockerConfig, type RegistryCredentials } from "../preflight/registry/dockerConfig.ts";
import { type ImageAccess, imageAccess } from "../preflight/registry/imageAccess.ts";
import type { Answer, Invocation } from "../run.ts";

export interface PreflightOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Only this cluster. */
  readonly cluster?: string;
  /** A `config.json` of Docker. */
  readonly registryCredentials?: string;
}

/** Whether an environment's clusters can carry what is declared for them. Changes nothing. */
export async function preflight(name: string, options: PreflightOptions, { signal }: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(name);
  const chosen = chosenClusters(environment, options);
  const credentials = registryCredentials(options.registryCredentials);
  const stand = standOf(name, options);
  const needs = await declaredNeeds(environment, { signal, ...(stand === undefined ? {} : { stand }) });
  const kubeconfigs = await knownKubeconfigs(environment, chosen, options);
  const images = await modelImageAccess(environment, stand, credentials, signal);
  const clusters = await Promise.all(
    chosen.map((cluster) =>
      examine(
        cluster,
        kubeconfigs[cluster] ?? { unknown: "nobody knows the way to it" },
        needs[cluster] as ClusterNeeds,
        {
          images,
          signal,
        },
      ),
    ),
  );
  const quota = quotaNeeded(
    Object.fromEntries(chosen.map((cluster) => [cluster, environment.clusters[cluster]])) as Environment["clusters"],
  );
  return {
    result: { environment: name, quota, clusters },
    text: preflightText(clusters, quota),
    exitCode: clusters.some((report) => failures(report).length > 0) ? exitCodes.preflight : exitCodes.ok,
  };
}

/** Asks the registries for what the models run. Nothing is pulled in the embedded environment. */
export function modelImageAccess(
  environment: Environment,
  stand: Stand | undefined,
  credentials: RegistryCredentials,
  signal: AbortSignal,
): Promise<ImageAccess[]> {
  return imageAccess(stand === "embedded" ? [] : modelImages(environment), credentials, { signal });
}

/** @throws ProblemError when the file cannot be read or is none. */
export function registryCredentials(file: string | undefined): RegistryCredentials {
  if (file === undefined) return new Map();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ProblemError("The registry credentials cannot be used", [
      {
        path: "--registry-credentials",
        reason: `${error instanceof Error ? error.message : error}.`,
        fix: "Name the config.json that docker login writes.",
      },
    ]);
  }
  return parseDockerConfig("--registry-credentials", text);
}

function standOf(name: string, { kubeconfig }: PreflightOptions): Stand | undefined {
  if (name !== "local") return undefined;
  return kubeconfig === undefined ? "embedded" : "unprepared";
}

function chosenClusters({ name, clusters }: Environment, { cluster, kubeconfig }: PreflightOptions): string[] {
  const names = Object.keys(clusters);
  if (cluster !== undefined) {
    if (names.includes(cluster)) return [cluster];
    throw new ProblemError(`Environment "${name}" has no such cluster`, [unknownChoice("--cluster", cluster, names)]);
  }
  if (kubeconfig === undefined || names.length === 1) return names;
  throw new ProblemError("A kubeconfig leads to one cluster", [
    {
      path: "--cluster",
      reason: `it is not given, and environment "${name}" has ${names.length} clusters.`,
      fix: `Write which one the kubeconfig leads to: ${names.join(", ")}.`,
    },
  ]);
}

async function knownKubeconfigs(
  environment: Environment,
  chosen: readonly string[],
  { kubeconfig, context }: PreflightOptions,
): Promise<Record<string, KnownKubeconfig>> {
  if (kubeconfig === undefined && environment.name !== "local") return deployedKubeconfigs(environment);
  const cluster = kubeconfig === undefined ? embeddedCluster(environment.name) : ownCluster(kubeconfig, context);
  return Object.fromEntries(chosen.map((name) => [name, { kubeconfig: cluster.kubeconfig }]));
}

import { readFileSync } from "node:fs";
import { type ExitCode, exitCodes, ProblemError } from "../../components/core/problem.ts";
import { parseDockerConfig, type RegistryCredentials } from "../../engine/registry/dockerConfig.ts";
import { stepsBefore } from "../../preflight/accountSteps.ts";
import type { Stand } from "../../preflight/declaredNeeds.ts";
import type { KnownKubeconfig } from "../../preflight/deployedKubeconfigs.ts";
import { type ClusterReport, Preflight, withStatus } from "../../preflight/preflight.ts";
import { preflightText } from "../../preflight/preflightText.ts";
import { quotaNeeded } from "../../preflight/quotaNeeded.ts";
import { type ClusterOptions, localCluster, ownCluster } from "../../rehearsal/local/localCluster.ts";
import { chosenClusters, declaredEnvironment } from "../../stacks/declared.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { refuseLoneContext } from "../localOptions.ts";
import type { Answer, Invocation } from "../run.ts";

/** The options of `serin preflight`. */
export interface PreflightOptions extends ClusterOptions, RegistryOptions {
  /**
   * `--cluster`: the name of the only cluster to check. Required with `--kubeconfig` if the environment has several.
   * @default all clusters
   */
  readonly cluster?: string;
}

/** The option with the credentials of container registries, which `up` has too. */
export interface RegistryOptions {
  /**
   * `--registry-credentials`: the path of a Docker `config.json` with the credentials that nodes pull images with.
   * @default none: images are looked up without credentials
   */
  readonly registryCredentials?: string;
  /** Asks no registry for the images of models. @default false */
  readonly skipRegistries?: boolean;
}

/** Whether an environment's clusters can carry what is declared for them. Changes nothing. */
export async function preflight(name: string, options: PreflightOptions, { signal }: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(name);
  refuseLoneContext(options);
  const chosen = chosenClusters(environment, options);
  const credentials = registryCredentials(options);
  const kubeconfigs = await knownKubeconfigs(environment, chosen, options);
  const { skipRegistries } = options;
  const clusters = await new Preflight(environment, {
    stand: standOf(name, options),
    credentials,
    skipRegistries,
    signal,
  }).examine(kubeconfigs);
  const declared = chosen.flatMap((cluster) => environment.clusters[cluster] ?? []);
  const [quota, accounts] = [quotaNeeded(declared), stepsBefore(declared)];
  return {
    result: { environment: name, quota, accounts, clusters },
    text: preflightText(clusters, { quota, accounts }),
    exitCode: exitCodeOf(clusters),
  };
}

/** A cluster that could have been looked at and was not has not passed either. */
function exitCodeOf(clusters: readonly ClusterReport[]): ExitCode {
  if (clusters.some((report) => withStatus(report, "failed").length > 0)) return exitCodes.preflight;
  const isAway = clusters.some(({ notLookedAt, later }) => notLookedAt !== undefined && later === undefined);
  return isAway ? exitCodes.unavailable : exitCodes.ok;
}

/** @throws ProblemError when the file cannot be read or holds none. */
export function registryCredentials({ registryCredentials: file }: RegistryOptions): RegistryCredentials {
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

/** What stands behind an environment's clusters, when the command line says it. */
export function standOf(name: string, { kubeconfig }: ClusterOptions): Stand | undefined {
  if (name !== "local") return undefined;
  return kubeconfig === undefined ? "embedded" : "unprepared";
}

async function knownKubeconfigs(
  environment: Environment,
  chosen: readonly string[],
  { kubeconfig, context }: ClusterOptions,
): Promise<Record<string, KnownKubeconfig>> {
  if (kubeconfig === undefined && environment.name !== "local") {
    // Loaded only where it is used, since the Automation API is large.
    const { deployedKubeconfigs } = await import("../../preflight/deployedKubeconfigs.ts");
    const all = await deployedKubeconfigs(environment);
    return Object.fromEntries(chosen.map((name) => [name, all[name] ?? { unknown: "nothing is known of it" }]));
  }
  const cluster = kubeconfig === undefined ? localCluster(environment.name, {}) : ownCluster(kubeconfig, context);
  return Object.fromEntries(chosen.map((name) => [name, { kubeconfig: cluster.kubeconfig }]));
}

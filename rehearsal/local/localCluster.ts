import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { cloudOf } from "../../components/cluster/clouds.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { layers } from "../../components/core/stackName.ts";
import { type Environment as EmbeddedEnvironment, findEnvironment } from "../../embedded/environment/environment.ts";
import { ensureHelm } from "../../embedded/toolchain/index.ts";
import type { StackConfig } from "../../engine/engine.ts";
import { narrowedKubeconfig } from "../../engine/kubernetes/kubeconfig.ts";
import { LiveEngine } from "../../engine/live/liveEngine.ts";
import type { TransformResource } from "../../engine/live/liveMonitor.ts";
import type { PulumiEngine } from "../../engine/pulumi/pulumiEngine.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { program } from "../../stacks/program.ts";
import { environments, project, projectDirectory } from "../../stacks/project.ts";
import { stackName } from "../../stacks/stackName.ts";

/** Which cluster `local` is on: the embedded one, or one of the person's own. */
export interface ClusterOptions {
  /** The path of a kubeconfig. @default the embedded cluster of the environment */
  readonly kubeconfig?: string;
  /** The context in it. @default its current context */
  readonly context?: string;
}

/** The project's own sample models, which the embedded environment offers as its model store. */
export const sampleRepository = join(projectDirectory, "stacks", "models", "repository");

/** The way to the cluster of `local`. */
export interface LocalCluster {
  /** Contents, of one context. */
  readonly kubeconfig: string;
  /** Absent for a cluster of the person's own. */
  readonly embedded?: EmbeddedEnvironment;
}

/** The embedded cluster of an environment. @throws ProblemError when it does not run. */
export function embeddedCluster(name: string): LocalCluster & { readonly embedded: EmbeddedEnvironment } {
  const embedded = findEnvironment(name);
  if (embedded === undefined && name !== "local") {
    throw new ProblemError(`Environment "${name}" is not embedded`, [
      {
        path: "environment",
        reason: 'only "local" runs on this machine.',
        fix: "Send requests to the gateway of its clusters: the stacks of the models layer publish each model's url and host. Rehearse the model in local, where it must be declared, too.",
      },
    ]);
  }
  if (embedded?.state === "running") return { kubeconfig: readFileSync(embedded.kubeconfigPath, "utf8"), embedded };
  const found = { crashed: "it has ended without being taken down", starting: "it is still starting" };
  throw new ProblemError(
    `Environment "${name}" does not run`,
    [
      {
        path: "environment",
        reason: `${embedded === undefined ? "it is not up" : found[embedded.state]}.`,
        fix: `Run: npx serin up ${name}`,
      },
    ],
    exitCodes.unavailable,
  );
}

/** The cluster a kubeconfig leads to, or the embedded one. */
export function localCluster(name: string, options: ClusterOptions): LocalCluster {
  return options.kubeconfig === undefined ? embeddedCluster(name) : ownCluster(options.kubeconfig, options.context);
}

/**
 * The contents of a kubeconfig, narrowed to one context, files it refers to by absolute path.
 *
 * @throws ProblemError when it cannot be read or has no such context.
 */
export function ownCluster(file: string, context: string | undefined): LocalCluster {
  return { kubeconfig: narrowedKubeconfig(file, context) };
}

/**
 * Every cluster an on-prem environment declares is the one at hand; on one that nobody prepared everything is
 * installed.
 */
export function localConfig(
  environment: Environment,
  { kubeconfig, embedded }: LocalCluster,
  more: Record<string, string> = {},
): StackConfig {
  const secretKeys = Object.values(environment.clusters).flatMap((cluster) => {
    const secret = cloudOf(cluster).kubeconfigSecret(cluster);
    return secret === undefined ? [] : [`${project}:${secret}`];
  });
  return {
    config: {
      ...Object.fromEntries(secretKeys.map((key) => [key, kubeconfig])),
      ...(embedded === undefined ? { [`${project}:platform`]: "install" } : {}),
      ...more,
    },
    secretKeys,
  };
}

/** The stacks of an environment, in the order they are brought up. */
export function stacksOf(environment: Environment): string[] {
  return layers.map((layer) => stackName(environment.name, layer));
}

/** The engine's stand-in, on that cluster. */
export async function liveEngine(
  environment: Environment,
  cluster: LocalCluster,
  options: { config?: Record<string, string>; transformResource?: TransformResource; signal?: AbortSignal } = {},
): Promise<LiveEngine> {
  const { config, ...rest } = options;
  // Only an installed system has a chart to render.
  const helm =
    cluster.embedded === undefined
      ? await ensureHelm(options.signal === undefined ? {} : { signal: options.signal })
      : undefined;
  return new LiveEngine({
    project,
    // As `stacks/index.ts` of the project has it, but for the environment that is given.
    program: async () => program(pulumi.getStack(), { ...environments, [environment.name]: environment }),
    config: () => localConfig(environment, cluster, config),
    kubeconfigs: [cluster.kubeconfig],
    ...(helm === undefined ? {} : { helm }),
    ...rest,
  });
}

/** The Pulumi CLI; loaded only where it is used, since the Automation API is large. */
export async function pulumiEngine(options: {
  config?: (stack: string) => StackConfig;
  secretsProvider?: (stack: string) => string | undefined;
  signal: AbortSignal;
}): Promise<PulumiEngine> {
  const { PulumiEngine } = await import("../../engine/pulumi/pulumiEngine.ts");
  return new PulumiEngine({ projectDirectory, ...options });
}

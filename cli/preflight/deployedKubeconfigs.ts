import { LocalWorkspace, PulumiCommand, type Stack, StackNotFoundError } from "@pulumi/pulumi/automation/index.js";
import { isRendered } from "../../stacks/environments/clusterSpec.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { stackName } from "../../stacks/stackName.ts";
import { project, projectDirectory } from "../declared.ts";

/** A way to a cluster, or why there is none. */
export type KnownKubeconfig = { readonly kubeconfig: string } | { readonly unknown: string };

/**
 * The kubeconfigs that the Pulumi CLI knows: of a site of one's own from the configuration of the cluster stack, of a cloud's cluster from
 * that stack's outputs. Changes nothing, and installs nothing unless `command` does.
 */
export async function deployedKubeconfigs(
  environment: Environment,
  {
    command = () => PulumiCommand.get(),
    workDir = projectDirectory,
  }: { command?: () => Promise<PulumiCommand>; workDir?: string } = {},
): Promise<Record<string, KnownKubeconfig>> {
  const name = stackName(environment.name, "cluster");
  let stack: Stack;
  try {
    stack = await LocalWorkspace.selectStack({ stackName: name, workDir }, { pulumiCommand: await command() });
  } catch (error) {
    return each(environment, () => ({ unknown: whyNot(error, name) }));
  }
  let outputs: Promise<Readonly<Record<string, string>>> | undefined;
  return Object.fromEntries(
    await Promise.all(
      Object.entries(environment.clusters).map(async ([cluster, spec]): Promise<[string, KnownKubeconfig]> => {
        if (isRendered(spec))
          return [cluster, { unknown: "manifests are rendered for it, and nothing reaches it from here" }];
        if (spec.cloud === "onPrem") return [cluster, await configured(stack, spec.kubeconfig?.secret ?? "")];
        outputs ??= publishedKubeconfigs(stack);
        const kubeconfig = (await outputs)[cluster];
        return [cluster, kubeconfig === undefined ? { unknown: `stack ${name} has not made it yet` } : { kubeconfig }];
      }),
    ),
  );
}

async function configured(stack: Stack, secret: string): Promise<KnownKubeconfig> {
  const key = `${project}:${secret}`;
  try {
    return { kubeconfig: (await stack.getConfig(key)).value };
  } catch {
    return {
      unknown: `stack ${stack.name} has no ${key}; set it with: pulumi config set --secret ${key} --stack ${stack.name}`,
    };
  }
}

async function publishedKubeconfigs(stack: Stack): Promise<Readonly<Record<string, string>>> {
  const { kubeconfigs } = await stack.outputs();
  return (kubeconfigs?.value ?? {}) as Record<string, string>;
}

function each(environment: Environment, known: () => KnownKubeconfig): Record<string, KnownKubeconfig> {
  return Object.fromEntries(Object.keys(environment.clusters).map((name) => [name, known()]));
}

function whyNot(error: unknown, stack: string): string {
  if (error instanceof StackNotFoundError) return `stack ${stack} is not there yet`;
  const message = error instanceof Error ? error.message : String(error);
  if (/ENOENT|not found|No such file/i.test(message) && !/error:/.test(message)) return "the Pulumi CLI is not on PATH";
  return `the Pulumi CLI says: ${/^\s*error: (.+)$/m.exec(message)?.[1] ?? message.trim().split("\n")[0]}`;
}

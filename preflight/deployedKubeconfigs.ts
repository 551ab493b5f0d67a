import {
  LocalWorkspace,
  type OutputMap,
  PulumiCommand,
  type Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import { type ClusterSpec, cloudOf } from "../components/cluster/clouds.ts";
import { messageOf } from "../components/core/messageOf.ts";
import { isRendered } from "../stacks/environments/clusterSpec.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { project, projectDirectory } from "../stacks/project.ts";
import { stackName } from "../stacks/stackName.ts";

/** The kubeconfig of a cluster, or why there is none. `later`: there will be one, or the cluster is never reached. */
export type KnownKubeconfig = { readonly kubeconfig: string } | { readonly unknown: string; readonly later?: true };

/**
 * The kubeconfigs that the Pulumi CLI knows: for an on-prem site from the configuration of the cluster stack, for a
 * cluster of a cloud from that stack's outputs. Changes nothing, and installs nothing unless `command` does.
 */
export async function deployedKubeconfigs(
  environment: Environment,
  {
    command = () => PulumiCommand.get(),
    workDir = projectDirectory,
  }: { command?: () => Promise<PulumiCommand>; workDir?: string } = {},
): Promise<Record<string, KnownKubeconfig>> {
  const name = stackName(environment.name, "cluster");
  const clusters = Object.entries(environment.clusters);
  let stack: Stack;
  try {
    stack = await LocalWorkspace.selectStack({ stackName: name, workDir }, { pulumiCommand: await command() });
  } catch (error) {
    return Object.fromEntries(
      clusters.map(([cluster, spec]) => [cluster, isRendered(spec) ? rendered : whyNot(error, name)]),
    );
  }
  const outputs = new Lazy(() => stack.outputs());
  const known = clusters.map(async ([cluster, spec]) => [cluster, await kubeconfigOf(cluster, spec, stack, outputs)]);
  return Object.fromEntries(await Promise.all(known));
}

const rendered: KnownKubeconfig = {
  unknown: "manifests are rendered for it, and nothing here reaches it",
  later: true,
};

async function kubeconfigOf(
  cluster: string,
  spec: ClusterSpec,
  stack: Stack,
  outputs: Lazy<OutputMap>,
): Promise<KnownKubeconfig> {
  if (isRendered(spec)) return rendered;
  const secret = cloudOf(spec).kubeconfigSecret(spec);
  const key = secret === undefined ? undefined : `${project}:${secret}`;
  try {
    if (key !== undefined) return { kubeconfig: (await stack.getConfig(key)).value };
    const published = (await outputs.value).kubeconfigs?.value as Readonly<Record<string, string>> | undefined;
    const kubeconfig = new Map(Object.entries(published ?? {})).get(cluster);
    return kubeconfig === undefined
      ? { unknown: `stack ${stack.name} has not made it yet`, later: true }
      : { kubeconfig };
  } catch (error) {
    if (key === undefined || !/configuration key .* not found/.test(String(error))) return whyNot(error, stack.name);
    return { unknown: `its kubeconfig is not set: pulumi config set --secret ${key} --stack ${stack.name}` };
  }
}

/** A value that is asked for once, when it is first needed. */
class Lazy<Value> {
  readonly #ask: () => Promise<Value>;
  #value: Promise<Value> | undefined;

  constructor(ask: () => Promise<Value>) {
    this.#ask = ask;
  }

  get value(): Promise<Value> {
    this.#value ??= this.#ask();
    return this.#value;
  }
}

function whyNot(error: unknown, stack: string): KnownKubeconfig {
  if (error instanceof StackNotFoundError) return { unknown: `stack ${stack} is not there yet`, later: true };
  const message = messageOf(error);
  const said = /^\s*error: (.+)$/m.exec(message)?.[1];
  if (said !== undefined) return { unknown: `the Pulumi CLI says: ${said}` };
  if (/ENOENT|not found/i.test(message)) return { unknown: "the Pulumi CLI is not on PATH" };
  return { unknown: message.trim().split("\n")[0] ?? "" };
}

import { layers } from "../components/core/stackName.ts";
import type { StackConfig } from "../engine/engine.ts";
import type { RecordedProperties, RecordedResource } from "../engine/recordedResource.ts";
import { type RecordedStack, recordStack } from "../engine/recorder/recorder.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { declare } from "../stacks/program.ts";
import { project } from "../stacks/project.ts";
import { stackName } from "../stacks/stackName.ts";
import type { PlannedResource } from "./planDocument.ts";
import type { PolicyResult } from "./policies/policyResult.ts";
import { type PolicyServer, startPolicyServer } from "./policies/policyServer.ts";
import { rejectSameObjects } from "./sameObjects.ts";
import { configuredSecrets, maskedError, masking } from "./secretTexts.ts";
import { shown } from "./shownValues.ts";
import type { Spool } from "./spool.ts";

/** What all layers declare on one cluster; the resources themselves are in the spool. */
export interface ClusterPlan {
  readonly cluster: string;
  readonly layers: readonly LayerPlan[];
}

export interface LayerPlan {
  readonly stack: string;
  /** The stack's own not among them. */
  readonly urns: readonly string[];
  readonly missingConfig: readonly string[];
  readonly policies: PolicyResult;
}

/** What a plan is made with besides the environment. */
export interface PlanSettings {
  /** Configuration of every stack. @default none: what is required is assumed and named in `missingConfig` */
  readonly config?: StackConfig;
  /** Folder of the policy pack. @default `policies/` of this project */
  readonly pack?: string;
}

/**
 * Plans clusters one after another, so that one alone is in memory. Each layer is declared as if its stack were
 * narrowed to the cluster, and judged so, but under the names of the stack of all clusters. While the policies judge
 * one cluster, the next is recorded.
 */
export async function* planClusters(
  environment: Environment,
  clusters: AsyncIterable<string> | Iterable<string>,
  { spool, signal, config = {}, pack }: PlanSettings & { readonly spool: Spool; readonly signal: AbortSignal },
): AsyncGenerator<ClusterPlan> {
  const policies = startPolicyServer({ signal, ...(pack === undefined ? {} : { pack }) });
  const mask = masking(configuredSecrets(config));
  try {
    let last: Promise<ClusterPlan> | undefined;
    for await (const cluster of clusters) {
      const recorded = await recordCluster(environment, cluster, config, signal);
      if (last !== undefined) yield await last;
      last = judged(cluster, recorded, policies, spool);
      // Awaited after the next cluster; should that fail first, this failure is nobody's.
      last.catch(() => undefined);
    }
    if (last !== undefined) yield await last;
  } catch (error) {
    throw maskedError(error, mask);
  } finally {
    await policies.stop();
  }
}

async function recordCluster(
  environment: Environment,
  cluster: string,
  config: StackConfig,
  signal: AbortSignal,
): Promise<RecordedStack[]> {
  const recorded: RecordedStack[] = [];
  const outputs = new Map<string, RecordedProperties>();
  for (const layer of layers) {
    const stack = await recordStack(stackName(environment.name, layer), {
      project,
      program: () => declare({ environment, layer, cluster }),
      stackOutputs: (name) => outputs.get(name),
      ...config,
      signal,
    });
    outputs.set(stackName(environment.name, layer, cluster), stack.outputs);
    recorded.push(stack);
  }
  rejectSameObjects(
    cluster,
    recorded.flatMap(({ resources }) => resources),
  );
  return recorded;
}

async function judged(
  cluster: string,
  recorded: readonly RecordedStack[],
  policies: PolicyServer,
  spool: Spool,
): Promise<ClusterPlan> {
  const plans = recorded.map(async ({ stack, resources, missingConfig }): Promise<LayerPlan> => {
    const judgement = policies.analyze(resources, { stack, project });
    const planned = resources.filter(({ type }) => type !== "pulumi:pulumi:Stack").map(plannedResource);
    await spool.put(stack, cluster, planned);
    return { stack, urns: planned.map(({ urn }) => urn), missingConfig, policies: await judgement };
  });
  return { cluster, layers: await Promise.all(plans) };
}

function plannedResource({ urn, type, name, parent, props }: RecordedResource): PlannedResource {
  return { urn, type, name, ...(parent === undefined ? {} : { parent }), inputs: shown(props) };
}

import { dayOf } from "../components/core/exemption.ts";
import { layers } from "../components/core/stackName.ts";
import type { StackConfig } from "../engine/engine.ts";
import type { RecordedProperties, RecordedResource } from "../engine/recordedResource.ts";
import { type RecordedStack, recordStack } from "../engine/recorder/recorder.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { declare } from "../stacks/program.ts";
import { project } from "../stacks/project.ts";
import { stackName } from "../stacks/stackName.ts";
import type { PlannedResource } from "./planDocument.ts";
import type { Exemptions } from "./policies/policyReport.ts";
import type { PolicyResult } from "./policies/policyResult.ts";
import { type PolicyServer, startPolicyServer } from "./policies/policyServer.ts";
import { rejectSameObjects } from "./sameObjects.ts";
import { configuredSecrets, maskedError, masking } from "./secretTexts.ts";
import { shown } from "./shownValues.ts";
import type { Spool } from "./spool.ts";

/** What all layers declare on one cluster; the resources themselves are in the spool. */
export interface ClusterPlan {
  /** The key of the cluster in the environment. */
  readonly cluster: string;
  /** One plan for each layer. */
  readonly layers: readonly LayerPlan[];
}

/** What one layer declares on one cluster. */
export interface LayerPlan {
  /** The stack of the layer. */
  readonly stack: string;
  /** The URNs of its resources, without the stack's own. */
  readonly urns: readonly string[];
  /** Configuration that the stack requires and that is not set. */
  readonly missingConfig: readonly string[];
  /** What the policies say of it. */
  readonly policies: PolicyResult;
}

/** What a plan is made with besides the environment. */
export interface PlanSettings {
  /** Configuration of every stack. @default none: what is required is assumed and named in `missingConfig` */
  readonly config?: StackConfig;
  /** Folder of the policy pack. @default `policies/` of this project */
  readonly pack?: string;
  /** The day on which exemptions are judged, in UTC. @default today */
  readonly day?: string;
}

/**
 * Plans clusters one after another, so that only one is in memory. Each layer is declared and checked as if its stack
 * were narrowed to the cluster, but under the names of the stack of all clusters. While the policies check one cluster,
 * the next is recorded.
 */
export async function* planClusters(
  environment: Environment,
  clusters: AsyncIterable<string> | Iterable<string>,
  {
    spool,
    signal,
    config = {},
    pack,
    day = dayOf(new Date()),
  }: PlanSettings & { readonly spool: Spool; readonly signal: AbortSignal },
): AsyncGenerator<ClusterPlan> {
  const policies = startPolicyServer({ signal, ...(pack === undefined ? {} : { pack }) });
  const exemptions = { declared: environment.exemptions ?? [], day };
  const mask = masking(configuredSecrets(config));
  try {
    let last: Promise<ClusterPlan> | undefined;
    for await (const cluster of clusters) {
      const recorded = await recordCluster(environment, cluster, config, signal);
      if (last !== undefined) yield await last;
      last = checkedByPolicies(cluster, recorded, { policies, exemptions, spool });
      // Awaited after the next cluster. Should that fail first, its failure is the one to report.
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

async function checkedByPolicies(
  cluster: string,
  recorded: readonly RecordedStack[],
  {
    policies,
    exemptions,
    spool,
  }: { readonly policies: PolicyServer; readonly exemptions: Exemptions; readonly spool: Spool },
): Promise<ClusterPlan> {
  const plans = recorded.map(async ({ stack, resources, missingConfig }): Promise<LayerPlan> => {
    const result = policies.analyze(resources, { stack, project, exemptions });
    const planned = resources.filter(({ type }) => type !== "pulumi:pulumi:Stack").map(plannedResource);
    await spool.put(stack, cluster, planned);
    return { stack, urns: planned.map(({ urn }) => urn), missingConfig, policies: await result };
  });
  return { cluster, layers: await Promise.all(plans) };
}

function plannedResource({ urn, type, name, parent, props }: RecordedResource): PlannedResource {
  return { urn, type, name, ...(parent === undefined ? {} : { parent }), inputs: shown(props) };
}

import { availableParallelism } from "node:os";
import { dayOf, isExpired } from "../components/core/exemption.ts";
import { exitCodes, type Problem, rejectProblems, unknownChoice } from "../components/core/problem.ts";
import { layers } from "../components/core/stackName.ts";
import { nameIn } from "../engine/recordedResource.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { stackName } from "../stacks/stackName.ts";
import { type ClusterPlan, type PlanSettings, planClusters } from "./clusterPlans.ts";
import { type EnvironmentCost, environmentCost } from "./cost/cost.ts";
import { rangeText } from "./cost/costText.ts";
import type { ExemptionUse, PlannedRelease, PlannedResource } from "./planDocument.ts";
import { plannedReleases } from "./plannedReleases.ts";
import { planInWorkers } from "./planWorkers.ts";
import { mergedPolicies } from "./policies/mergedPolicies.ts";
import type { PolicyResult } from "./policies/policyResult.ts";
import { Spool } from "./spool.ts";

/** What one layer of an environment would declare, and what the policies say of it. */
export interface PlannedStack {
  /** The stack's name. */
  readonly stack: string;
  /** The number of its resources, without the stack's own. */
  readonly resourceCount: number;
  /** Configuration the stack requires; a plan assumes it. */
  readonly missingConfig: readonly string[];
  /** What the policies say of it. */
  readonly policies: PolicyResult;
  /** The resources, cluster by cluster, in the order of the environment; on each in the order of registration. */
  resources(): AsyncIterable<readonly PlannedResource[]>;
}

/**
 * What the layers of an environment would declare. The resources are on disk: those of many clusters are more than
 * memory should hold.
 */
export interface Plan {
  /** The environment's name. */
  readonly environment: string;
  /** One stack for each layer. */
  readonly stacks: readonly PlannedStack[];
  /** How a change of each model's version would be released. */
  readonly releases: readonly PlannedRelease[];
  /** What became of each exemption of the environment. */
  readonly exemptions: readonly ExemptionUse[];
  /** What the clouds bill a month, and how it stands against the budget. */
  readonly cost: EnvironmentCost;
  /** Removes the resources from disk. They go with this process at the latest. */
  remove(): void;
}

/** How an environment is planned. */
export interface PlanOptions extends PlanSettings {
  /** How many processes plan; 1 is this one alone. @default by the number of clusters, cores and free memory */
  readonly processes?: number;
}

/**
 * Records every layer on every cluster and runs the policy pack over what was recorded. Contacts nothing outside this
 * machine.
 *
 * @throws ProblemError for everything a person can put right.
 */
export async function planEnvironment(
  environment: Environment,
  signal: AbortSignal,
  { processes = processesFor(environment), day = dayOf(new Date()), ...others }: PlanOptions = {},
): Promise<Plan> {
  const clusters = Object.keys(environment.clusters);
  const spool = Spool.create();
  // Every process judges on the same day.
  const settings = { ...others, day };
  try {
    const plans =
      processes > 1
        ? await planInWorkers(environment, { ...settings, processes, spool, signal })
        : await planHere(environment, { ...settings, spool, signal });
    plans.sort((a, b) => clusters.indexOf(a.cluster) - clusters.indexOf(b.cluster));
    rejectProblems(`Environment "${environment.name}" cannot be deployed`, duplicates(plans));
    const stacks = layers.map((layer) => plannedStack(stackName(environment.name, layer), plans, spool));
    rejectProblems(`Environment "${environment.name}" cannot be deployed`, unknownPolicies(environment, stacks));
    return {
      environment: environment.name,
      releases: plannedReleases(environment),
      exemptions: exemptionUses(environment, stacks, day),
      cost: environmentCost(environment),
      stacks,
      remove: () => spool.remove(),
    };
  } catch (error) {
    spool.remove();
    throw error;
  }
}

/** @throws ProblemError with everything that `objections` names. */
export function rejectMandatoryViolations(plan: Plan): void {
  rejectProblems(`The policies object to environment "${plan.environment}"`, objections(plan), exitCodes.policy);
}

/** Whatever stops a deployment: violations of mandatory policies, expired exemptions, and a cost above the budget. */
export function objections(plan: Plan): Problem[] {
  const violations = findings(plan).filter(
    ({ status, enforcement }) => status === "violation" && enforcement === "mandatory",
  );
  return [
    ...violations.map(({ policy, urn, message }) => ({ path: `${policy} ${nameIn(urn)}`, reason: message })),
    ...plan.exemptions.flatMap(({ use, policy, owner, ticket, expires }, index) =>
      use !== "expired"
        ? []
        : [
            {
              path: `exemptions[${index}]`,
              reason: `the exemption from ${policy} (${owner}, ${ticket}) ended with ${expires}.`,
              fix: "Mend what it is about and remove it, or agree on a later day.",
            },
          ],
    ),
    ...overBudget(plan),
  ];
}

/** A cost above the budget, as a problem of the declaration. */
export function overBudget({ cost: { budget, month } }: Plan): Problem[] {
  return budget?.status !== "over"
    ? []
    : [
        {
          path: "budget.perMonth",
          reason: `${budget.perMonth} USD are below ${rangeText(month)} USD a month at list prices, of which the ${budget.counts} counts.`,
          fix: "Lower the max of a pool, take another machine, or raise the budget.",
        },
      ];
}

/** All findings of all stacks. */
export function findings({ stacks }: Plan): PolicyResult["findings"] {
  return stacks.flatMap(({ policies }) => policies.findings);
}

/**
 * Another process needs half a second of a core and some 300 MB with its policy pack: worth it from this many clusters
 * on.
 */
const clustersPerProcess = 6;
const bytesPerProcess = 512 * 1_024 ** 2;

function processesFor({ clusters }: Environment): number {
  const worthIt = Math.floor(Object.keys(clusters).length / clustersPerProcess);
  return Math.max(
    1,
    Math.min(worthIt, availableParallelism(), Math.floor(process.availableMemory() / bytesPerProcess)),
  );
}

async function planHere(environment: Environment, options: Parameters<typeof planClusters>[2]) {
  const plans: ClusterPlan[] = [];
  for await (const plan of planClusters(environment, Object.keys(environment.clusters), options)) plans.push(plan);
  return plans;
}

function plannedStack(stack: string, plans: readonly ClusterPlan[], spool: Spool): PlannedStack {
  const parts = plans.flatMap(({ layers }) => layers.filter((layer) => layer.stack === stack));
  const [first, ...others] = parts.map(({ policies }) => policies);
  if (first === undefined) throw new Error(`${stack}: there is no cluster`);
  return {
    stack,
    resourceCount: parts.reduce((sum, { urns }) => sum + urns.length, 0),
    missingConfig: [...new Set(parts.flatMap(({ missingConfig }) => missingConfig))].sort(),
    policies: mergedPolicies([first, ...others]),
    async *resources() {
      for (const { cluster } of plans) yield await spool.get(stack, cluster);
    },
  };
}

/** Only the pack knows its policies, so a plan is the first to see that an exemption is from none of them. */
function unknownPolicies({ exemptions = [] }: Environment, stacks: readonly PlannedStack[]): Problem[] {
  const known = new Set(stacks.flatMap(({ policies }) => policies.policies.map(({ policy }) => policy)));
  return exemptions.flatMap(({ policy }, index) =>
    known.has(policy) ? [] : [unknownChoice(`exemptions[${index}].policy`, policy, [...known])],
  );
}

/** What became of each exemption, by what the policies found. */
export function exemptionUses(
  { exemptions = [] }: Pick<Environment, "exemptions">,
  stacks: readonly Pick<PlannedStack, "policies">[],
  day: string,
): ExemptionUse[] {
  const identity = ({ policy, resource }: { policy: string; resource: string }) => JSON.stringify([policy, resource]);
  const used = new Set(
    stacks.flatMap(({ policies }) =>
      policies.findings.flatMap(({ exemption }) => (exemption === undefined ? [] : [identity(exemption)])),
    ),
  );
  return exemptions.map((exemption) => ({
    ...exemption,
    use: isExpired(exemption, day) ? "expired" : used.has(identity(exemption)) ? "used" : "unused",
  }));
}

/** Two resources of one cluster with the same URN are refused while they are recorded. */
function duplicates(plans: readonly ClusterPlan[]) {
  const owners = new Map<string, string>();
  return plans.flatMap(({ cluster, layers }) =>
    layers.flatMap(({ urns }) =>
      urns.flatMap((urn) => {
        const owner = owners.get(urn);
        owners.set(urn, cluster);
        if (owner === undefined) return [];
        const reason = `clusters "${owner}" and "${cluster}" both have a resource of this URN.`;
        return [{ path: urn, reason, fix: "Give one of the clusters, or what it names, another name." }];
      }),
    ),
  );
}

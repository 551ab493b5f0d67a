import { type Problem, rejectProblems } from "../components/core/problem.ts";
import { layers, type StackNameParts, stackNameParts } from "../components/core/stackName.ts";
import type { Environment } from "./environments/environment.ts";
import { stackName } from "./stackName.ts";

/** The stacks of the layers that run on clusters, platform and models, as `serin up` deploys them. */
export type StackLayout =
  | {
      /** Each cluster has stacks of its own. */
      readonly narrow: true;
      /** By cluster: its stacks in the order they are brought up. Chains of two clusters do not read each other. */
      readonly chains: Readonly<Record<string, readonly [string, string]>>;
    }
  | {
      /** One stack a layer holds all clusters. */
      readonly narrow: false;
      /** The stacks, in the order they are brought up. */
      readonly stacks: readonly [string, string];
    };

/**
 * How an environment's platform and models are divided into stacks: one for each cluster, unless stacks of all clusters
 * hold resources (`holding`, the names of all stacks that do). These are continued: nothing moves by itself.
 *
 * @throws ProblemError where something would be made twice, or its cluster taken away under it.
 */
export function stackLayout({ name, clusters }: Environment, holding: readonly string[]): StackLayout {
  const held = holdings(name, holding);
  const wide = held.filter(({ parts }) => parts.layer !== "cluster" && parts.cluster === undefined);
  const narrow = held.filter(({ parts }) => parts.cluster !== undefined);
  rejectProblems(`Environment "${name}" cannot be brought up`, [
    ...narrow.filter(({ parts }) => parts.layer === "cluster").map(({ stack }) => ownClusterLayer(stack, name)),
    ...wide.flatMap(({ stack, parts: { layer } }) =>
      inBoth(
        stack,
        narrow.filter(({ parts }) => parts.layer === layer),
      ),
    ),
    ...orphans(
      narrow.filter(({ parts }) => parts.layer !== "cluster" && !Object.hasOwn(clusters, parts.cluster ?? "")),
    ),
  ]);
  if (wide.length > 0) return { narrow: false, stacks: [stackName(name, "platform"), stackName(name, "models")] };
  const chain = (cluster: string) =>
    [stackName(name, "platform", cluster), stackName(name, "models", cluster)] as const;
  return { narrow: true, chains: Object.fromEntries(Object.keys(clusters).map((key) => [key, chain(key)])) };
}

/** The stacks of an environment that hold resources, in the order they are brought up. */
export function stacksThatHold(environment: string, holding: readonly string[]): string[] {
  const held = holdings(environment, holding);
  return layers.flatMap((layer) => held.filter(({ parts }) => parts.layer === layer).map(({ stack }) => stack));
}

interface Holding {
  readonly stack: string;
  readonly parts: StackNameParts;
}

function holdings(environment: string, holding: readonly string[]): Holding[] {
  return holding.flatMap((stack) => {
    const parts = stackNameParts(stack);
    return parts?.environment === environment ? [{ stack, parts }] : [];
  });
}

function ownClusterLayer(stack: string, environment: string): Problem {
  return {
    path: stack,
    reason: `it holds the cluster layer of one cluster, and ${stackName(environment, "cluster")} would make that cluster again.`,
    fix: "Where the cluster layer is divided too, run pulumi up for the stacks of each cluster: cluster, platform, models.",
  };
}

function inBoth(wide: string, narrow: readonly Holding[]): Problem[] {
  if (narrow.length === 0) return [];
  return [
    {
      path: wide,
      reason: `it holds resources, and so does ${narrow.map(({ stack }) => stack).join(", ")}: what was moved out of one would be made twice.`,
      fix: 'Finish the move: docs/clusters.md, "From one stack to one for each cluster".',
    },
  ];
}

/** What the cluster layer is about to leave without its cluster. */
function orphans(narrow: readonly Holding[]): Problem[] {
  return [...Map.groupBy(narrow, ({ parts }) => parts.cluster)].map(([cluster, held]) => {
    const stacks = layers.toReversed().flatMap((layer) => held.filter(({ parts }) => parts.layer === layer));
    return {
      path: `clusters.${cluster}`,
      reason: `it is no longer declared, and ${stacks.map(({ stack }) => stack).join(" and ")} still hold what runs on it.`,
      fix: `Run: ${stacks.map(({ stack }) => `pulumi destroy -s ${stack}`).join(" && ")}`,
    };
  });
}

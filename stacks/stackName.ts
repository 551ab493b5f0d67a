import { type Problem, ProblemError, unknownChoice } from "../components/core/problem.ts";
import { type Layer, layers, stackNameParts } from "../components/core/stackName.ts";
import type { Environment } from "./environments/environment.ts";

/** What a stack holds: one layer of one environment, for all its clusters or for one. */
export interface StackOf {
  /** The declared environment that the stack's name names. */
  readonly environment: Environment;
  /** The layer that the stack's name names. */
  readonly layer: Layer;
  /** The key of the only cluster of the stack. Absent: the stack holds all clusters. */
  readonly cluster?: string;
}

/** The name of a stack: `<environment>-<layer>`, or `<environment>-<layer>-<cluster>` for one cluster. */
export function stackName(environment: string, layer: Layer, cluster?: string): string {
  return cluster === undefined ? `${environment}-${layer}` : `${environment}-${layer}-${cluster}`;
}

/**
 * What the stack of this name holds.
 *
 * @throws ProblemError when environment, layer or cluster in the name do not exist.
 */
export function parseStackName(name: string, environments: Readonly<Record<string, Environment>>): StackOf {
  const parts = stackNameParts(name);
  if (parts === undefined) {
    const of = Object.keys(environments).find((known) => name === known || name.startsWith(`${known}-`));
    throw of === undefined
      ? reject(name, unknownChoice("environment", name.split("-")[0] ?? "", Object.keys(environments)))
      : reject(name, unknownChoice("layer", name.slice(of.length + 1).split("-")[0] ?? "", layers));
  }
  const { layer, cluster } = parts;
  const environment = Object.hasOwn(environments, parts.environment) ? environments[parts.environment] : undefined;
  if (environment === undefined)
    throw reject(name, unknownChoice("environment", parts.environment, Object.keys(environments)));
  if (cluster === undefined) return { environment, layer };
  const clusters = Object.keys(environment?.clusters ?? {});
  if (!clusters.includes(cluster)) throw reject(name, unknownChoice("cluster", cluster, clusters));
  return { environment, layer, cluster };
}

function reject(name: string, problem: Problem): ProblemError {
  return new ProblemError(`Stack "${name}" is not <environment>-<layer> or <environment>-<layer>-<cluster>`, [problem]);
}

import { type Problem, ProblemError, unknownChoice } from "../components/core/problem.ts";
import { type Layer, layers, stackNameParts } from "../components/core/stackName.ts";
import type { Environment } from "./environments/environment.ts";

/** What a stack is of: one layer of one environment, of all its clusters or of one. */
export interface StackOf {
  readonly environment: Environment;
  readonly layer: Layer;
  /** Set when the stack is narrowed to one cluster. */
  readonly cluster?: string;
}

/** `<environment>-<layer>`, or `<environment>-<layer>-<cluster>`. */
export function stackName(environment: string, layer: Layer, cluster?: string): string {
  return cluster === undefined ? `${environment}-${layer}` : `${environment}-${layer}-${cluster}`;
}

/** @throws ProblemError when the name is of no environment, layer or cluster that exists. */
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

import { type Problem, ProblemError, unknownChoice } from "../components/core/problem.ts";
import type { Environment } from "./environments/environment.ts";

/** In the order they are brought up; taken down in reverse. */
export const layers = ["cluster", "platform", "models"] as const;
export type Layer = (typeof layers)[number];

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
  const environment = Object.values(environments).find(
    (candidate) => name === candidate.name || name.startsWith(`${candidate.name}-`),
  );
  if (environment === undefined)
    throw reject(name, unknownChoice("environment", name.split("-")[0] ?? "", Object.keys(environments)));
  const rest = name.slice(environment.name.length + 1);
  const layer = layers.find((candidate) => rest === candidate || rest.startsWith(`${candidate}-`));
  if (layer === undefined) throw reject(name, unknownChoice("layer", rest.split("-")[0] ?? "", layers));
  const cluster = rest.slice(layer.length + 1);
  if (cluster === "") return { environment, layer };
  const clusters = Object.keys(environment.clusters);
  if (!clusters.includes(cluster)) throw reject(name, unknownChoice("cluster", cluster, clusters));
  return { environment, layer, cluster };
}

function reject(name: string, problem: Problem): ProblemError {
  return new ProblemError(`Stack "${name}" is not <environment>-<layer> or <environment>-<layer>-<cluster>`, [problem]);
}

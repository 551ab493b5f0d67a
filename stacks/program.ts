import { rejectProblems } from "../components/core/problem.ts";
import { validateEnvironment } from "./environments/environment.ts";
import { environments } from "./environments/index.ts";
import { clusterLayer } from "./layers/cluster.ts";
import { modelsLayer } from "./layers/models.ts";
import { platformLayer } from "./layers/platform.ts";
import { type Layer, parseStackName, type StackOf } from "./stackName.ts";

const programs: Record<Layer, (stack: StackOf) => object> = {
  cluster: clusterLayer,
  platform: platformLayer,
  models: modelsLayer,
};

/**
 * Declares the resources of a stack and returns its outputs.
 *
 * @throws ProblemError when the name is of no stack, or the environment has problems: all of them at once.
 */
export function program(stack: string): Record<string, unknown> {
  const stackOf = parseStackName(stack, environments);
  rejectProblems(`Environment "${stackOf.environment.name}" is invalid`, validateEnvironment(stackOf.environment));
  return declare(stackOf);
}

/** Declares the resources of a stack of an environment that has no problems, and returns its outputs. */
export function declare(stackOf: StackOf): Record<string, unknown> {
  return { ...programs[stackOf.layer](stackOf) };
}

import { rejectProblems } from "../components/core/problem.ts";
import { type Layer, stackNameParts } from "../components/core/stackName.ts";
import type { Environment } from "./environments/environment.ts";
import { environmentProblems } from "./environments/environmentProblems.ts";
import { clusterLayer } from "./layers/cluster.ts";
import { modelsLayer } from "./layers/models.ts";
import { platformLayer } from "./layers/platform.ts";
import { parseStackName, type StackOf } from "./stackName.ts";

const programs: Record<Layer, (stack: StackOf) => object> = {
  cluster: clusterLayer,
  platform: platformLayer,
  models: modelsLayer,
};

/**
 * Declares the resources of a stack of one of the environments, and returns its outputs.
 *
 * @throws ProblemError when the name is of no stack, or the environment has problems: all of them at once.
 */
export function program(stack: string, environments: Readonly<Record<string, Environment>>): Record<string, unknown> {
  const stackOf = parseStackName(stack, environments);
  const { environment } = stackNameParts(stack) ?? { environment: stack };
  rejectProblems(`Environment "${environment}" is invalid`, environmentProblems(environment, stackOf.environment));
  return declare(stackOf);
}

/** Declares the resources of a stack of an environment that has no problems, and returns its outputs. */
export function declare(stackOf: StackOf): Record<string, unknown> {
  return { ...programs[stackOf.layer](stackOf) };
}

export type { Exemption } from "../components/core/exemption.ts";
export type { Budget, ShareOfListPrice, Spending } from "./environments/budget.ts";
/** What an environment declares. */
export type { Environment, StackOf };

import { type Problem, ProblemError, rejectProblems, unknownChoice } from "../components/core/problem.ts";
import type { Model } from "../components/model/model.ts";
import { namespaceName } from "../components/platform/modelNamespace.ts";
import type { Environment } from "./environments/environment.ts";
import { environmentProblems } from "./environments/environmentProblems.ts";
import { environments, isUnregistered, projectDirectory } from "./project.ts";
import { keyPath } from "./schema/declaredPath.ts";
import { read, Unreadable } from "./schema/plainData.ts";

/**
 * A declared environment without a problem.
 *
 * @throws ProblemError for a name that is of none, or with everything wrong in the declaration.
 */
export function declaredEnvironment(name: string): Environment {
  if (!Object.hasOwn(environments, name)) {
    throw new ProblemError(`There is no environment "${name}"`, [
      isUnregistered(name)
        ? {
            path: "environment",
            reason: `stacks/environments/${name}.ts is there, but it is not registered.`,
            fix: `Import it in stacks/environments/index.ts and add it to environments, under the key "${name}".`,
          }
        : Object.keys(environments).length === 0
          ? {
              path: "environment",
              reason: `the project in ${projectDirectory} declares none.`,
              fix: "Make a project with: npx serin init <folder>",
            }
          : unknownEnvironment(name, Object.keys(environments)),
    ]);
  }
  const declared = read(environments, name);
  if (declared instanceof Unreadable) {
    throw new ProblemError(`Environment "${name}" is invalid`, [
      { path: keyPath("environments", name), reason: `it cannot be read: ${declared.message}.` },
    ]);
  }
  rejectProblems(`Environment "${name}" is invalid`, environmentProblems(name, declared));
  return declared as Environment;
}

/** Verbs about a model are about `local` where no environment is named. A project of its own may have none. */
function unknownEnvironment(name: string, declared: readonly string[]): Problem {
  const problem = unknownChoice("environment", name, declared);
  return name !== "local"
    ? problem
    : {
        ...problem,
        fix: `It is the default of verbs about a model. Write, for example, --environment ${declared[0]}.`,
      };
}

/** A declared model of an environment. @throws ProblemError when there is none of that name. */
export function declaredModel(environment: Environment, name: string): Model {
  const model = Object.hasOwn(environment.models, name) ? environment.models[name] : undefined;
  if (model !== undefined) return model;
  throw new ProblemError(`Environment "${environment.name}" has no model "${name}"`, [
    unknownChoice("model", name, Object.keys(environment.models)),
  ]);
}

/** The namespace of an environment's models. */
export function modelNamespace({ platform }: Environment): string {
  return namespaceName(platform.modelNamespace);
}

/**
 * The clusters of an environment that a command is about: the one that is named, or all. A kubeconfig leads to one.
 *
 * @throws ProblemError for a name that is of none, and for a kubeconfig that may lead to any of several.
 */
export function chosenClusters(
  { name, clusters }: Environment,
  { cluster, kubeconfig }: { readonly cluster?: string; readonly kubeconfig?: string },
): string[] {
  const names = Object.keys(clusters);
  if (cluster !== undefined) {
    if (names.includes(cluster)) return [cluster];
    throw new ProblemError(`Environment "${name}" has no such cluster`, [unknownChoice("--cluster", cluster, names)]);
  }
  if (kubeconfig === undefined || names.length === 1) return names;
  throw new ProblemError("A kubeconfig leads to one cluster", [
    {
      path: "--cluster",
      reason: `it is not given, and environment "${name}" has ${names.length} clusters.`,
      fix: `Write which one the kubeconfig leads to: ${names.join(", ")}.`,
    },
  ]);
}

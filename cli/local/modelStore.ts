import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Problem, unknownChoice } from "../../components/core/problem.ts";
import type { Model } from "../../components/model/model.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import type { ClusterView } from "../cluster/clusterView.ts";
import { modelNamespace } from "../declared.ts";

/** The one claim the embedded environment prepares. */
export const embeddedClaim = "model-store";

/** What the embedded environment's model store lacks for these models; looked up before anything is changed. */
export function embeddedStoreProblems(models: Environment["models"], folder: string): Problem[] {
  return Object.entries(models).flatMap(([name, model]) =>
    storedVersionProblems(name, model, folder, `models.${name}.version`),
  );
}

/** Problems of one model's version in that folder; `path` is where the person typed the version. */
export function storedVersionProblems(
  name: string,
  { repository, version }: Model,
  folder: string,
  path: string,
): Problem[] {
  if (!("pvc" in repository)) {
    return [
      {
        path: `models.${name}.repository`,
        reason: "the embedded environment has no object store.",
        fix: `Use { pvc: "${embeddedClaim}" } there.`,
      },
    ];
  }
  if (repository.pvc !== embeddedClaim) {
    return [
      {
        ...unknownChoice(`models.${name}.repository.pvc`, repository.pvc, [embeddedClaim]),
        fix: `The embedded environment prepares the claim "${embeddedClaim}" alone.`,
      },
    ];
  }
  const store = join(folder, repository.path ?? name);
  const versions = foldersIn(store);
  if (versions === undefined) {
    return [
      {
        path: `models.${name}.repository`,
        reason: `${store} does not exist in the model store.`,
        fix: `Put each version into ${store}/<version>.`,
      },
    ];
  }
  return versions.includes(version) ? [] : [unknownChoice(path, version, versions)];
}

/** Claims the models refer to that a cluster of the person's own does not have. */
export async function missingClaims(environment: Environment, view: ClusterView): Promise<Problem[]> {
  const namespace = modelNamespace(environment);
  const problems = Object.entries(environment.models).map(async ([name, { repository }]): Promise<Problem[]> => {
    if (!("pvc" in repository) || (await view.claim(namespace, repository.pvc)) !== undefined) return [];
    return [
      {
        path: `models.${name}.repository.pvc`,
        reason: `there is no PersistentVolumeClaim "${repository.pvc}" in namespace "${namespace}".`,
        fix: `Create it and copy the model's versions into it, as <claim>/${repository.path ?? name}/<version>/….`,
      },
    ];
  });
  return (await Promise.all(problems)).flat();
}

function foldersIn(folder: string): string[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return undefined;
  }
}

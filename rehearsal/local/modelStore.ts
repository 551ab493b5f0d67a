import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Problem, under, unknownChoice } from "../../components/core/problem.ts";
import { locate } from "../../components/model/hostCluster.ts";
import type { Model } from "../../components/model/model.ts";
import { repositoryProblems } from "../../diagnosis/repository/repositoryProblems.ts";
import { backendsFor } from "../../embedded/standIn/standIn.ts";
import { modelNamespace } from "../../stacks/declared.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import type { ClusterView } from "../cluster/clusterView.ts";
import { differences } from "./artifactDigest.ts";

/** The one claim the embedded environment prepares. */
const embeddedStore = { kind: "pvc", claim: "model-store" } as const;

/** What the embedded environment's model store lacks for these models; looked up before anything is changed. */
export function embeddedStoreProblems(models: Environment["models"], folder: string): Problem[] {
  return Object.entries(models).flatMap(([name, model]) =>
    storedVersionProblems(name, model, folder, `models.${name}.version`),
  );
}

/**
 * Problems of one model's version in that folder: whether it is there, whether its files are the declared artifact, and
 * whether Triton can load them. `path` is where the person typed the version.
 */
export function storedVersionProblems(name: string, model: Model, folder: string, path: string): Problem[] {
  const found = storedVersion(name, model, folder, path);
  if (typeof found !== "string") return [...found];
  const { artifact } = model;
  return [
    ...(artifact === undefined ? [] : under(`models.${name}.artifact`, differences(artifact, found))),
    ...repositoryProblems(name, model, found, { backends: backendsFor(model.server), gpu: true }),
  ];
}

/** Where the files of that version are, or why they are not there. `path` is where the person typed the version. */
export function storedVersion(name: string, model: Model, folder: string, path: string): string | readonly Problem[] {
  const { repository, version } = model;
  const location = locate(name, repository, version, embeddedStore);
  if (!("claim" in location)) {
    return [
      {
        path: `models.${name}.repository`,
        reason: "the embedded environment has no object store.",
        fix: `Use { modelStore: "${name}" }, which is the claim "${embeddedStore.claim}" there.`,
      },
    ];
  }
  if (location.claim !== embeddedStore.claim) {
    return [
      {
        ...unknownChoice(`models.${name}.repository.pvc`, location.claim, [embeddedStore.claim]),
        fix: `The embedded environment prepares the claim "${embeddedStore.claim}" alone.`,
      },
    ];
  }
  const store = join(folder, dirname(location.path));
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
  if (!versions.includes(version)) return [unknownChoice(path, version, versions)];
  return join(folder, location.path);
}

/** Claims the models refer to that a cluster of the person's own does not have. */
export async function missingClaims(environment: Environment, view: ClusterView): Promise<Problem[]> {
  const namespace = modelNamespace(environment);
  const problems = Object.entries(environment.models).map(
    async ([name, { repository, version }]): Promise<Problem[]> => {
      const location = locate(name, repository, version, embeddedStore);
      if (!("claim" in location) || (await view.claim(namespace, location.claim)) !== undefined) return [];
      return [
        {
          path: `models.${name}.repository`,
          reason: `there is no PersistentVolumeClaim "${location.claim}" in namespace "${namespace}".`,
          fix: `Create it and copy the model's versions into it, as <claim>/${dirname(location.path)}/<version>/….`,
        },
      ];
    },
  );
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

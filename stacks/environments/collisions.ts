import type { Problem } from "../../components/core/problem.ts";
import type { Model } from "../../components/model/model.ts";
import { modelObjects } from "../../components/model/modelObjects.ts";
import { namespaceName } from "../../components/platform/modelNamespace.ts";
import { type PlatformSpec, systems } from "../../components/platform/systems.ts";

/** Namespaces that Kubernetes makes itself. Models in them would have rights, and neighbours, that are not theirs. */
const ofKubernetes = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Two declared things that would make the same Kubernetes object on a cluster. */
export function collisionProblems(platform: PlatformSpec, models: Readonly<Record<string, Model>>): Problem[] {
  return [...namespaceProblems(platform), ...modelCollisions(models)];
}

/** The models' namespace has a PeerAuthentication and labels of its own, so no system may be in it. */
function namespaceProblems({ modelNamespace }: PlatformSpec): Problem[] {
  const name = namespaceName(modelNamespace);
  const path = `platform.modelNamespace.${"create" in modelNamespace ? "create" : "adopt"}`;
  const owner = ofKubernetes.includes(name)
    ? undefined
    : Object.values(systems).find(({ namespaces }) => namespaces.some((namespace) => namespace.name === name));
  if (owner !== undefined) {
    return [
      {
        path,
        reason: `"${name}" is the namespace of ${owner.title}, whose objects would collide with those of the models.`,
        fix: 'Write another name, for example "models".',
      },
    ];
  }
  return "create" in modelNamespace && ofKubernetes.includes(name)
    ? [
        {
          path,
          reason: `"${name}" is a namespace that Kubernetes makes itself, so it cannot be created.`,
          fix: 'Write another name, for example "models".',
        },
      ]
    : [];
}

function modelCollisions(models: Readonly<Record<string, Model>>): Problem[] {
  const owners = new Map<string, string>();
  return Object.entries(models).flatMap(([name, model]) =>
    modelObjects(name, model).flatMap(({ kind, name: object }): Problem[] => {
      const key = `${kind} ${object}`;
      const owner = owners.get(key);
      owners.set(key, owner ?? name);
      if (owner === undefined) return [];
      return [
        {
          path: `models.${name}`,
          reason: `it makes the ${kind} "${object}", which model "${owner}" makes too.`,
          fix: "Give one of the models another name.",
        },
      ];
    }),
  );
}

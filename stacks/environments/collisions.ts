import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import type { Problem } from "../../components/core/problem.ts";
import { repeats } from "../../components/core/repeats.ts";
import type { Model } from "../../components/model/model.ts";
import { modelObjects } from "../../components/model/modelObjects.ts";
import { namespaceName } from "../../components/platform/modelNamespace.ts";
import { type PlatformSpec, systems } from "../../components/platform/systems.ts";
import { keyPath } from "../schema/declaredPath.ts";

/** Namespaces that Kubernetes makes itself. */
const ofKubernetes = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** The parts of an environment that make Kubernetes objects. */
interface Declared {
  readonly clusters: Readonly<Record<string, ClusterSpec>>;
  readonly platform: PlatformSpec;
  readonly models: Readonly<Record<string, Model>>;
}

/** Two declared things that would make the same Kubernetes object on a cluster. */
export function collisionProblems({ clusters, platform, models }: Declared): Problem[] {
  return [
    ...namespaceProblems(platform),
    ...modelCollisions(models, namespaceName(platform.modelNamespace)),
    ...sharedKubeconfigs(clusters),
    ...sharedConfiguration(clusters),
    ...deploymentCollisions(clusters, models),
  ];
}

/** Two keys with the credentials of one cluster: everything would be made on it twice. */
function sharedKubeconfigs(clusters: Declared["clusters"]): Problem[] {
  const secrets = Object.entries(clusters).map(([name, spec]) => ({
    name,
    secret: cloudOf(spec).kubeconfigSecret(spec),
  }));
  return repeats(secrets, ({ secret }) => secret).map(({ item, first }) => ({
    path: keyPath("clusters", item.name),
    reason: `its kubeconfig is the secret "${item.secret}", as that of cluster "${first.name}" is, so both are one cluster.`,
    fix: "Write another secret, or remove one of the two.",
  }));
}

/**
 * Keys of the cluster layer's configuration with two meanings. Clusters of one cloud share its account, and several
 * clusters the keys of one store.
 */
function sharedConfiguration(clusters: Declared["clusters"]): Problem[] {
  const uses = Object.entries(clusters).flatMap(([name, spec]) => {
    const { values, secrets } = cloudOf(spec).configuration(spec);
    const kubeconfig = cloudOf(spec).kubeconfigSecret(spec);
    return [
      ...values.map(({ key, word }) => ({ name, key, what: word })),
      ...secrets.map((key) => ({ name, key, what: key === kubeconfig ? "a kubeconfig" : "a key of a model store" })),
    ];
  });
  return uses.flatMap(({ name, key, what }, index) => {
    const other = uses.slice(0, index).find((before) => before.key === key && before.what !== what);
    return other === undefined
      ? []
      : [
          {
            path: keyPath("clusters", name),
            reason: `its configuration has the key "${key}" for something else than ${other.name === name ? "the same cluster" : `cluster "${other.name}"`} has it for, and one value cannot be both.`,
            fix: "Write another key.",
          },
        ];
  });
}

/**
 * A model on a cluster is called `<cluster>-<model>` in a stack that holds several clusters, and in every plan.
 */
function deploymentCollisions(clusters: Declared["clusters"], models: Declared["models"]): Problem[] {
  const deployments = Object.keys(clusters).flatMap((cluster) =>
    Object.keys(models).map((model) => ({ cluster, model, name: `${cluster}-${model}` })),
  );
  return repeats(deployments, ({ name }) => name).map(({ item, first }) => ({
    path: keyPath("models", item.model),
    reason: `on cluster "${item.cluster}" it is "${item.name}" in a stack, as model "${first.model}" on cluster "${first.cluster}" is.`,
    fix: "Give one of the models or clusters another name.",
  }));
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
  const fix = 'Write another name, for example "models".';
  if (!ofKubernetes.includes(name)) {
    return name.startsWith("kube-") ? [{ path, reason: `"${name}" is kept for Kubernetes itself.`, fix }] : [];
  }
  if ("create" in modelNamespace) {
    return [{ path, reason: `"${name}" is a namespace that Kubernetes makes itself, so it cannot be created.`, fix }];
  }
  // An administrator may have prepared "default". The others hold what the cluster itself runs on.
  return name === "default" ? [] : [{ path, reason: `"${name}" is kept for Kubernetes itself.`, fix }];
}

function modelCollisions(models: Readonly<Record<string, Model>>, namespace: string): Problem[] {
  const objects = Object.entries(models).flatMap(([name, model]) =>
    modelObjects(name, model, namespace).map((object) => ({ model: name, object })),
  );
  return repeats(objects, ({ object }) => `${object.kind} ${object.name}`).map(({ item, first }) => ({
    path: keyPath("models", item.model),
    reason: `it makes the ${item.object.kind} "${item.object.name}", which model "${first.model}" makes too.`,
    fix: "Give one of the models another name.",
  }));
}

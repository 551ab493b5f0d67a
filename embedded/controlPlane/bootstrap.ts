import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterObjects } from "../../engine/kubernetes/clusterObjects.ts";
import { accepts, type GroupDiscovery, servedVersions } from "../../engine/kubernetes/discovery.ts";
import { referenceTo } from "../../engine/kubernetes/kubernetesObject.ts";
import type { Allocation } from "./allocation.ts";
import {
  configurationObjects,
  metricsObjects,
  modelStoreObjects,
  namespaceObjects,
  nodeObjects,
  withoutSpec,
} from "./objects.ts";
import { roleObjects } from "./roles.ts";

/** The environment takes over any field that another manager holds, and asks for the shortest answer. */
const forced = { force: true, answer: "metadata" } as const;

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/**
 * Applies the objects that the controllers need before they start: namespaces, RBAC roles and custom resource
 * definitions. Resolves when the API server serves the custom resources.
 */
export async function prepareCluster(cluster: ClusterObjects, { tools }: Allocation): Promise<void> {
  await Promise.all(namespaceObjects().map((object) => cluster.apply(object, forced)));
  const files = [...tools.crds.argoRollouts, ...tools.crds.istio, ...tools.crds.prometheusOperator];
  const documents = files
    .flatMap((file) => definitionsIn(readFileSync(file, "utf8")))
    .filter(({ name }) => isWanted(name));
  await Promise.all([
    ...roleObjects().map((object) => cluster.apply(object, forced)),
    ...documents.map(({ name, text }) => cluster.applyAt(`${definitions}/${name}`, text, forced)),
  ]);
  await until("all custom resource definitions are served", async () => {
    const served = await servedResources(cluster);
    return documents.every(({ name }) => served.has(name));
  });
}

/**
 * Applies the objects that models need: ConfigMaps, nodes and the model store. Resolves when the nodes are Ready and
 * the PersistentVolumeClaim of the model store is Bound.
 */
export async function addNodesAndModelStore(cluster: ClusterObjects, allocation: Allocation): Promise<void> {
  await Promise.all([
    ...configurationObjects(allocation).map((object) => cluster.apply(object, forced)),
    addNodes(cluster, allocation),
    addModelStore(cluster, allocation),
  ]);
}

/**
 * Registers the API that `kubectl top` reads. The node agent must answer it from then on: each client asks it for its
 * kinds.
 */
export async function registerMetrics(cluster: ClusterObjects, allocation: Allocation): Promise<void> {
  const authority = readFileSync(allocation.credentials.kubeletAuthority, "utf8");
  await Promise.all(metricsObjects(allocation, authority).map((object) => cluster.apply(object, forced)));
}

async function addNodes(cluster: ClusterObjects, allocation: Allocation): Promise<void> {
  const nodes = nodeObjects(allocation);
  await Promise.all(
    nodes.map(async (node) => {
      const { status: _, ...spec } = node;
      await cluster.apply(spec, forced);
      await cluster.apply(withoutSpec(node), { ...forced, subresource: "status" });
    }),
  );
  await until("the simulated nodes are Ready", async () => {
    const ready = await readyNodes(cluster);
    return nodes.every(({ metadata }) => ready.has(metadata.name));
  });
}

async function addModelStore(cluster: ClusterObjects, { dataDir }: Allocation): Promise<void> {
  const { volume, claim } = modelStoreObjects(dataDir);
  await cluster.apply(volume, forced);
  await cluster.apply(claim, forced);
  await until("the PersistentVolumeClaim of the model store is Bound", async () => {
    const seen = (await cluster.get(referenceTo(claim))) as { status?: { phase?: string } } | undefined;
    return seen?.status?.phase === "Bound";
  });
}

/**
 * Selects the definitions to install. Of the Prometheus Operator's resources only those that declare targets and rules
 * are installed. The others ask the operator to run servers, and no operator runs here; without them the API server
 * needs 300 MB less memory and a start takes 2 s less.
 */
function isWanted(name: string): boolean {
  const [plural, ...group] = name.split(".");
  return (
    group.join(".") !== "monitoring.coreos.com" ||
    ["podmonitors", "servicemonitors", "probes", "prometheusrules"].includes(plural ?? "")
  );
}

/**
 * Splits a YAML file into its custom resource definitions. It does not parse them, because the schemas are megabytes
 * and only the line with the name is needed.
 * @throws Error if a definition has no name
 */
export function definitionsIn(text: string): { name: string; text: string }[] {
  return text
    .split(/^---$/m)
    .filter((document) => /^kind: CustomResourceDefinition$/m.test(document))
    .map((document) => {
      const name = /^metadata:\n(?:[ ].*\n)*? {2}name: (\S+)$/m.exec(document)?.[1];
      if (name === undefined) throw new Error("A custom resource definition has no name.");
      return { name, text: document };
    });
}

/** All resources that the API server serves, as `<plural>.<group>`, from one request (aggregated discovery). */
async function servedResources({ client }: ClusterObjects): Promise<ReadonlyMap<string, readonly string[]>> {
  type Groups = { readonly items: readonly GroupDiscovery[] };
  return servedVersions((await client.send<Groups>({ method: "GET", path: "/apis", accept: accepts.discovery })).items);
}

async function readyNodes({ client }: ClusterObjects): Promise<Set<string>> {
  const nodes = await client.send<{
    items: { metadata: { name: string }; status?: { conditions?: { type: string; status: string }[] } }[];
  }>({ method: "GET", path: "/api/v1/nodes" });
  const isReady = (node: (typeof nodes.items)[number]) =>
    node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  return new Set(nodes.items.filter(isReady).map(({ metadata }) => metadata.name));
}

async function until(what: string, reached: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await reached())) {
    if (performance.now() > deadline) throw new Error(`Gave up after ${timeoutMs / 1000} s waiting until ${what}.`);
    await sleep(100);
  }
}

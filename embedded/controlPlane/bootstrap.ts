import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Allocation } from "./allocation.ts";
import type { ApiClient } from "./apiClient.ts";
import { configurationObjects, modelStoreObjects, namespaceObjects, nodeObjects, withoutSpec } from "./objects.ts";
import { roleObjects } from "./roles.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** What the controllers need before they start: namespaces, their rights, and their custom resource definitions. */
export async function prepareCluster(api: ApiClient, { tools }: Allocation): Promise<void> {
  await Promise.all(namespaceObjects().map((object) => api.apply(object)));
  const files = [...tools.crds.argoRollouts, ...tools.crds.istio, ...tools.crds.prometheusOperator];
  const documents = files
    .flatMap((file) => definitionsIn(readFileSync(file, "utf8")))
    .filter(({ name }) => isWanted(name));
  await Promise.all([
    ...roleObjects().map((object) => api.apply(object)),
    ...documents.map(({ name, text }) => api.applyText(`${definitions}/${name}`, text)),
  ]);
  await until("all custom resource definitions are served", async () => {
    const served = await servedResources(api);
    return documents.every(({ name }) => served.has(name));
  });
}

/**
 * What the models need: configuration, machines, model store. Ends when the machines are ready and the store is bound.
 */
export async function furnishCluster(api: ApiClient, allocation: Allocation): Promise<void> {
  await Promise.all([
    ...configurationObjects(allocation).map((object) => api.apply(object)),
    offerMachines(api),
    offerModelStore(api, allocation),
  ]);
}

async function offerMachines(api: ApiClient): Promise<void> {
  const nodes = nodeObjects();
  await Promise.all(
    nodes.map(async (node) => {
      const { status: _, ...spec } = node;
      await api.apply(spec);
      await api.apply(withoutSpec(node), "status");
    }),
  );
  await until("the simulated machines are ready", async () => {
    const ready = await readyNodes(api);
    return nodes.every(({ metadata }) => ready.has(metadata.name));
  });
}

async function offerModelStore(api: ApiClient, { dataDir }: Allocation): Promise<void> {
  const { volume, claim } = modelStoreObjects(dataDir);
  await api.apply(volume);
  await api.apply(claim);
  await until("the model store is bound", async () => {
    const seen = (await api.get("/api/v1/namespaces/models/persistentvolumeclaims/model-store")) as {
      status?: { phase?: string };
    };
    return seen.status?.phase === "Bound";
  });
}

/**
 * Of the Prometheus operator's resources, those that describe what to watch. The others ask the operator to run
 * servers, which nothing here does; leaving them out saves the API server 300 MB and a start 2 s.
 */
function isWanted(name: string): boolean {
  const [plural, ...group] = name.split(".");
  return (
    group.join(".") !== "monitoring.coreos.com" ||
    ["podmonitors", "servicemonitors", "probes", "prometheusrules"].includes(plural ?? "")
  );
}

/** Splits a YAML file into its definitions without parsing it: the schemas are megabytes, the name is one line. */
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

/** All resources the API server serves, as `<plural>.<group>`, in one small answer (aggregated discovery). */
async function servedResources(api: ApiClient): Promise<Set<string>> {
  const groups = (await api.get("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")) as {
    items: { metadata: { name: string }; versions: { resources?: { resource: string }[] }[] }[];
  };
  return new Set(
    groups.items.flatMap(({ metadata, versions }) =>
      versions.flatMap(({ resources = [] }) => resources.map(({ resource }) => `${resource}.${metadata.name}`)),
    ),
  );
}

async function readyNodes(api: ApiClient): Promise<Set<string>> {
  const nodes = (await api.get("/api/v1/nodes")) as {
    items: { metadata: { name: string }; status?: { conditions?: { type: string; status: string }[] } }[];
  };
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

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubernetesClient } from "../../../engine/kubernetes/kubernetesClient.ts";
import type { FieldSet, KubernetesObject } from "../../../engine/kubernetes/kubernetesObject.ts";
import { kubeconfigOf } from "../kubernetes/kubeconfig.fixture.ts";

type Json = { [key: string]: unknown };
/** `["spec", "http"]`; an item of a keyed list is `k:{"name":"x"}`. */
type Path = readonly string[];

interface Stored {
  object: Json & { metadata: Json };
  readonly uid: string;
  version: number;
  /** The fields of each manager, by `<manager>/<Apply or Update>`: path as JSON text. */
  readonly owners: Map<string, Set<string>>;
}

/**
 * An API server in this process, for what an engine meets: server-side apply with owners of fields, conflicts and
 * removal of what is no longer applied; merge patches, which take fields over; deletion, discovery, labels. It knows no
 * schema and changes no object by itself: a list is one field, except `webhooks`, whose items are told apart by name; so is a selector.
 */
export interface FakeApiServer {
  readonly kubeconfig: string;
  readonly client: KubernetesClient;
  stop(): void;
}

const served: Readonly<Record<string, readonly [plural: string, kind: string, namespaced: boolean][]>> = {
  v1: [
    ["namespaces", "Namespace", false],
    ["configmaps", "ConfigMap", true],
    ["secrets", "Secret", true],
    ["services", "Service", true],
    ["serviceaccounts", "ServiceAccount", true],
  ],
  "policy/v1": [["poddisruptionbudgets", "PodDisruptionBudget", true]],
  "networking.istio.io/v1": [
    ["virtualservices", "VirtualService", true],
    ["destinationrules", "DestinationRule", true],
  ],
  "networking.istio.io/v1alpha3": [["envoyfilters", "EnvoyFilter", true]],
  "security.istio.io/v1": [
    ["requestauthentications", "RequestAuthentication", true],
    ["authorizationpolicies", "AuthorizationPolicy", true],
  ],
  "monitoring.coreos.com/v1": [
    ["podmonitors", "PodMonitor", true],
    ["prometheusrules", "PrometheusRule", true],
  ],
  "argoproj.io/v1alpha1": [
    ["rollouts", "Rollout", true],
    ["analysistemplates", "AnalysisTemplate", true],
  ],
  "admissionregistration.k8s.io/v1": [
    ["validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false],
    ["mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false],
  ],
  "apiextensions.k8s.io/v1": [["customresourcedefinitions", "CustomResourceDefinition", false]],
};

const keyedLists: Readonly<Record<string, string>> = { webhooks: "name" };
/** Maps that are one field (`x-kubernetes-map-type: atomic`). */
const atomicMaps = new Set(["namespaceSelector", "objectSelector", "selector"]);

export async function startFakeApiServer(namespaces: readonly string[]): Promise<FakeApiServer> {
  const objects = new Map<string, Stored>();
  const server = createServer((request, response) => void answer(request, response, objects));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  for (const name of ["kube-system", "default", ...namespaces]) {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    apply(objects, `/api/v1/namespaces/${name}`, body, "bootstrap", false);
  }
  const kubeconfig = kubeconfigOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    kubeconfig,
    client: new KubernetesClient(kubeconfig),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, objects: Map<string, Stored>): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const url = new URL(request.url ?? "", "http://fake");
  const { code, body } = respond(request, url, text, objects);
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}

interface Answer {
  readonly code: number;
  readonly body: unknown;
}

function respond(request: IncomingMessage, url: URL, text: string, objects: Map<string, Stored>): Answer {
  const path = url.pathname;
  const manager = url.searchParams.get("fieldManager") ?? "unknown";
  if (request.method === "GET") return read(url, objects);
  if (request.method === "DELETE") {
    const uid = (text === "" ? {} : JSON.parse(text)).preconditions?.uid as string | undefined;
    const stored = objects.get(path);
    if (stored === undefined) return notFound(path);
    if (uid !== undefined && uid !== stored.uid) return status(409, "Conflict", "the UID is another one");
    objects.delete(path);
    return { code: 200, body: {} };
  }
  const [, namespace] = /^\/apis?\/.*\/?namespaces\/([^/]+)\/./.exec(path) ?? [];
  if (namespace !== undefined && !objects.has(`/api/v1/namespaces/${namespace}`)) {
    return status(404, "NotFound", `namespaces "${namespace}" not found`);
  }
  const body = JSON.parse(text) as Json;
  if (request.headers["content-type"] === "application/apply-patch+yaml") {
    return apply(objects, path, body, manager, url.searchParams.get("force") === "true");
  }
  return merge(objects, path, body, manager);
}

function read(url: URL, objects: Map<string, Stored>): Answer {
  const path = url.pathname;
  const [, version] = /^\/apis?\/((?:[^/]+\/)?v\w+)$/.exec(path) ?? [];
  const kinds = version === undefined ? undefined : served[version];
  if (kinds !== undefined) {
    const resources = kinds.map(([name, kind, namespaced]) => ({ name, kind, namespaced }));
    return { code: 200, body: { kind: "APIResourceList", resources } };
  }
  const [, group] = /^\/apis\/([^/]+)$/.exec(path) ?? [];
  const groupVersion = Object.keys(served).find((known) => known.split("/")[0] === group);
  if (groupVersion !== undefined) return { code: 200, body: { preferredVersion: { groupVersion } } };
  const stored = objects.get(path);
  if (stored !== undefined) return { code: 200, body: shown(stored) };
  const selector = url.searchParams.get("labelSelector");
  if (selector === null) return notFound(path);
  const [label = "", value] = selector.split("=");
  const [, root = "", plural = ""] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
  const items = [...objects]
    .filter(([key]) => key.startsWith(`${root}/`) && key.split("/").at(-2) === plural)
    .map(([, item]) => shown(item))
    .filter(({ metadata }) => metadata.labels?.[label] === value);
  return { code: 200, body: { items } };
}

function apply(objects: Map<string, Stored>, at: string, body: Json, manager: string, force: boolean): Answer {
  const known = objects.get(at);
  const stored: Stored = known ?? { object: identityOf(body), uid: randomUUID(), version: 0, owners: new Map() };
  const wanted = leaves(body);
  const conflicts = [...wanted].flatMap(([key, value]) => conflictsOf(stored, manager, key, value));
  if (conflicts.length > 0 && !force) {
    const causes = conflicts.map(({ owner, path }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${owner}"`,
      field: fieldName(path),
    }));
    const refused = status(409, "Conflict", `Apply failed with ${causes.length} conflicts`);
    return { ...refused, body: { ...(refused.body as object), details: { causes } } };
  }
  const before = JSON.stringify(shown(stored));
  for (const { key, owner, operation } of conflicts) stored.owners.get(`${owner}/${operation}`)?.delete(key);
  const mine = `${manager}/Apply`;
  const earlier = stored.owners.get(mine) ?? new Set();
  stored.owners.set(mine, new Set(wanted.keys()));
  for (const key of earlier) {
    const held = [...stored.owners.values()].some((paths) => [...paths].some((path) => overlaps(path, key)));
    if (!held) remove(stored.object, JSON.parse(key) as Path);
  }
  for (const [key, value] of wanted) set(stored.object, JSON.parse(key) as Path, value);
  if (known === undefined || JSON.stringify(shown(stored)) !== before) stored.version += 1;
  objects.set(at, stored);
  return { code: known === undefined ? 201 : 200, body: shown(stored) };
}

/** A merge patch: what it changes belongs to who sent it, and to nobody else. */
function merge(objects: Map<string, Stored>, at: string, body: Json, manager: string): Answer {
  const stored = objects.get(at);
  if (stored === undefined) return notFound(at);
  const mine = `${manager}/Update`;
  for (const [key, value] of leaves(body)) {
    const path = JSON.parse(key) as Path;
    if (JSON.stringify(get(stored.object, path)) === JSON.stringify(value)) continue;
    for (const paths of stored.owners.values()) for (const path of paths) if (overlaps(path, key)) paths.delete(path);
    if (value === null) remove(stored.object, path);
    else {
      set(stored.object, path, value);
      stored.owners.set(mine, (stored.owners.get(mine) ?? new Set()).add(key));
    }
    stored.version += 1;
  }
  return { code: 200, body: shown(stored) };
}

function conflictsOf(stored: Stored, manager: string, key: string, value: unknown) {
  const path = JSON.parse(key) as Path;
  if (JSON.stringify(get(stored.object, path)) === JSON.stringify(value)) return [];
  return [...stored.owners].flatMap(([owner, paths]) => {
    const [name = "", operation = ""] = owner.split("/");
    if (owner === `${manager}/Apply`) return [];
    return [...paths]
      .filter((other) => overlaps(other, key))
      .map((other) => ({ owner: name, operation, key: other, path }));
  });
}

/** Whether one path leads to the other or beyond it. */
function overlaps(a: string, b: string): boolean {
  const [left, right] = [JSON.parse(a) as Path, JSON.parse(b) as Path];
  return left.every((step, index) => right[index] === undefined || right[index] === step);
}

/** The fields of an object, with their values: maps by key, keyed lists by item, all else as a whole. */
function leaves(value: unknown, path: Path = []): Map<string, unknown> {
  const [head = "", second = ""] = path;
  if (["apiVersion", "kind"].includes(head) && path.length === 1) return new Map();
  if (head === "metadata" && ["name", "namespace", "uid", "resourceVersion"].includes(second)) return new Map();
  const key = keyedLists[path.at(-1) ?? ""];
  if (Array.isArray(value) && key !== undefined && path.length === 1) {
    return merged(value.map((item: Json) => leaves(item, [...path, `k:${JSON.stringify({ [key]: item[key] })}`])));
  }
  const whole = atomicMaps.has(path.at(-1) ?? "") || (path.length > 0 && isMap(value) && isEmpty(value));
  if (isMap(value) && !whole) {
    return merged(Object.entries(value).map(([field, inner]) => leaves(inner, [...path, field])));
  }
  return new Map([[JSON.stringify(path), value]]);
}

function merged(maps: readonly Map<string, unknown>[]): Map<string, unknown> {
  return new Map(maps.flatMap((map) => [...map]));
}

function step(holder: unknown, name: string): unknown {
  if (name.startsWith("k:") && Array.isArray(holder)) {
    const [[field, value] = []] = Object.entries(JSON.parse(name.slice(2)) as Json);
    return holder.find((item: Json) => item[field ?? ""] === value);
  }
  return isMap(holder) ? holder[name] : undefined;
}

function get(object: unknown, path: Path): unknown {
  return path.reduce(step, object);
}

function set(object: Json, path: Path, value: unknown): void {
  let holder: unknown = object;
  for (const [index, name] of path.entries()) {
    const last = index === path.length - 1;
    const next = last ? structuredClone(value) : path[index + 1]?.startsWith("k:") ? [] : {};
    const found = step(holder, name);
    if (name.startsWith("k:")) {
      const item = found ?? JSON.parse(name.slice(2));
      if (found === undefined) (holder as unknown[]).push(item);
      holder = item;
    } else {
      if (last || found === undefined) (holder as Json)[name] = next;
      holder = (holder as Json)[name];
    }
  }
}

function remove(object: Json, path: Path): void {
  const parent = get(object, path.slice(0, -1));
  const name = path.at(-1) ?? "";
  if (isMap(parent)) delete parent[name];
}

function shown({ object, uid, version, owners }: Stored): KubernetesObject {
  const managedFields = [...owners].flatMap(([owner, paths]) => {
    const [manager, operation] = owner.split("/");
    return paths.size === 0 ? [] : [{ manager, operation, fieldsType: "FieldsV1", fieldsV1: fieldSet(paths) }];
  });
  const settled =
    object.kind === "Namespace"
      ? { status: { phase: "Active" } }
      : object.kind === "CustomResourceDefinition"
        ? { status: { conditions: [{ type: "Established", status: "True" }] } }
        : {};
  const metadata = { ...object.metadata, uid, resourceVersion: String(version), managedFields };
  return structuredClone({ ...object, ...settled, metadata }) as unknown as KubernetesObject;
}

function fieldSet(paths: ReadonlySet<string>): FieldSet {
  const fields: Record<string, object> = {};
  for (const text of paths) {
    let inner: Record<string, object> = fields;
    for (const name of JSON.parse(text) as Path) {
      const element = name.startsWith("k:") ? name : `f:${name}`;
      inner[element] ??= {};
      inner = inner[element] as Record<string, object>;
    }
  }
  return fields as FieldSet;
}

/** `.webhooks[name="x"].failurePolicy`, as the API server writes it. */
function fieldName(path: Path): string {
  return path
    .map((name) => {
      if (!name.startsWith("k:")) return `.${name}`;
      const [[field, value] = []] = Object.entries(JSON.parse(name.slice(2)) as Json);
      return `[${field}=${JSON.stringify(value)}]`;
    })
    .join("");
}

function identityOf({ apiVersion, kind, metadata }: Json): Stored["object"] {
  const { name, namespace } = metadata as Json;
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(map: Json): boolean {
  return Object.keys(map).length === 0;
}

function status(code: number, reason: string, message: string): Answer {
  return { code, body: { kind: "Status", reason, message } };
}

function notFound(path: string): Answer {
  return status(404, "NotFound", `${path} not found`);
}

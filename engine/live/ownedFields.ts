import type { FieldSet, KubernetesObject, ManagedFields } from "../kubernetes/kubernetesObject.ts";

type JsonObject = { [key: string]: unknown };

/**
 * The manifest to apply to an object that exists: as given, except at the ignored paths. There it has the live value
 * where `manager` still owns the field, and nothing where another manager has taken it over. So nothing at these paths
 * changes: a field that is owned and left out would be removed, and one that is not owned and stated would be a
 * conflict.
 */
export function withIgnoredPaths(
  manifest: KubernetesObject,
  live: KubernetesObject,
  paths: readonly (readonly string[])[],
  manager: string,
): KubernetesObject {
  const entries = live.metadata.managedFields ?? [];
  const owned = fieldsOf(entries.filter((entry) => entry.manager === manager && entry.operation === "Apply"));
  const others = fieldsOf(entries.filter((entry) => entry.manager !== manager));
  const result = structuredClone(manifest) as JsonObject;
  for (const path of paths) {
    const kept = keptValue(live, owned, others, path);
    if (kept === undefined) remove(result, path);
    else set(result, path, kept);
  }
  return result as unknown as KubernetesObject;
}

/** The part of the live value at a path that the manager owns; undefined when it owns nothing there. */
function keptValue(live: unknown, owned: FieldSet, others: FieldSet, path: readonly string[]): unknown {
  let value = live;
  let fields: FieldSet = owned;
  let wholly = false;
  for (const [depth, key] of path.entries()) {
    if (!isObject(value) || !(key in value)) return undefined;
    value = value[key];
    if (wholly) continue;
    const inner = fields[`f:${key}`];
    if (inner === undefined) return undefined;
    fields = inner;
    // An empty set is a leaf: all below is owned as one, unless the field was applied as an empty map that others have
    // filled since.
    wholly = Object.keys(fields).length === 0;
    if (wholly && depth < path.length - 1 && contains(others, path)) return undefined;
  }
  return wholly ? value : ownedPart(value, fields);
}

function contains(fields: FieldSet, path: readonly string[]): boolean {
  let inner: FieldSet | undefined = fields;
  for (const key of path) inner = inner?.[`f:${key}`];
  return inner !== undefined;
}

/** The part of a live value that a field set covers; the same as `managedfields.ExtractInto` of apimachinery. */
export function ownedPart(value: unknown, fields: FieldSet): unknown {
  const elements = Object.keys(fields);
  if (elements.length === 0) return value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item, index) => {
      const element = elements.find((candidate) => selects(candidate, item, index));
      return element === undefined ? [] : [ownedPart(item, fields[element] ?? {})];
    });
    return items;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    elements
      .filter((element) => element.startsWith("f:") && element.slice(2) in value)
      .map((element) => [element.slice(2), ownedPart(value[element.slice(2)], fields[element] ?? {})]),
  );
}

/** `k:{"name":"x"}` selects a list item by its key fields, `v:1` by its value, `i:0` by its position. */
function selects(element: string, item: unknown, index: number): boolean {
  const [sort, rest] = [element.slice(0, 2), element.slice(2)];
  if (sort === "i:") return Number(rest) === index;
  if (sort === "v:") return JSON.stringify(item) === rest;
  if (sort !== "k:" || !isObject(item)) return false;
  const keys = JSON.parse(rest) as JsonObject;
  return Object.entries(keys).every(([key, value]) => item[key] === value);
}

/**
 * The fields of several entries (a manager has one per API version) taken together; not of subresources such as
 * `status`.
 */
function fieldsOf(entries: readonly ManagedFields[]): FieldSet {
  return entries
    .filter(({ subresource }) => subresource === undefined)
    .reduce<FieldSet>((all, entry) => union(all, entry.fieldsV1 ?? {}), {});
}

function union(a: FieldSet, b: FieldSet): FieldSet {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...keys].map((key) => [key, union(a[key] ?? {}, b[key] ?? {})]));
}

/**
 * A path of `ignoreChanges` as keys: `spec.http`, `metadata.annotations["a.b/c"]`. Undefined for a path into a list,
 * which the Kubernetes provider ignores too (pulumi-kubernetes `provider/pkg/await/await.go`).
 */
export function propertyPath(text: string): readonly string[] | undefined {
  const keys = [...text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|([^.[\]]+)/g)];
  if (keys.some(([, , index]) => index !== undefined) || keys.some(([, , , key]) => key === "*")) return undefined;
  return keys.map(([, quoted, , key]) => (quoted === undefined ? (key ?? "") : quoted.replaceAll('\\"', '"')));
}

function set(target: JsonObject, path: readonly string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce((object: JsonObject, key) => {
    const inner = object[key];
    if (isObject(inner)) return inner;
    const created: JsonObject = {};
    object[key] = created;
    return created;
  }, target);
  const last = path.at(-1);
  if (last !== undefined) parent[last] = value;
}

/**
 * Takes a field out, and with it the maps that hold nothing else: applying an empty map would be a claim of its own.
 */
function remove(target: JsonObject, path: readonly string[]): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const inner = target[key];
  if (rest.length > 0 && isObject(inner)) remove(inner, rest);
  if (rest.length === 0 || (isObject(inner) && Object.keys(inner).length === 0)) delete target[key];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

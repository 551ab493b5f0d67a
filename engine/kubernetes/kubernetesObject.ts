/** A Kubernetes object as JSON. */
export interface KubernetesObject {
  /** Group and version: `apps/v1`, `v1` for the core group. */
  readonly apiVersion: string;
  /** The kind, in singular and upper camel case: `ConfigMap`. */
  readonly kind: string;
  /** Name, namespace, labels and what the API server adds. */
  readonly metadata: ObjectMetadata;
  /** `spec`, `status`, `data` and the like. */
  readonly [field: string]: unknown;
}

/** The metadata of an object, as far as this project reads it. */
export interface ObjectMetadata {
  /** The name, unique for its kind and namespace. */
  readonly name: string;
  /** Absent for kinds without a namespace. */
  readonly namespace?: string;
  /** Another one for each object that had this name. Set by the API server. */
  readonly uid?: string;
  /** Changes with every write. Set by the API server. */
  readonly resourceVersion?: string;
  /** Labels, by which objects are selected. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Texts for programs. Nothing is selected by them. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Which manager owns which fields. Set by the API server. */
  readonly managedFields?: readonly ManagedFields[];
  /** `deletionTimestamp`, `finalizers`, `ownerReferences` and the like. */
  readonly [field: string]: unknown;
}

/** The fields of an object that one manager owns (`metadata.managedFields`). */
export interface ManagedFields {
  /** The name of the manager, such as `serin` or `kubectl`. */
  readonly manager: string;
  /** `Apply` for server-side apply. */
  readonly operation: "Apply" | "Update";
  /** Present for a write to a subresource: `status`, `scale`. */
  readonly subresource?: string;
  /** Paths of the fields that it owns. */
  readonly fieldsV1?: FieldSet;
}

/** A set of paths as server-side apply writes it: `{"f:spec": {"f:replicas": {}}}`. */
export interface FieldSet {
  /** The fields below one element; empty for the end of a path. */
  readonly [element: string]: FieldSet;
}

/** The identity of an object. */
export interface ObjectReference {
  /** Group and version. */
  readonly apiVersion: string;
  /** In singular and upper camel case: `ConfigMap`. */
  readonly kind: string;
  /** Unique for kind and namespace. */
  readonly name: string;
  /** Present where the kind has namespaces. */
  readonly namespace?: string;
}

/** The reference to an object. */
export function referenceTo({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectReference {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** `apps` for `apps/v1`, an empty text for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

/** How errors and progress name an object: `ConfigMap models/settings`. */
export function describeObject({ kind, namespace, name }: Omit<ObjectReference, "apiVersion">): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** The path of a group and version: `/apis/apps/v1`, `/api/v1` for the core group. */
export function apiPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

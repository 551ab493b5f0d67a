import { ApiError, type KubernetesClient } from "./kubernetesClient.ts";

/** A Kubernetes object as JSON. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly ManagedFields[];
  readonly [field: string]: unknown;
}

/** What one manager owns of an object (`metadata.managedFields`). */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string;
  readonly fieldsV1?: FieldSet;
}

/** A set of paths as server-side apply writes it: `{"f:spec": {"f:replicas": {}}}`. */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** Which object: its kind and its name, `namespace` only where the kind is namespaced. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** How the API serves a kind. */
export interface ServedKind {
  readonly plural: string;
  readonly namespaced: boolean;
}

/**
 * Who applies the fields, in `metadata.managedFields`. One for all stacks: what a stack owns is told by its ApplySet.
 */
export const fieldManager = "serin";

/** Objects of one cluster. */
export class Cluster {
  readonly client: KubernetesClient;
  #identity: Promise<string> | undefined;
  readonly #kinds = new Map<string, Promise<ReadonlyMap<string, ServedKind>>>();

  constructor(client: KubernetesClient) {
    this.client = client;
  }

  /** The UID of `kube-system`: what a cluster is the same by, however it is reached. */
  identity(): Promise<string> {
    this.#identity ??= this.get({ apiVersion: "v1", kind: "Namespace", name: "kube-system" }).then(
      (namespace) => namespace?.metadata.uid ?? this.client.server,
    );
    return this.#identity;
  }

  /** How a kind is served; undefined when the cluster does not know it. */
  async servedKind(apiVersion: string, kind: string): Promise<ServedKind | undefined> {
    const listing = this.#kinds.get(apiVersion) ?? this.#discover(apiVersion);
    this.#kinds.set(apiVersion, listing);
    try {
      const served = (await listing).get(kind);
      if (served === undefined) this.#kinds.delete(apiVersion);
      return served;
    } catch (error) {
      this.#kinds.delete(apiVersion);
      throw error;
    }
  }

  async #discover(apiVersion: string): Promise<ReadonlyMap<string, ServedKind>> {
    type Listing = { resources: { name: string; kind: string; namespaced: boolean }[] };
    try {
      const { resources } = await this.client.send<Listing>({ method: "GET", path: basePath(apiVersion) });
      return new Map(
        resources
          .filter(({ name }) => !name.includes("/"))
          .map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]),
      );
    } catch (error) {
      if (isNotFound(error)) return new Map();
      throw error;
    }
  }

  /** The object; undefined when it is not there. */
  async get(reference: ObjectReference, signal?: AbortSignal): Promise<KubernetesObject | undefined> {
    try {
      const path = await this.#path(reference);
      return await this.client.send<KubernetesObject>({ method: "GET", path, ...(signal && { signal }) });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * Server-side apply. Without `force`, fields that another manager owns and that would change are a conflict (409).
   */
  async apply(object: KubernetesObject, force: boolean, signal?: AbortSignal): Promise<KubernetesObject> {
    return this.client.send<KubernetesObject>({
      method: "PATCH",
      path: await this.#path(referenceTo(object)),
      query: { fieldManager, force: String(force), fieldValidation: "Warn" },
      body: object,
      contentType: "application/apply-patch+yaml",
      ...(signal && { signal }),
    });
  }

  /** Deletes an object, only that very one when its `uid` is given; nothing happens when it is not there. */
  async delete(reference: ObjectReference, uid?: string): Promise<void> {
    try {
      await this.client.send({
        method: "DELETE",
        path: await this.#path(reference),
        body: { propagationPolicy: "Background", ...(uid === undefined ? {} : { preconditions: { uid } }) },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Removes a label, so that the object is no longer found by it. */
  async removeLabel(reference: ObjectReference, label: string): Promise<void> {
    await this.client.send({
      method: "PATCH",
      path: await this.#path(reference),
      query: { fieldManager },
      body: { metadata: { labels: { [label]: null } } },
      contentType: "application/merge-patch+json",
    });
  }

  /** Metadata of the objects of a kind that carry a label, in all namespaces. */
  async labelled(apiVersion: string, kind: string, label: string, value: string): Promise<ObjectMetadata[]> {
    const served = await this.servedKind(apiVersion, kind);
    if (served === undefined) return [];
    const { items } = await this.client.send<{ items: { metadata: ObjectMetadata }[] }>({
      method: "GET",
      path: `${basePath(apiVersion)}/${served.plural}`,
      query: { labelSelector: `${label}=${value}` },
      accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    });
    return items.map(({ metadata }) => metadata);
  }

  /** What a chart may ask about the cluster (`.Capabilities`). */
  async capabilities(): Promise<{ gitVersion: string; apiVersions: string[] }> {
    const { gitVersion } = await this.client.send<{ gitVersion: string }>({ method: "GET", path: "/version" });
    const { groups } = await this.client.send<{ groups: { versions: { groupVersion: string }[] }[] }>({
      method: "GET",
      path: "/apis",
    });
    const apiVersions = groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion));
    return { gitVersion, apiVersions: ["v1", ...apiVersions] };
  }

  /** The version of a group that the server prefers; undefined when the group is not served. */
  async preferredVersion(group: string): Promise<string | undefined> {
    if (group === "") return "v1";
    try {
      const { preferredVersion } = await this.client.send<{ preferredVersion: { groupVersion: string } }>({
        method: "GET",
        path: `/apis/${group}`,
      });
      return preferredVersion.groupVersion;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #path({ apiVersion, kind, namespace, name }: ObjectReference): Promise<string> {
    const served = await this.servedKind(apiVersion, kind);
    if (served === undefined) throw new UnservedKindError(apiVersion, kind);
    const scope = served.namespaced ? `/namespaces/${encodeURIComponent(namespace ?? "default")}` : "";
    return `${basePath(apiVersion)}${scope}/${served.plural}/${encodeURIComponent(name)}`;
  }
}

/** The cluster does not know the kind, mostly because its definition is not installed. */
export class UnservedKindError extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`the cluster does not serve ${apiVersion} ${kind}`);
  }
}

export function referenceTo({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectReference {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** `apps` of `apps/v1`, empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

/** How a person names an object: `ConfigMap models/settings`. */
export function describeObject({ kind, namespace, name }: ObjectReference): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function basePath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}

import { accepts } from "./discovery.ts";
import { isNotFound, type KubernetesClient } from "./kubernetesClient.ts";
import {
  apiPath,
  type KubernetesObject,
  type ObjectMetadata,
  type ObjectReference,
  referenceTo,
} from "./kubernetesObject.ts";

/** How the API serves a kind. */
export interface ServedKind {
  /** The last part of its path: `configmaps`. */
  readonly plural: string;
  /** Whether its objects are in namespaces. */
  readonly namespaced: boolean;
}

/** The manager of the fields that stacks apply. All stacks share it: an ApplySet says which stack owns an object. */
export const fieldManager = "serin";

/** How an object is applied. */
export interface ApplyRequest {
  /** Takes fields over from other managers. */
  readonly force: boolean;
  /** Applies to a subresource, such as `status`. @default to the object itself */
  readonly subresource?: string;
  /** What the server answers with: an object may be megabytes. @default the whole object */
  readonly answer?: "object" | "metadata";
  /** Ends the request before it is on its way. */
  readonly signal?: AbortSignal;
}

/** The objects of one cluster, of any kind that it serves. */
export class ClusterObjects {
  /** Sends the requests. */
  readonly client: KubernetesClient;
  readonly #manager: string;
  #identity: Promise<string> | undefined;
  readonly #kinds = new Map<string, Promise<ReadonlyMap<string, ServedKind>>>();

  /** `manager` is the field manager of what is applied. */
  constructor(client: KubernetesClient, manager: string = fieldManager) {
    this.client = client;
    this.#manager = manager;
  }

  /** The UID of `kube-system`, which tells clusters apart however they are reached. */
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
      const { resources } = await this.client.send<Listing>({ method: "GET", path: apiPath(apiVersion) });
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
  async apply(object: KubernetesObject, options: ApplyRequest): Promise<KubernetesObject> {
    const path = await this.#path(referenceTo(object));
    return this.applyAt(options.subresource === undefined ? path : `${path}/${options.subresource}`, object, options);
  }

  /** Server-side apply of an object, or of its text in YAML or JSON, at a path of the API. */
  applyAt(path: string, body: KubernetesObject | string, options: ApplyRequest): Promise<KubernetesObject> {
    const { force, answer, signal } = options;
    return this.client.send<KubernetesObject>({
      method: "PATCH",
      path,
      query: { fieldManager: this.#manager, force: String(force), fieldValidation: "Warn" },
      body,
      contentType: "application/apply-patch+yaml",
      ...(answer === "metadata" ? { accept: accepts.metadata } : {}),
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
      query: { fieldManager: this.#manager },
      body: { metadata: { labels: { [label]: null } } },
      contentType: "application/merge-patch+json",
    });
  }

  /** Metadata of the objects of a kind that carry a label, in all namespaces. */
  async labelled(apiVersion: string, kind: string, label: string, value: string): Promise<ObjectMetadata[]> {
    const served = await this.servedKind(apiVersion, kind);
    if (served === undefined) return [];
    // The server writes a list of metadata without an item as `null`.
    const { items } = await this.client.send<{ items: { metadata: ObjectMetadata }[] | null }>({
      method: "GET",
      path: `${apiPath(apiVersion)}/${served.plural}`,
      query: { labelSelector: `${label}=${value}` },
      accept: accepts.metadataList,
    });
    return (items ?? []).map(({ metadata }) => metadata);
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
    return `${apiPath(apiVersion)}${scope}/${served.plural}/${encodeURIComponent(name)}`;
  }
}

/** The cluster does not know the kind, mostly because its definition is not installed. */
export class UnservedKindError extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`the cluster does not serve ${apiVersion} ${kind}`);
  }
}

import { ProblemError } from "../../components/core/problem.ts";
import { ClusterObjects } from "../kubernetes/clusterObjects.ts";
import { KubernetesClient } from "../kubernetes/kubernetesClient.ts";
import type { KubernetesObject, ObjectReference } from "../kubernetes/kubernetesObject.ts";
import { type KindWait, kindServed } from "./applyObject.ts";

/** A cluster as a Kubernetes provider of the program describes it. */
export class LiveCluster {
  /** The objects in it. */
  readonly cluster: ClusterObjects;
  /** The namespace of objects that name none. */
  readonly namespace: string;
  /** Whether objects that exist and belong to nobody are taken over, instead of refused as the API server would. */
  readonly takesOver: boolean;
  readonly #patchForce: boolean;

  /** @throws ProblemError when the provider `name` has no usable kubeconfig. */
  constructor(name: string, settings: Readonly<Record<string, unknown>>, onWarning: (message: string) => void) {
    const { kubeconfig, context, namespace, enablePatchForce, upsertExistingObjects } = settings;
    // The provider's constructor fills in the variable where the program says nothing.
    if (typeof kubeconfig !== "string" || kubeconfig === "" || kubeconfig === process.env.KUBECONFIG) {
      throw new ProblemError("A cluster cannot be reached", [
        {
          path: `Kubernetes provider "${name}" kubeconfig`,
          reason: "the program does not set it, and the ambient one is never used.",
        },
      ]);
    }
    const client = new KubernetesClient(kubeconfig, { onWarning, ...(typeof context === "string" ? { context } : {}) });
    this.cluster = new ClusterObjects(client);
    this.namespace = typeof namespace === "string" ? namespace : client.namespace;
    this.#patchForce = isTrue(enablePatchForce);
    this.takesOver = isTrue(upsertExistingObjects);
  }

  /** The object; undefined when it is not there. */
  get(reference: ObjectReference, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    return this.cluster.get(reference, signal);
  }

  /**
   * The object a manifest describes, with the namespace it goes to. Waits for a kind whose definition may have been
   * applied a moment ago.
   *
   * @throws ProblemError when the cluster does not know the kind.
   */
  async object(manifest: Readonly<Record<string, unknown>>, wait: KindWait): Promise<KubernetesObject> {
    const { metadata, ...rest } = withPlainSecretData(manifest as unknown as KubernetesObject);
    const reference = { apiVersion: rest.apiVersion, kind: rest.kind, name: metadata.name };
    await kindServed(this.cluster, reference, wait);
    const { namespace } = await this.scoped({ ...reference, namespace: metadata.namespace ?? this.namespace });
    const { namespace: _, ...clusterWide } = metadata;
    return {
      ...rest,
      metadata: namespace === undefined ? clusterWide : { ...metadata, namespace },
    } as KubernetesObject;
  }

  /** A reference with a namespace exactly where its kind has one. */
  async scoped(reference: ObjectReference): Promise<ObjectReference> {
    const { apiVersion, kind, name, namespace } = reference;
    const served = await this.cluster.servedKind(apiVersion, kind);
    if (served?.namespaced === false) return { apiVersion, kind, name };
    return { apiVersion, kind, name, namespace: namespace ?? this.namespace };
  }

  /** As the provider: fields of other managers are taken over only where the object or the provider asks for it. */
  forces({ metadata }: KubernetesObject): boolean {
    return this.#patchForce || metadata.annotations?.["pulumi.com/patchForce"] === "true";
  }
}

/** Provider inputs travel as JSON texts. */
function isTrue(setting: unknown): boolean {
  return setting === true || setting === "true";
}

/**
 * `stringData` is a way to write `data`; the server never shows it, so applying it would look like a change each time.
 */
function withPlainSecretData(object: KubernetesObject): KubernetesObject {
  if (object.kind !== "Secret" || object.apiVersion !== "v1" || object.stringData === undefined) return object;
  const { stringData, ...rest } = object;
  const encoded = Object.entries(stringData as Record<string, string>).map(([key, value]) => [
    key,
    Buffer.from(value).toString("base64"),
  ]);
  return {
    ...rest,
    data: { ...(object.data as object | undefined), ...Object.fromEntries(encoded) },
  } as KubernetesObject;
}

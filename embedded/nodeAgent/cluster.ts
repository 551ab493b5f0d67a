import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
  type V1PodStatus,
} from "@kubernetes/client-node";
import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import type { VolumeReader } from "./podVolumes.ts";

/** Pods that the node agent runs carry this label; every other pod is kwok's. */
export const serverLabel = { key: "serin.dev/server", value: "triton" } as const;

/** WorkloadEntries that a node agent made carry this label. */
const madeHere = { key: "serin.dev/made-by", value: "node-agent" } as const;

const component = "serin-node-agent";
const reconnectMs = 500;
/** One line for an outage, however often it is tried. */
const quietMs = 10_000;

export type PodMonitor = KubernetesObject & Pick<IPodMonitor, "spec">;

/** A registration in the mesh: the pod's labels at an address of its own. */
export interface WorkloadEntry {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
}

/** What changes in a watched collection. */
export interface Changes<T> {
  readonly onPresent: (object: T) => void;
  /** Only when the API server itself said so: being unable to ask it is never a deletion. */
  readonly onGone: (object: T) => void;
}

/** Everything the node agent asks of the API server. */
export class Cluster implements VolumeReader {
  readonly #core: CoreV1Api;
  readonly #custom: CustomObjectsApi;
  readonly #config: KubeConfig;
  readonly #log: (line: string) => void;
  readonly #stops: (() => void)[] = [];

  constructor(kubeconfigPath: string, log: (line: string) => void) {
    this.#config = new KubeConfig();
    this.#config.loadFromFile(kubeconfigPath);
    this.#core = this.#config.makeApiClient(CoreV1Api);
    this.#custom = this.#config.makeApiClient(CustomObjectsApi);
    this.#log = log;
  }

  /** Resolves when the pods that are there have been told. */
  watchPods(changes: Changes<V1Pod>): Promise<void> {
    const labelSelector = `${serverLabel.key}=${serverLabel.value}`;
    return this.#watch(
      "/api/v1/pods",
      () => this.#core.listPodForAllNamespaces({ labelSelector }),
      changes,
      labelSelector,
    );
  }

  watchPodMonitors(changes: Changes<PodMonitor>): Promise<void> {
    const group = "monitoring.coreos.com";
    return this.#watch<PodMonitor>(
      `/apis/${group}/v1/podmonitors`,
      () => this.#custom.listCustomObjectForAllNamespaces({ group, version: "v1", resourcePlural: "podmonitors" }),
      changes,
    );
  }

  /** Watches nothing any more. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  async patchPodStatus({ metadata }: V1Pod, status: V1PodStatus): Promise<void> {
    // With the uid the API server refuses to write onto a later pod of the same name.
    const body = { metadata: { uid: metadata?.uid }, status };
    const name = metadata?.name ?? "";
    const namespace = metadata?.namespace ?? "";
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    await unlessGone(this.#core.patchNamespacedPodStatus({ name, namespace, body }, merge));
  }

  /** Ends the deletion of a pod whose processes have ended. */
  async removePod({ metadata }: V1Pod): Promise<void> {
    const body = { gracePeriodSeconds: 0, preconditions: { uid: metadata?.uid ?? "" } };
    await unlessGone(
      this.#core.deleteNamespacedPod({ name: metadata?.name ?? "", namespace: metadata?.namespace ?? "", body }),
    );
  }

  async warn(pod: V1Pod, reason: string, message: string): Promise<void> {
    const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
    const now = new Date();
    const body = {
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid, fieldPath: "spec.containers{triton}" },
      type: "Warning",
      reason,
      message: message.slice(0, 1_000),
      source: { component },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    await this.#core.createNamespacedEvent({ namespace, body });
  }

  claim(namespace: string, name: string) {
    return unlessGone(this.#core.readNamespacedPersistentVolumeClaim({ namespace, name }));
  }

  volume(name: string) {
    return unlessGone(this.#core.readPersistentVolume({ name }));
  }

  async register(entry: WorkloadEntry): Promise<void> {
    const { namespace, name, uid, labels, address, ports } = entry;
    const body = {
      apiVersion: "networking.istio.io/v1",
      kind: "WorkloadEntry",
      metadata: {
        name,
        namespace,
        labels: { ...labels, [madeHere.key]: madeHere.value },
        ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }],
      },
      spec: { address, labels, ports },
    };
    const where = { ...workloadEntries, namespace, name, body, fieldManager: component, force: true };
    const apply = setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply);
    await this.#custom.patchNamespacedCustomObject(where, apply);
  }

  async withdraw(namespace: string, name: string): Promise<void> {
    await unlessGone(this.#custom.deleteNamespacedCustomObject({ ...workloadEntries, namespace, name }));
  }

  /** The registrations that a node agent made, this one or one before it. */
  async registered(): Promise<{ namespace: string; name: string }[]> {
    const list: KubernetesListObject<KubernetesObject> = await this.#custom.listCustomObjectForAllNamespaces({
      ...workloadEntries,
      resourcePlural: workloadEntries.plural,
      labelSelector: `${madeHere.key}=${madeHere.value}`,
    });
    return list.items.map(({ metadata }) => ({ namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" }));
  }

  /**
   * Lists and watches for ever: a broken connection is taken up again, from where it broke where the server allows it.
   */
  #watch<T extends KubernetesObject>(
    path: string,
    list: () => Promise<KubernetesListObject<T>>,
    { onPresent, onGone }: Changes<T>,
    labelSelector?: string,
  ): Promise<void> {
    const first = Promise.withResolvers<void>();
    const listOnce = async (): Promise<KubernetesListObject<T>> => {
      const objects = await list();
      // After the informer has told them all, which it does without waiting.
      setImmediate(first.resolve);
      return objects;
    };
    const informer = makeInformer<T>(this.#config, path, listOnce, labelSelector);
    let stopped = false;
    let retry: NodeJS.Timeout | undefined;
    let lastError = Number.NEGATIVE_INFINITY;
    const later = (error: unknown): void => {
      if (performance.now() - lastError > quietMs) this.#log(`watching ${path} was interrupted: ${messageOf(error)}`);
      lastError = performance.now();
      if (!stopped) retry = setTimeout(start, reconnectMs);
    };
    informer.on("add", onPresent);
    informer.on("update", onPresent);
    informer.on("delete", onGone);
    informer.on("error", later);
    const start = (): void => {
      informer.start().catch(later);
    };
    this.#stops.push(() => {
      stopped = true;
      clearTimeout(retry);
      void informer.stop();
      first.resolve();
    });
    start();
    return first.promise;
  }
}

const workloadEntries = { group: "networking.istio.io", version: "v1", plural: "workloadentries" } as const;

/** The result, or `undefined` when the object is not there or a later one has taken its name. */
async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiException && (error.code === 404 || error.code === 409)) return undefined;
    throw error;
  }
}

export function messageOf(error: unknown): string {
  if (error instanceof ApiException) return `HTTP ${error.code} ${String(error.body).slice(0, 300)}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

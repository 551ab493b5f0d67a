import type {
  KubernetesObject,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodStatus,
} from "@kubernetes/client-node";
import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { ProblemError } from "../../components/core/problem.ts";
import { ApiError, type ApiRequest, KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import { type ObjectWatch, watchObjects } from "../../engine/kubernetes/watchObjects.ts";
import type { VolumeReader } from "./podVolumes.ts";

/** The label of the pods that the node agent runs. kwok simulates all other pods. */
const serverLabel = { key: "serin.dev/server", value: "triton" } as const;

/** The label of the WorkloadEntries that the node agent has made. */
const madeHere = { key: "serin.dev/made-by", value: "node-agent" } as const;

const component = "serin-node-agent";
/** One outage of a watch writes one log line, even if the connection is tried many times. */
const quietMs = 10_000;

/** A PodMonitor of the Prometheus Operator. */
export type PodMonitor = KubernetesObject & Pick<IPodMonitor, "spec">;

/** A WorkloadEntry of Istio, which registers a pod in the mesh with its labels and its loopback address. */
export interface WorkloadEntry {
  /** The pod's namespace. */
  readonly namespace: string;
  /** The pod's name. */
  readonly name: string;
  /** The pod's UID. The pod owns the entry, so Kubernetes deletes the entry with the pod. */
  readonly uid: string;
  /** The pod's labels, which the selectors of Services match. */
  readonly labels: Readonly<Record<string, string>>;
  /** The loopback address of the pod. */
  readonly address: string;
  /** The pod's ports by the name in its container. */
  readonly ports: Readonly<Record<string, number>>;
}

/** Receives the changes of a watched collection. */
interface Changes<T> {
  /** Called for each object that exists when the watch starts, and for each one that is created or changed. */
  readonly onPresent: (object: T) => void;
  /** Called when the API server reports a deletion. An interrupted watch is not a deletion. */
  readonly onGone: (object: T) => void;
}

/** The node agent's requests to the API server. It does not retry a failed request; its callers do. */
export class AgentClient implements VolumeReader {
  readonly #client: KubernetesClient;
  readonly #log: (line: string) => void;
  readonly #watches: ObjectWatch[] = [];

  /** @throws if the file is not a kubeconfig */
  constructor(kubeconfigPath: string, log: (line: string) => void) {
    this.#client = new KubernetesClient(kubeconfigPath, { patienceMs: 0 });
    this.#log = log;
  }

  /** Watches the pods that the node agent runs. Resolves when all existing ones have been reported. */
  watchPods(changes: Changes<V1Pod>): Promise<void> {
    return this.#watch("/api/v1/pods", changes, `${serverLabel.key}=${serverLabel.value}`);
  }

  /** Watches all PodMonitors. Resolves when all existing ones have been reported. */
  watchPodMonitors(changes: Changes<PodMonitor>): Promise<void> {
    return this.#watch("/apis/monitoring.coreos.com/v1/podmonitors", changes);
  }

  /** Ends all watches. */
  close(): void {
    for (const watch of this.#watches.splice(0)) watch.stop();
  }

  /** Writes the status of a pod, unless the pod is gone. */
  async patchPodStatus(pod: V1Pod, status: V1PodStatus): Promise<void> {
    await this.#unlessGone({
      method: "PATCH",
      path: `${podPath(pod)}/status`,
      // With the uid, the API server refuses to write to a later pod of the same name.
      body: { metadata: { uid: pod.metadata?.uid }, status },
      contentType: "application/merge-patch+json",
    });
  }

  /** Deletes a pod with a grace period of 0, which completes its deletion after its processes have ended. */
  async removePod(pod: V1Pod): Promise<void> {
    const body = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata?.uid ?? "" } };
    await this.#unlessGone({ method: "DELETE", path: podPath(pod), body });
  }

  /** Creates an event of type Warning for a container of the pod: `spec.containers{triton}`. */
  async warn(pod: V1Pod, reason: string, message: string, fieldPath: string): Promise<void> {
    const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
    const now = new Date();
    const body = {
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid, fieldPath },
      type: "Warning",
      reason,
      message: message.slice(0, 1_000),
      source: { component },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    await this.#client.send({ method: "POST", path: `/api/v1/namespaces/${namespace}/events`, body });
  }

  /** The PersistentVolumeClaim of that name; undefined if it does not exist. */
  claim(namespace: string, name: string): Promise<V1PersistentVolumeClaim | undefined> {
    return this.#unlessGone({
      method: "GET",
      path: `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`,
    });
  }

  /** The PersistentVolume of that name; undefined if it does not exist. */
  volume(name: string): Promise<V1PersistentVolume | undefined> {
    return this.#unlessGone({ method: "GET", path: `/api/v1/persistentvolumes/${name}` });
  }

  /** The nodes, with their labels. */
  async nodes(): Promise<{ name: string; labels: Readonly<Record<string, string>> }[]> {
    const { items } = await this.#client.send<{ items: V1Node[] }>({ method: "GET", path: "/api/v1/nodes" });
    return items.map(({ metadata }) => ({ name: metadata?.name ?? "", labels: metadata?.labels ?? {} }));
  }

  /** Creates or updates the WorkloadEntry of a pod. */
  async register(entry: WorkloadEntry): Promise<void> {
    const { namespace, name, uid, labels, address, ports } = entry;
    await this.#client.send({
      method: "PATCH",
      path: entryPath(namespace, name),
      query: { fieldManager: component, force: "true" },
      body: {
        apiVersion: "networking.istio.io/v1",
        kind: "WorkloadEntry",
        metadata: {
          name,
          namespace,
          labels: { ...labels, [madeHere.key]: madeHere.value },
          ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }],
        },
        spec: { address, labels, ports },
      },
      contentType: "application/apply-patch+yaml",
    });
  }

  /** Deletes the WorkloadEntry of a pod, if it exists. */
  async withdraw(namespace: string, name: string): Promise<void> {
    await this.#unlessGone({ method: "DELETE", path: entryPath(namespace, name) });
  }

  /** The WorkloadEntries that this node agent or an earlier one has made. */
  async registered(): Promise<{ namespace: string; name: string }[]> {
    const { items } = await this.#client.send<{ items: { metadata: { namespace: string; name: string } }[] }>({
      method: "GET",
      path: "/apis/networking.istio.io/v1/workloadentries",
      query: { labelSelector: `${madeHere.key}=${madeHere.value}` },
    });
    return items.map(({ metadata: { namespace, name } }) => ({ namespace, name }));
  }

  #watch<T extends KubernetesObject>(path: string, changes: Changes<T>, labelSelector?: string): Promise<void> {
    let lastError = Number.NEGATIVE_INFINITY;
    const onInterrupted = (error: unknown): void => {
      if (performance.now() - lastError > quietMs) this.#log(`watching ${path} was interrupted: ${messageOf(error)}`);
      lastError = performance.now();
    };
    const watch = watchObjects<T>(this.#client, path, { ...changes, onInterrupted }, labelSelector);
    this.#watches.push(watch);
    return watch.listed;
  }

  /** The answer; undefined if the object does not exist or if another object has its name now. */
  async #unlessGone<T>(request: ApiRequest): Promise<T | undefined> {
    try {
      return await this.#client.send<T>(request);
    } catch (error) {
      if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return undefined;
      throw error;
    }
  }
}

function podPath({ metadata }: V1Pod): string {
  return `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`;
}

function entryPath(namespace: string, name: string): string {
  return `/apis/networking.istio.io/v1/namespaces/${namespace}/workloadentries/${name}`;
}

/** The message of an error, with its cause or the answer of the API server. */
export function messageOf(error: unknown): string {
  if (error instanceof ProblemError) return error.problems.map(({ path, reason }) => `${path}: ${reason}`).join(" ");
  if (error instanceof ApiError) return `HTTP ${error.code} ${error.message.slice(0, 300)}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

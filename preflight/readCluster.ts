import { setTimeout as sleep } from "node:timers/promises";
import type { V1DaemonSet, V1Lease, V1Node, V1Service, V1StorageClass } from "@kubernetes/client-node";
import { ProblemError } from "../components/core/problem.ts";
import { accepts, type GroupDiscovery } from "../engine/kubernetes/discovery.ts";
import { type ApiRequest, isNotFound, KubernetesClient } from "../engine/kubernetes/kubernetesClient.ts";
import type {
  AccessFacts,
  AccessNeed,
  ApiFacts,
  ClusterContents,
  ContentKind,
  UnreachableApi,
} from "./clusterFacts.ts";
import {
  daemonSetFacts,
  definitionFacts,
  deploymentFacts,
  leaseFacts,
  namespaceFacts,
  nodeFacts,
  type ObjectList,
  type PartialObject,
  type PodMonitorObject,
  type PrometheusObject,
  podMonitorFacts,
  prometheusFacts,
  serviceFacts,
  storageClassFacts,
} from "./readObjects.ts";

/** How a cluster is read. */
export interface ReadOptions {
  /** Ends the reading with its reason. */
  readonly signal: AbortSignal;
  /** What the credentials are asked to be allowed. */
  readonly access: readonly AccessNeed[];
  /**
   * How long the first answer and all of them may take, in ms.
   *
   * @default 15 000 and 60 000, because a slower server fails a deployment too
   */
  readonly timeoutsMs?: { readonly first: number; readonly all: number };
}

/** Reads from an API server everything that checks need. Changes nothing. `kubeconfig` is contents or a path. */
export async function readCluster(
  kubeconfig: string,
  options: ReadOptions,
): Promise<{ server: string; api: ApiFacts | UnreachableApi }> {
  let client: KubernetesClient;
  try {
    client = new KubernetesClient(kubeconfig);
  } catch (error) {
    return { server: "kubeconfig", api: { reachable: false, reason: reasonOf(error), ...fixOf(error) } };
  }
  return { server: client.server, api: await new Reading(client, options).read() };
}

class Reading {
  readonly #client: KubernetesClient;
  readonly #options: ReadOptions;
  readonly #end = new AbortController();

  constructor(client: KubernetesClient, options: ReadOptions) {
    this.#client = client;
    this.#options = options;
  }

  async read(): Promise<ApiFacts | UnreachableApi> {
    const { first, all } = this.#options.timeoutsMs ?? { first: 15_000, all: 60_000 };
    try {
      const { gitVersion } = await this.#within(first, this.#get<{ gitVersion: string }>("/version"));
      const contents: Partial<ClusterContents> = {};
      const refused: Partial<Record<ContentKind, string>> = {};
      await this.#within(all, this.#readAll(contents, refused));
      const { clock } = this.#client;
      return { reachable: true, version: gitVersion, contents, refused, ...(clock === undefined ? {} : { clock }) };
    } catch (error) {
      this.#options.signal.throwIfAborted();
      return { reachable: false, reason: reasonOf(error), ...fixOf(error) };
    } finally {
      this.#end.abort();
    }
  }

  /** Reads each kind by itself, so that a missing right hides nothing else. */
  async #readAll(contents: Partial<ClusterContents>, refused: Partial<Record<ContentKind, string>>): Promise<void> {
    const parts: { readonly [Kind in ContentKind]: () => Promise<ClusterContents[Kind]> } = {
      nodes: async () => (await this.#list<V1Node>("/api/v1/nodes")).map(nodeFacts),
      leases: async () =>
        (await this.#list<V1Lease>("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")).flatMap(
          leaseFacts,
        ),
      access: () => Promise.all(this.#options.access.map((need) => this.#access(need))),
      definitions: async () => {
        const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const [names, served] = await Promise.all([
          this.#list<PartialObject>(path, accepts.metadataList),
          this.#list<GroupDiscovery>("/apis", accepts.discovery),
        ]);
        return definitionFacts(names, served);
      },
      storageClasses: async () =>
        (await this.#list<V1StorageClass>("/apis/storage.k8s.io/v1/storageclasses")).map(storageClassFacts),
      daemonSets: async () => (await this.#list<V1DaemonSet>("/apis/apps/v1/daemonsets")).map(daemonSetFacts),
      deployments: async () =>
        (await this.#list<PartialObject>("/apis/apps/v1/deployments", accepts.metadataList)).map(deploymentFacts),
      services: async () => (await this.#list<V1Service>("/api/v1/services")).flatMap(serviceFacts),
      namespaces: async () =>
        (await this.#list<PartialObject>("/api/v1/namespaces", accepts.metadataList)).map(namespaceFacts),
      prometheuses: async () => (await this.#listServed<PrometheusObject>("prometheuses")).map(prometheusFacts),
      podMonitors: async () => (await this.#listServed<PodMonitorObject>("podmonitors")).map(podMonitorFacts),
    };
    const read = async <Kind extends ContentKind>(kind: Kind): Promise<void> => {
      try {
        contents[kind] = (await parts[kind]()) as ClusterContents[Kind];
      } catch (error) {
        this.#end.signal.throwIfAborted();
        refused[kind] = reasonOf(error);
      }
    };
    await Promise.all((Object.keys(parts) as ContentKind[]).map(read));
  }

  async #access({ verb, group, resource }: AccessNeed): Promise<AccessFacts> {
    const apiVersion = "authorization.k8s.io/v1";
    const { status } = await this.#send<{ status?: { allowed?: boolean } }>({
      method: "POST",
      path: `/apis/${apiVersion}/selfsubjectaccessreviews`,
      body: { apiVersion, kind: "SelfSubjectAccessReview", spec: { resourceAttributes: { verb, group, resource } } },
    });
    return { verb, group, resource, allowed: status?.allowed === true };
  }

  async #list<Item>(path: string, accept?: string): Promise<readonly Item[]> {
    // The server writes a list of metadata without an item as `null`.
    return (await this.#get<ObjectList<Item>>(path, accept)).items ?? [];
  }

  /** Objects of the Prometheus Operator; none where the kind is not served. */
  async #listServed<Item>(plural: string): Promise<readonly Item[]> {
    try {
      return await this.#list<Item>(`/apis/monitoring.coreos.com/v1/${plural}`);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  #get<Answer>(path: string, accept?: string): Promise<Answer> {
    return this.#send({ method: "GET", path, ...(accept === undefined ? {} : { accept }) });
  }

  #send<Answer>(request: ApiRequest): Promise<Answer> {
    return this.#client.send({ ...request, signal: AbortSignal.any([this.#options.signal, this.#end.signal]) });
  }

  /** Limits also what no signal ends: the program that a kubeconfig names to get credentials. */
  async #within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
    const late = async (): Promise<never> => {
      await sleep(ms, undefined, { signal: this.#end.signal, ref: false });
      throw new Error(`no answer within ${ms / 1_000} s`);
    };
    const lateness = late();
    lateness.catch(() => {});
    work.catch(() => {});
    return Promise.race([work, lateness]);
  }
}

/** What to do, as the client says it. */
function fixOf(error: unknown): Pick<UnreachableApi, "fix"> {
  const fix = error instanceof ProblemError ? error.problems[0]?.fix : undefined;
  return fix === undefined ? {} : { fix };
}

/** The reason as the client gives it, or the error's own message. */
function reasonOf(error: unknown): string {
  const said =
    error instanceof ProblemError ? error.problems[0]?.reason : error instanceof Error ? error.message : error;
  return String(said).trim().replace(/\.$/, "");
}

import type { V1ConfigMap, V1Node, V1PersistentVolume, V1PersistentVolumeClaim, V1Pod } from "@kubernetes/client-node";
import { releaseRoutes, subsets } from "../../components/model/objectNames.ts";
import type { FoundStrategy } from "../../components/model/strategies/releaseStrategy.ts";
import { stepWeightsOf } from "../../components/model/strategies/strategies.ts";
import { isNotFound, KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";

/** A Rollout's state, as far as a release is concerned. */
export interface RolloutView {
  readonly name: string;
  readonly version: string;
  readonly phase: "Healthy" | "Progressing" | "Paused" | "Degraded" | "Unknown";
  readonly message: string;
  readonly aborted: boolean;
  /** An analysis could not decide and the release waits for a person. */
  readonly inconclusive: boolean;
  readonly stableHash: string;
  readonly currentHash: string;
  readonly replicas: number;
  readonly readyReplicas: number;
  /** The controller has seen the last change of the spec. */
  readonly observed: boolean;
  /** The step under way; the number of steps once the release has ended. */
  readonly step: number;
  /** Percent of traffic on the canary during each step. */
  readonly stepWeights: readonly number[];
}

/** One metric of one AnalysisRun. */
export interface MetricView {
  readonly name: string;
  readonly phase: string;
  readonly message: string;
  readonly measurements: number;
}

export interface AnalysisView {
  readonly name: string;
  /** The step it decides; none for the guard in the background. */
  readonly step: number | undefined;
  readonly phase: string;
  readonly message: string;
  readonly startedAt: string;
  readonly metrics: readonly MetricView[];
}

/** What a person asks a cluster about its models. Reads ride out a restart of the API server. */
export class ClusterView {
  readonly #client: KubernetesClient;
  readonly #signal: AbortSignal | undefined;

  /** @throws ProblemError when `kubeconfig`, contents or path, is none or has no such context. */
  constructor(kubeconfig: string, { context, signal }: { context?: string; signal?: AbortSignal } = {}) {
    this.#client = new KubernetesClient(kubeconfig, context === undefined ? {} : { context });
    this.#signal = signal;
  }

  async rollout(namespace: string, name: string): Promise<RolloutView | undefined> {
    const found = await this.#read<RawRollout>(`/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`);
    return found === undefined ? undefined : rolloutView(found);
  }

  /** The AnalysisRuns of one revision, the oldest first. */
  async analyses(namespace: string, name: string, hash: string): Promise<AnalysisView[]> {
    const list = await this.#read<{ items: RawAnalysisRun[] }>(
      `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysisruns`,
      { labelSelector: `rollouts-pod-template-hash=${hash}` },
    );
    return (list?.items ?? [])
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name))
      .map(analysisView)
      .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  }

  /** Percent of traffic on the canary, as the release VirtualService says. */
  async canaryWeight(namespace: string, releaseName: string): Promise<number> {
    const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${releaseName}`;
    const found = await this.#read<RawVirtualService>(path);
    const primary = found?.spec?.http?.find(({ name }) => name === releaseRoutes.http);
    return primary?.route?.find(({ destination }) => destination?.subset === subsets.canary)?.weight ?? 0;
  }

  /** Ends a release at once without its analyses, as `kubectl argo rollouts promote --full` does. */
  async promoteFully(namespace: string, name: string): Promise<void> {
    await this.#client.send({
      method: "PATCH",
      path: `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}/status`,
      contentType: "application/merge-patch+json",
      body: { status: { promoteFull: true } },
      ...this.#abortable(),
    });
  }

  claim(namespace: string, name: string): Promise<V1PersistentVolumeClaim | undefined> {
    return this.#read(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`);
  }

  volume(name: string): Promise<V1PersistentVolume | undefined> {
    return this.#read(`/api/v1/persistentvolumes/${name}`);
  }

  async pods(namespace: string, labelSelector: string): Promise<V1Pod[]> {
    const list = await this.#read<{ items: V1Pod[] }>(`/api/v1/namespaces/${namespace}/pods`, { labelSelector });
    return list?.items ?? [];
  }

  async nodes(): Promise<V1Node[]> {
    return (await this.#read<{ items: V1Node[] }>("/api/v1/nodes"))?.items ?? [];
  }

  async configMap(namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined> {
    const found = await this.#read<V1ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
    return found === undefined ? undefined : (found.data ?? {});
  }

  async #read<T>(path: string, query?: Record<string, string>): Promise<T | undefined> {
    try {
      return await this.#client.send<T>({
        method: "GET",
        path,
        ...(query === undefined ? {} : { query }),
        ...this.#abortable(),
      });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #abortable(): { signal?: AbortSignal } {
    return this.#signal === undefined ? {} : { signal: this.#signal };
  }
}

interface RawRollout {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
    readonly strategy?: FoundStrategy;
  };
  readonly status?: {
    readonly phase?: RolloutView["phase"];
    readonly message?: string;
    readonly abort?: boolean;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly readyReplicas?: number;
    readonly observedGeneration?: string;
    readonly currentStepIndex?: number;
    readonly pauseConditions?: readonly { readonly reason: string }[];
  };
}

function rolloutView({ metadata, spec, status = {} }: RawRollout): RolloutView {
  return {
    name: metadata.name,
    version: spec.template.metadata?.labels?.version ?? "?",
    phase: status.phase ?? "Unknown",
    message: status.message ?? "",
    aborted: status.abort === true,
    inconclusive: (status.pauseConditions ?? []).some(({ reason }) => reason === "InconclusiveAnalysisRun"),
    stableHash: status.stableRS ?? "",
    currentHash: status.currentPodHash ?? "",
    replicas: spec.replicas ?? 1,
    readyReplicas: status.readyReplicas ?? 0,
    // A string, unlike any other controller's (argo-rollouts `RolloutStatus.ObservedGeneration`).
    observed: status.observedGeneration === String(metadata.generation),
    step: status.currentStepIndex ?? 0,
    stepWeights: stepWeightsOf(spec.strategy ?? {}),
  };
}

interface RawAnalysisRun {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly name: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly metricResults?: readonly {
      readonly name: string;
      readonly phase: string;
      readonly message?: string;
      readonly count?: number;
      readonly measurements?: readonly unknown[];
    }[];
  };
}

function analysisView({ metadata, status = {} }: RawAnalysisRun): AnalysisView {
  const step = metadata.labels?.["step-index"];
  return {
    name: metadata.name,
    step: step === undefined ? undefined : Number(step),
    phase: status.phase ?? "Pending",
    message: status.message ?? "",
    startedAt: status.startedAt ?? metadata.creationTimestamp ?? "",
    metrics: (status.metricResults ?? []).map((result) => ({
      name: result.name,
      phase: result.phase,
      message: result.message ?? "",
      measurements: result.measurements?.length ?? 0,
    })),
  };
}

interface RawVirtualService {
  readonly spec?: {
    readonly http?: readonly {
      readonly name?: string;
      readonly route?: readonly { readonly destination?: { readonly subset?: string }; readonly weight?: number }[];
    }[];
  };
}

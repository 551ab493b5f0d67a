import type { V1Node, V1PersistentVolumeClaim, V1Pod, V1Service } from "@kubernetes/client-node";
import { releaseRoutes, subsets } from "../../components/model/objectNames.ts";
import type { FoundStrategy } from "../../components/model/strategies/releaseStrategy.ts";
import { stepWeightsOf } from "../../components/model/strategies/strategies.ts";
import { isNotFound, KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";

/** The state of a Rollout, as far as a release needs it. */
export interface RolloutView {
  /** The name of the Rollout, which is that of the model. */
  readonly name: string;
  /** The version label of the pod template: the version that was declared last. `?` if there is no label. */
  readonly version: string;
  /** As the controller reports it in `status.phase`; `Unknown` before its first report. */
  readonly phase: "Healthy" | "Progressing" | "Paused" | "Degraded" | "Unknown";
  /** Why the Rollout is in this phase, in the controller's words; empty if it gives no reason. */
  readonly message: string;
  /** Whether the controller has aborted the release: the traffic goes back to the stable revision. */
  readonly aborted: boolean;
  /** Whether an analysis ended Inconclusive, so that the release is paused until someone promotes or aborts it. */
  readonly inconclusive: boolean;
  /** The pod template hash of the stable revision; empty before the first one is stable. */
  readonly stableHash: string;
  /**
   * The pod template hash of the newest revision; empty before the controller's first report. A release is over when it
   * equals `stableHash`.
   */
  readonly currentHash: string;
  /** The pods that the spec asks for. @default 1, as in the API, if the spec does not say */
  readonly replicas: number;
  /** The ready pods of all revisions. */
  readonly readyReplicas: number;
  /** Whether the controller has seen the last change of the spec. If not, the other fields are of the change before. */
  readonly observed: boolean;
  /** The step under way, counted from 0; the number of steps after the last one. */
  readonly step: number;
  /** The percent of the traffic on the new version during each step. */
  readonly stepWeights: readonly number[];
}

/** One metric of one AnalysisRun. */
export interface MetricView {
  /** The name of the metric in the AnalysisTemplate: `error-rate`. */
  readonly name: string;
  /** `Pending`, `Running`, `Successful`, `Failed`, `Error` or `Inconclusive`. */
  readonly phase: string;
  /** Why the metric is in this phase; empty if the controller gives no reason. */
  readonly message: string;
  /** The number of measurements in the status. The controller keeps ten (`DefaultMeasurementHistoryLimit`). */
  readonly measurements: number;
  /** When the last measurement ended, ISO 8601. Undefined: none has ended. */
  readonly measuredAt?: string;
}

/** The state of one AnalysisRun. */
export interface AnalysisView {
  /** The name of the AnalysisRun, which the controller generates. */
  readonly name: string;
  /** The step that it decides, counted from 0; `undefined` for the guard, which runs in the background of all steps. */
  readonly step: number | undefined;
  /** `Pending`, `Running`, `Successful`, `Failed`, `Error` or `Inconclusive`. */
  readonly phase: string;
  /** Why the AnalysisRun is in this phase; empty if the controller gives no reason. */
  readonly message: string;
  /** When the first measurement started or, before that, when the AnalysisRun was created; ISO 8601. */
  readonly startedAt: string;
  /** One entry for each metric that has been measured. */
  readonly metrics: readonly MetricView[];
}

/**
 * Reads the models of a cluster, and ends a release. Requests are repeated while the API server restarts.
 * All methods throw ApiError for a refusal and ProblemError for an API server that stays away.
 */
export class ClusterView {
  /** Sends the requests, for readers of what this class has no method for. */
  readonly client: KubernetesClient;
  readonly #signal: AbortSignal | undefined;

  /**
   * `kubeconfig` is the contents or the path of a kubeconfig. Sends no request yet.
   * @throws ProblemError if it is not a kubeconfig or has no such context
   */
  constructor(kubeconfig: string, { context, signal }: { context?: string; signal?: AbortSignal } = {}) {
    this.client = new KubernetesClient(kubeconfig, context === undefined ? {} : { context });
    this.#signal = signal;
  }

  /** The state of a Rollout; `undefined` if there is none of this name. */
  async rollout(namespace: string, name: string): Promise<RolloutView | undefined> {
    const found = await this.read<RawRollout>(`/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`);
    return found === undefined ? undefined : rolloutView(found);
  }

  /** The AnalysisRuns of one revision, the oldest first. */
  async analyses(namespace: string, name: string, hash: string): Promise<AnalysisView[]> {
    const list = await this.read<{ items: RawAnalysisRun[] }>(
      `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysisruns`,
      { labelSelector: `rollouts-pod-template-hash=${hash}` },
    );
    return (list?.items ?? [])
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name))
      .map(analysisView)
      .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  }

  /** The pod template hashes of a model's revisions whose last release an analysis has ended. */
  async failedHashes(namespace: string, name: string): Promise<ReadonlySet<string>> {
    const list = await this.read<{ items: RawAnalysisRun[] }>(
      `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysisruns`,
    );
    // A release that was tried again has a new guard and new steps; the last of either has the last word.
    const last = new Map<string, AnalysisView>();
    for (const { run, hash } of (list?.items ?? [])
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name))
      .map((item) => ({ run: analysisView(item), hash: item.metadata.labels?.["rollouts-pod-template-hash"] ?? "" }))
      .sort((a, b) => a.run.startedAt.localeCompare(b.run.startedAt))) {
      last.set(`${hash} ${run.step === undefined ? "guard" : "step"}`, run);
    }
    return new Set(
      [...last].flatMap(([key, { phase }]) =>
        phase === "Failed" || phase === "Error" ? [key.split(" ")[0] as string] : [],
      ),
    );
  }

  /** The percent of the traffic on the new version, from the release VirtualService; 0 if there is none. */
  async canaryWeight(namespace: string, releaseName: string): Promise<number> {
    const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${releaseName}`;
    const found = await this.read<RawVirtualService>(path);
    const primary = found?.spec?.http?.find(({ name }) => name === releaseRoutes.http);
    return primary?.route?.find(({ destination }) => destination?.subset === subsets.canary)?.weight ?? 0;
  }

  /** Ends a release at once without its analyses, as `kubectl argo rollouts promote --full` does. */
  async promoteFully(namespace: string, name: string): Promise<void> {
    await this.client.send({
      method: "PATCH",
      path: `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}/status`,
      contentType: "application/merge-patch+json",
      body: { status: { promoteFull: true } },
      ...this.#abortable(),
    });
  }

  /**
   * Ends a pause without a time at this step of a release, as `kubectl argo rollouts promote` does there: the steps
   * after it are taken in their order.
   */
  async passPause(namespace: string, name: string, step: number): Promise<void> {
    await this.client.send({
      method: "PATCH",
      path: `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}/status`,
      contentType: "application/merge-patch+json",
      body: { status: { pauseConditions: null, controllerPause: false, currentStepIndex: step + 1 } },
      ...this.#abortable(),
    });
  }

  /** A PersistentVolumeClaim; `undefined` if there is none of this name. */
  claim(namespace: string, name: string): Promise<V1PersistentVolumeClaim | undefined> {
    return this.read(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`);
  }

  /** The pods of a namespace that a label selector matches. */
  async pods(namespace: string, labelSelector: string): Promise<V1Pod[]> {
    const list = await this.read<{ items: V1Pod[] }>(`/api/v1/namespaces/${namespace}/pods`, { labelSelector });
    return list?.items ?? [];
  }

  /** A Service. Undefined: there is none of that name. */
  service({ namespace, name }: { namespace: string; name: string }): Promise<V1Service | undefined> {
    return this.read<V1Service>(`/api/v1/namespaces/${namespace}/services/${name}`);
  }

  /** The nodes of the cluster. */
  async nodes(): Promise<V1Node[]> {
    return (await this.read<{ items: V1Node[] }>("/api/v1/nodes"))?.items ?? [];
  }

  /** The answer to a GET of a path of the API; `undefined` if there is no such object or kind. */
  async read<T>(path: string, query?: Record<string, string>): Promise<T | undefined> {
    try {
      return await this.client.send<T>({
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

/** A Rollout as the API server answers it, as far as a release needs it. */
export interface RawRollout {
  /** Name, and the number of the last change of the spec. */
  readonly metadata: { readonly name: string; readonly generation?: number };
  /** What the program and people write. */
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
    readonly strategy?: FoundStrategy;
  };
  /** What the controller writes; absent before its first report. */
  readonly status?: {
    readonly phase?: RolloutView["phase"];
    readonly message?: string;
    readonly abort?: boolean;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly readyReplicas?: number;
    readonly observedGeneration?: string;
    readonly currentStepIndex?: number;
    readonly pauseConditions?: readonly { readonly reason: string; readonly startTime?: string }[];
  };
}

/** The state of a Rollout out of what the API server answered. */
export function rolloutView({ metadata, spec, status = {} }: RawRollout): RolloutView {
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
      readonly measurements?: readonly { readonly finishedAt?: string }[];
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
      ...finishedAt(result.measurements),
    })),
  };
}

function finishedAt(
  measurements: readonly { readonly finishedAt?: string }[] | undefined,
): { readonly measuredAt: string } | undefined {
  const last = measurements?.at(-1)?.finishedAt;
  return last === undefined ? undefined : { measuredAt: last };
}

interface RawVirtualService {
  readonly spec?: {
    readonly http?: readonly {
      readonly name?: string;
      readonly route?: readonly { readonly destination?: { readonly subset?: string }; readonly weight?: number }[];
    }[];
  };
}

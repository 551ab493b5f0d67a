import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
  type V1Pod,
} from "@kubernetes/client-node";
import { ifFound, patiently } from "./retry.ts";

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

const rollouts = { group: "argoproj.io", version: "v1alpha1", plural: "rollouts" } as const;
const analysisRuns = { ...rollouts, plural: "analysisruns" } as const;
const virtualServices = { group: "networking.istio.io", version: "v1", plural: "virtualservices" } as const;

/** What a person asks a cluster about its models. Reads ride out a restart of the API server. */
export class ClusterView {
  readonly #core: CoreV1Api;
  readonly #custom: CustomObjectsApi;
  readonly #signal: AbortSignal | undefined;

  constructor(kubeconfig: string, signal?: AbortSignal) {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    this.#core = config.makeApiClient(CoreV1Api);
    this.#custom = config.makeApiClient(CustomObjectsApi);
    this.#signal = signal;
  }

  async rollout(namespace: string, name: string): Promise<RolloutView | undefined> {
    const found = await this.#read(() => this.#custom.getNamespacedCustomObject({ ...rollouts, namespace, name }));
    return found === undefined ? undefined : rolloutView(found as RawRollout);
  }

  /** The AnalysisRuns of one revision, the oldest first. */
  async analyses(namespace: string, name: string, hash: string): Promise<AnalysisView[]> {
    const labelSelector = `rollouts-pod-template-hash=${hash}`;
    const list = (await this.#read(() =>
      this.#custom.listNamespacedCustomObject({ ...analysisRuns, namespace, labelSelector }),
    )) as { items?: RawAnalysisRun[] } | undefined;
    return (list?.items ?? [])
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name))
      .map(analysisView)
      .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  }

  /** Percent of traffic on the canary, as the release VirtualService says. */
  async canaryWeight(namespace: string, releaseName: string): Promise<number> {
    const found = (await this.#read(() =>
      this.#custom.getNamespacedCustomObject({ ...virtualServices, namespace, name: releaseName }),
    )) as RawVirtualService | undefined;
    const primary = found?.spec?.http?.find(({ name }) => name === "primary");
    return primary?.route?.find(({ destination }) => destination?.subset === "canary")?.weight ?? 0;
  }

  /** Ends a release at once without its analyses, as `kubectl argo rollouts promote --full` does. */
  async promoteFully(namespace: string, name: string): Promise<void> {
    await patiently(
      () =>
        this.#custom.patchNamespacedCustomObjectStatus(
          { ...rollouts, namespace, name, body: { status: { promoteFull: true } } },
          setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
        ),
      this.#signal,
    );
  }

  async namespaceExists(name: string): Promise<boolean> {
    return (await this.#read(() => this.#core.readNamespace({ name }))) !== undefined;
  }

  claim(namespace: string, name: string): Promise<V1PersistentVolumeClaim | undefined> {
    return this.#read(() => this.#core.readNamespacedPersistentVolumeClaim({ namespace, name }));
  }

  volume(name: string): Promise<V1PersistentVolume | undefined> {
    return this.#read(() => this.#core.readPersistentVolume({ name }));
  }

  async pods(namespace: string, labelSelector: string): Promise<V1Pod[]> {
    const list = await this.#read(() => this.#core.listNamespacedPod({ namespace, labelSelector }));
    return list?.items ?? [];
  }

  async configMap(namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined> {
    const found = await this.#read(() => this.#core.readNamespacedConfigMap({ namespace, name }));
    return found === undefined ? undefined : (found.data ?? {});
  }

  #read<T>(call: () => Promise<T>): Promise<T | undefined> {
    return patiently(() => ifFound(call), this.#signal);
  }
}

interface RawRollout {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
    readonly strategy?: { readonly canary?: { readonly steps?: readonly { readonly setWeight?: number }[] } };
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
  let weight = 0;
  const stepWeights = (spec.strategy?.canary?.steps ?? []).map((step) => {
    weight = step.setWeight ?? weight;
    return weight;
  });
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
    stepWeights,
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

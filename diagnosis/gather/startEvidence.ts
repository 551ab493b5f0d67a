import type { V1Pod } from "@kubernetes/client-node";
import { messageOf } from "../../components/core/messageOf.ts";
import { isNotFound, type KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import { podLog } from "../../engine/kubernetes/podLog.ts";
import type { DeclaredModel, Evidence, PodEvidence, RolloutEvidence } from "../evidence.ts";
import { isFailing } from "../rules/rule.ts";
import { tellingLines } from "./log.ts";
import { eventEvidence, podEvidence, type RawEvent } from "./podEvidence.ts";

/** Where is looked. */
export interface Place {
  /** The cluster. */
  readonly client: KubernetesClient;
  /** What is declared of the model. */
  readonly model: DeclaredModel;
  /** How kubectl reaches the cluster: `kubectl --kubeconfig <file>`. */
  readonly kubectl: string;
  /** Whether the cluster is the environment on one machine. @default false */
  readonly embedded?: boolean;
  /** Ends the look with its reason. */
  readonly signal?: AbortSignal;
}

/** Pods whose logs and events are read: those of one version fail for one reason. */
const looked = 4;
const logLines = 300;
/** A kubelet that does not answer must not hide what the API server itself knows. */
const logMs = 10_000;

/**
 * What shows why pods of a model do not serve: the Rollout, its pods, their events and the ends of their logs. Quick
 * enough to be asked every second.
 *
 * @throws the reason of `signal`. What cannot be read is in `notRead`.
 */
export async function startEvidence(place: Place): Promise<Evidence> {
  const { client, model, kubectl, embedded = false, signal } = place;
  const { namespace, name } = model;
  const notRead: Record<string, string> = {};
  const read = reader(client, notRead, signal);
  const [pods, rollout] = await Promise.all([
    read<{ items: V1Pod[] }>("pods", `/api/v1/namespaces/${namespace}/pods`, { labelSelector: `app=${name}` }),
    read<RawRollout>("rollout", `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`),
  ]);
  const all = (pods?.items ?? []).toSorted(
    (a, b) =>
      Number(new Date(b.metadata?.creationTimestamp ?? 0)) - Number(new Date(a.metadata?.creationTimestamp ?? 0)),
  );
  const failing = all.filter((pod) => isFailing(podEvidence(pod, {}, ""))).slice(0, looked);
  const eventsOf = (selector: string) =>
    read<{ items: RawEvent[] }>("events", `/api/v1/namespaces/${namespace}/events`, { fieldSelector: selector });
  const [events, logs] = await Promise.all([
    Promise.all([
      ...failing.map(({ metadata }) => eventsOf(`involvedObject.kind=Pod,involvedObject.name=${metadata?.name}`)),
      ...(rollout === undefined || isServing(rollout, all) ? [] : [eventsOf("involvedObject.kind=ReplicaSet")]),
    ]),
    Promise.all(failing.map(async (pod) => [pod.metadata?.uid, await logsOf(pod, place)] as const)),
  ]);
  const byPod = new Map(logs);
  return {
    model,
    at: new Date().toISOString(),
    embedded,
    kubectl,
    pods: all.map((pod) => podEvidence(pod, byPod.get(pod.metadata?.uid) ?? {}, logCommand(pod, place))),
    events: eventEvidence(events.flatMap((list) => list?.items ?? [])).filter(
      ({ object }) => object.startsWith("Pod/") || object.startsWith(`ReplicaSet/${name}-`),
    ),
    ...(rollout === undefined ? {} : { rollout: rolloutEvidence(rollout) }),
    ...(client.clock === undefined ? {} : { clock: client.clock }),
    notRead,
  };
}

/** Reads paths of the API. Undefined: there is no such object or kind, or it cannot be read, which `notRead` gets. */
export function reader(client: KubernetesClient, notRead: Record<string, string>, signal: AbortSignal | undefined) {
  return async <T>(part: string, path: string, query?: Record<string, string>): Promise<T | undefined> => {
    try {
      return await client.send<T>({
        method: "GET",
        path,
        ...(query === undefined ? {} : { query }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (isNotFound(error)) return undefined;
      notRead[part] = messageOf(error).trim().split("\n").at(-1)?.trim() ?? "";
      return undefined;
    }
  };
}

/** A pod's own copy of its model repository (`embedded/faults/privateRepository.ts`). */
const privateRepository = /\/[^\s"'(]*\/pods\/[\da-f-]{36}\/repositories\/\d+\//g;

/** The telling lines of a pod's containers that started and are not ready. */
async function logsOf(pod: V1Pod, { client, embedded, signal }: Place): Promise<Record<string, string[]>> {
  const { namespace = "", name = "" } = pod.metadata ?? {};
  const evidence = podEvidence(pod, {}, "");
  const began = evidence.containers.filter(
    ({ ready, runningSince, ended, restarts }) =>
      !ready && (runningSince !== undefined || ended !== undefined || restarts > 0),
  );
  const ask = async (container: string, previous: boolean) => {
    const patience = AbortSignal.timeout(logMs);
    try {
      const until = signal === undefined ? patience : AbortSignal.any([signal, patience]);
      const options = { tailLines: logLines, previous, signal: until };
      const lines: string[] = [];
      for await (const line of podLog(client, { namespace, pod: name, container }, options)) lines.push(line);
      return lines.join("\n");
    } catch {
      signal?.throwIfAborted();
      return "";
    }
  };
  const logs = began.map(async ({ name: container, restarts }) => {
    const texts = await Promise.all([...(restarts > 0 ? [ask(container, true)] : []), ask(container, false)]);
    const text = texts.join("\n");
    return [
      container,
      tellingLines(embedded === true ? text.replaceAll(privateRepository, "/models/") : text),
    ] as const;
  });
  return Object.fromEntries(await Promise.all(logs));
}

/** The container whose log matters: the init container that fails, else Triton's. */
function mainOf({ containers }: PodEvidence): string {
  return (
    containers.find(({ init, ready, ended }) => init && !ready && (ended?.exitCode ?? 0) !== 0)?.name ??
    containers.find(({ name }) => name === "triton")?.name ??
    containers[0]?.name ??
    ""
  );
}

/** A command that shows the log of the container that matters. */
function logCommand(pod: V1Pod, { kubectl, model, embedded }: Place): string {
  const { namespace = "", name = "" } = pod.metadata ?? {};
  const evidence = podEvidence(pod, {}, "");
  const container = mainOf(evidence);
  const restarts = evidence.containers.find((one) => one.name === container)?.restarts ?? 0;
  const previous = restarts > 0 ? " --previous" : "";
  if (embedded === true) return `npx serin logs ${model.name} --pod ${name} --container ${container}${previous}`;
  return `${kubectl} logs -n ${namespace} ${name} -c ${container}${previous}`;
}

interface RawRollout {
  readonly metadata: {
    readonly generation?: number;
    readonly managedFields?: readonly { readonly manager?: string; readonly time?: string }[];
  };
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
    readonly strategy?: {
      readonly canary?: { readonly steps?: readonly { readonly pause?: { readonly duration?: unknown } }[] };
    };
  };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly abort?: boolean;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly currentStepIndex?: number;
    readonly readyReplicas?: number;
    readonly observedGeneration?: string;
    readonly pauseConditions?: readonly { readonly reason: string }[];
  };
}

function isServing({ spec, status }: RawRollout, pods: readonly V1Pod[]): boolean {
  return status?.phase === "Healthy" && pods.length >= (spec.replicas ?? 1);
}

function rolloutEvidence({ metadata, spec, status = {} }: RawRollout): RolloutEvidence {
  const step = spec.strategy?.canary?.steps?.[status.currentStepIndex ?? 0];
  const pausedAtStep = (status.pauseConditions ?? []).some(({ reason }) => reason === "CanaryPauseStep");
  const inconclusive = (status.pauseConditions ?? []).some(({ reason }) => reason === "InconclusiveAnalysisRun");
  const changedAt = (metadata.managedFields ?? [])
    .filter(({ manager = "" }) => !/rollout.*controller|argo-rollouts/.test(manager))
    .flatMap(({ time }) => time ?? [])
    .toSorted()
    .at(-1);
  return {
    phase: status.phase ?? "Unknown",
    message: status.message ?? "",
    observed: String(metadata.generation ?? "") === (status.observedGeneration ?? ""),
    aborted: status.abort === true,
    waitsForPerson:
      spec.paused === true ||
      inconclusive ||
      (pausedAtStep && step?.pause !== undefined && step.pause.duration === undefined),
    version: spec.template?.metadata?.labels?.version ?? "?",
    stableHash: status.stableRS ?? "",
    currentHash: status.currentPodHash ?? "",
    replicas: spec.replicas ?? 1,
    readyReplicas: status.readyReplicas ?? 0,
    ...(changedAt === undefined ? {} : { changedAt }),
  };
}

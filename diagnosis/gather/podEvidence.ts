import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { ContainerEvidence, EventEvidence, PodEvidence } from "../evidence.ts";

/** A pod as rules read it. `logs` are the telling lines by container; `logCommand` shows the log of a container. */
export function podEvidence(
  { metadata, spec, status }: V1Pod,
  logs: Readonly<Record<string, readonly string[]>>,
  logCommand: string,
): PodEvidence {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  const statuses: readonly (readonly [V1ContainerStatus, boolean])[] = [
    ...(status?.initContainerStatuses ?? []).map((one) => [one, true] as const),
    ...(status?.containerStatuses ?? []).map((one) => [one, false] as const),
  ];
  return {
    name: metadata?.name ?? "",
    version: metadata?.labels?.version ?? "?",
    hash: metadata?.labels?.["rollouts-pod-template-hash"] ?? "",
    createdAt: iso(metadata?.creationTimestamp) ?? new Date(0).toISOString(),
    phase: status?.phase ?? "Unknown",
    ...(status?.reason === undefined ? {} : { reason: status.reason }),
    ...(status?.message === undefined ? {} : { message: status.message }),
    ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
    ready: status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") === true,
    ending: metadata?.deletionTimestamp !== undefined,
    ...(scheduled?.status === "False" ? { unscheduled: scheduled.message ?? scheduled.reason ?? "" } : {}),
    containers: statuses.map(([one, init]) => containerEvidence(one, init, logs[one.name] ?? [])),
    logCommand,
  };
}

function containerEvidence(
  { name, ready, started, restartCount, state, lastState }: V1ContainerStatus,
  init: boolean,
  log: readonly string[],
): ContainerEvidence {
  const ended = state?.terminated ?? lastState?.terminated;
  const since = iso(state?.running?.startedAt);
  return {
    name,
    init,
    ready,
    started: started === true,
    restarts: restartCount,
    ...(since === undefined ? {} : { runningSince: since }),
    ...(state?.waiting === undefined
      ? {}
      : { waiting: { reason: state.waiting.reason ?? "", message: state.waiting.message ?? "" } }),
    ...(ended === undefined
      ? {}
      : { ended: { exitCode: ended.exitCode, reason: ended.reason ?? "", message: ended.message ?? "" } }),
    log,
  };
}

/** An event of the core API, as it answers it. Newer writers leave out `count` and `lastTimestamp`. */
export interface RawEvent {
  /** What it is about. */
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
  /** `Warning` or `Normal`. */
  readonly type?: string;
  /** One word. */
  readonly reason?: string;
  /** A sentence. */
  readonly message?: string;
  /** How often. */
  readonly count?: number;
  /** The last time, by older writers. */
  readonly lastTimestamp?: string;
  /** The first time, by newer writers. */
  readonly eventTime?: string;
  /** The repeats, by newer writers. */
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  /** When the API server took it. */
  readonly metadata: { readonly creationTimestamp?: string };
}

/** Normal events that tell of a fault all the same. */
const telling = new Set(["BackOff", "NotTriggerScaleUp"]);

/** The events that tell of a fault, newest first. */
export function eventEvidence(events: readonly RawEvent[]): EventEvidence[] {
  return events
    .filter(({ type, reason = "" }) => type === "Warning" || telling.has(reason))
    .map(({ involvedObject, reason, message, count, series, lastTimestamp, eventTime, metadata }) => ({
      object: `${involvedObject.kind ?? "?"}/${involvedObject.name ?? "?"}`,
      reason: reason ?? "",
      message: message ?? "",
      count: series?.count ?? count ?? 1,
      lastAt: series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "",
    }))
    .sort((a, b) => b.lastAt.localeCompare(a.lastAt));
}

/** As JSON a time is text, whatever the library's type says. */
function iso(time: Date | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

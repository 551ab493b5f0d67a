import type { V1ContainerState, V1ContainerStatus, V1Pod, V1PodCondition, V1PodStatus } from "@kubernetes/client-node";

/** How the Triton container of a pod is doing. */
export interface ContainerView {
  readonly state: ContainerState;
  readonly last?: Termination;
  readonly restartCount: number;
  /** The startup probe has passed. */
  readonly started: boolean;
  readonly ready: boolean;
}

export type ContainerState =
  | { readonly kind: "waiting"; readonly reason: string; readonly message?: string }
  | { readonly kind: "running"; readonly startedAt: Date }
  | ({ readonly kind: "terminated" } & Termination);

export interface Termination {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/**
 * The status of a pod as a kubelet would write it, on top of what others wrote (the scheduler's condition stays).
 *
 * Without a pod IP: the API server takes a loopback address here, but refuses the EndpointSlice that the controller
 * manager then makes of it, again and again. The pod's WorkloadEntry has the address.
 */
export function podStatus(pod: V1Pod, triton: string, view: ContainerView, now: Date): V1PodStatus {
  const ready = view.ready && pod.metadata?.deletionTimestamp === undefined;
  const unready = ready ? {} : { reason: "ContainersNotReady", message: `containers with unready status: [${triton}]` };
  const conditions: Condition[] = [
    { type: "Initialized", status: "True" },
    { type: "ContainersReady", status: ready ? "True" : "False", ...unready },
    { type: "Ready", status: ready && gatesOpen(pod) ? "True" : "False", ...unready },
  ];
  return {
    phase: phase(view),
    startTime: pod.status?.startTime ?? now,
    conditions: mergeConditions(pod.status?.conditions ?? [], conditions, now),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = "" }) =>
      name === triton ? containerStatus(name, image, view) : simulatedStatus(name, image, view),
    ),
  };
}

/** How a pod begins: one that ran before the agent was started has lost its process, as on a node that was rebooted. */
export function initialView(pod: V1Pod, triton: string, now: Date): ContainerView {
  const before = pod.status?.containerStatuses?.find(({ name }) => name === triton);
  const state = { kind: "waiting", reason: "ContainerCreating" } as const;
  const fresh = { state, started: false, ready: false, restartCount: 0 };
  if (before?.state?.running === undefined && (before?.restartCount ?? 0) === 0) return fresh;
  const startedAt = new Date(before?.state?.running?.startedAt ?? now);
  const message = "The node agent was started again.";
  const last = { exitCode: 255, reason: "Unknown", message, startedAt, finishedAt: now };
  return { ...fresh, restartCount: (before?.restartCount ?? 0) + 1, last };
}

type Condition = Pick<V1PodCondition, "type" | "status" | "reason" | "message">;

function mergeConditions(present: readonly V1PodCondition[], ours: readonly Condition[], now: Date): V1PodCondition[] {
  const foreign = present.filter(({ type }) => !ours.some((condition) => condition.type === type));
  const merged = ours.map((condition): V1PodCondition => {
    const before = present.find(({ type }) => type === condition.type);
    const unchanged = before?.status === condition.status;
    return { ...condition, lastTransitionTime: (unchanged ? before.lastTransitionTime : undefined) ?? now };
  });
  return [...foreign, ...merged];
}

function gatesOpen(pod: V1Pod): boolean {
  return (pod.spec?.readinessGates ?? []).every(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === "True"),
  );
}

/** A container that waits to be started again is part of a running pod; one that never ran is not. */
function phase({ state, restartCount }: ContainerView): string {
  return state.kind === "waiting" && restartCount === 0 ? "Pending" : "Running";
}

function containerStatus(name: string, image: string, view: ContainerView): V1ContainerStatus {
  return {
    name,
    image,
    imageID: image,
    ready: view.ready,
    started: view.started,
    restartCount: view.restartCount,
    state: containerState(view.state),
    lastState: view.last === undefined ? {} : { terminated: terminated(view.last) },
  };
}

/** Only Triton is a real process; other containers of its pod count as running from when it does. */
function simulatedStatus(name: string, image: string, { state }: ContainerView): V1ContainerStatus {
  const running = state.kind === "running";
  return {
    name,
    image,
    imageID: image,
    ready: running,
    started: running,
    restartCount: 0,
    state: running ? { running: { startedAt: state.startedAt } } : { waiting: { reason: "ContainerCreating" } },
    lastState: {},
  };
}

function containerState(state: ContainerState): V1ContainerState {
  switch (state.kind) {
    case "waiting":
      return { waiting: { reason: state.reason, ...(state.message === undefined ? {} : { message: state.message }) } };
    case "running":
      return { running: { startedAt: state.startedAt } };
    case "terminated":
      return { terminated: terminated(state) };
  }
}

function terminated({ exitCode, signal, reason, message, startedAt, finishedAt }: Termination) {
  return {
    exitCode,
    ...(signal === undefined ? {} : { signal }),
    reason,
    ...(message === undefined ? {} : { message }),
    startedAt,
    finishedAt,
  };
}

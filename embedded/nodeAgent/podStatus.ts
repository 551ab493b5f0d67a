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

/** The status of a pod as a kubelet would write it, on top of what others wrote (the scheduler's condition stays). */
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

import type { V1ContainerState, V1ContainerStatus, V1Pod, V1PodCondition, V1PodStatus } from "@kubernetes/client-node";
import { initContainersOf } from "./initContainers.ts";

/** The state of a pod's Triton container, from which its ContainerStatus in Kubernetes is made. */
export interface ContainerView {
  /** What the container does now. */
  readonly state: ContainerState;
  /** How its last process ended (`lastState`). Absent before the first restart. */
  readonly last?: Termination;
  /** How often the container has been restarted. */
  readonly restartCount: number;
  /** Whether the startup probe has succeeded. */
  readonly started: boolean;
  /** Whether the readiness probe succeeds and the pod is in the mesh. */
  readonly ready: boolean;
  /** The init containers that this machine runs, in their order. @default none */
  readonly init?: readonly InitView[];
}

/** The state of an init container. */
export interface InitView {
  /** The container's name. */
  readonly name: string;
  /** The container's image, which is not run: its script runs on this machine. */
  readonly image: string;
  /** What the container does now. It has done its work once it has terminated with exit code 0. */
  readonly state: ContainerState;
  /** How its last process ended (`lastState`). Absent before the first restart. */
  readonly last?: Termination;
  /** How often the container has been restarted. */
  readonly restartCount: number;
}

/** The state of a container, one of the three that Kubernetes has. */
export type ContainerState =
  | {
      readonly kind: "waiting";
      /** The kubelet's reason, such as `CrashLoopBackOff`. */
      readonly reason: string;
      /** The explanation, for the user. */
      readonly message?: string;
    }
  | {
      readonly kind: "running";
      /** When the container started. */
      readonly startedAt: Date;
    }
  | ({ readonly kind: "terminated" } & Termination);

/** How a container's process ended (`ContainerStateTerminated` in Kubernetes). */
export interface Termination {
  /** The exit code; 128 plus the number of the signal for a killed process. */
  readonly exitCode: number;
  /** The number of the signal that ended the process. Absent if it exited. */
  readonly signal?: number;
  /** `Completed` for exit code 0, `Error` for others, `Unknown` after a restart of the node agent. */
  readonly reason: string;
  /** The last error lines of Triton's log, at most 1024 characters. */
  readonly message?: string;
  /** When the process started. */
  readonly startedAt: Date;
  /** When the process ended. */
  readonly finishedAt: Date;
}

/**
 * The pod's status as a kubelet writes it. Conditions of other writers, such as the scheduler's, are kept.
 *
 * The status has no pod IP. The API server accepts a loopback address there, but it refuses the EndpointSlice that the
 * controller manager then makes, and the controller manager retries forever. The pod's WorkloadEntry has the address.
 */
export function podStatus(pod: V1Pod, triton: string, view: ContainerView, now: Date): V1PodStatus {
  const ready = view.ready && pod.metadata?.deletionTimestamp === undefined;
  const unready = ready ? {} : { reason: "ContainersNotReady", message: `containers with unready status: [${triton}]` };
  const conditions: Condition[] = [
    initialized(view.init ?? []),
    { type: "ContainersReady", status: ready ? "True" : "False", ...unready },
    { type: "Ready", status: ready && gatesOpen(pod) ? "True" : "False", ...unready },
  ];
  return {
    phase: phase(view),
    startTime: pod.status?.startTime ?? now,
    conditions: mergeConditions(pod.status?.conditions ?? [], conditions, now),
    ...(view.init === undefined ? {} : { initContainerStatuses: view.init.map(initStatus) }),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = "" }) =>
      name === triton ? containerStatus(name, image, view) : simulatedStatus(name, image, view),
    ),
  };
}

/**
 * The first state of a pod's container. A pod that ran before the agent was started has lost its process, as on a
 * rebooted node, so its container counts as restarted.
 */
export function initialView(pod: V1Pod, triton: string, now: Date): ContainerView {
  const before = pod.status?.containerStatuses?.find(({ name }) => name === triton);
  const state = { kind: "waiting", reason: "ContainerCreating" } as const;
  const init = initContainersOf(pod).map(
    ({ name, image = "" }): InitView => ({
      name,
      image,
      state: { kind: "waiting", reason: "PodInitializing" },
      restartCount: 0,
    }),
  );
  const fresh = { state, started: false, ready: false, restartCount: 0, ...(init.length === 0 ? {} : { init }) };
  if (before?.state?.running === undefined && (before?.restartCount ?? 0) === 0) return fresh;
  const startedAt = new Date(before?.state?.running?.startedAt ?? now);
  const message = "The node agent was restarted.";
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

function initialized(init: readonly InitView[]): Condition {
  const open = init.filter(({ state }) => !isDone(state)).map(({ name }) => name);
  if (open.length === 0) return { type: "Initialized", status: "True" };
  const message = `containers with incomplete status: [${open.join(" ")}]`;
  return { type: "Initialized", status: "False", reason: "ContainersNotInitialized", message };
}

function isDone(state: ContainerState): boolean {
  return state.kind === "terminated" && state.exitCode === 0;
}

function initStatus({ name, image, state, last, restartCount }: InitView): V1ContainerStatus {
  return {
    name,
    image,
    imageID: image,
    ready: isDone(state),
    started: state.kind === "running",
    restartCount,
    state: containerState(state),
    lastState: last === undefined ? {} : { terminated: terminated(last) },
  };
}

function gatesOpen(pod: V1Pod): boolean {
  return (pod.spec?.readinessGates ?? []).every(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === "True"),
  );
}

/** The phase of the pod: Pending until its container has run once, then Running, also while a restart is due. */
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

/**
 * The status of a container other than Triton's. It is not run, and counts as running while Triton's container does.
 */
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

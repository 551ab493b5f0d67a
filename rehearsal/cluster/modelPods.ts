import type { V1Pod } from "@kubernetes/client-node";
import { exitCodes, type Problem, ProblemError, unknownChoice } from "../../components/core/problem.ts";
import { subsets } from "../../components/model/objectNames.ts";
import { underWay } from "../local/release.ts";
import type { ClusterView, RolloutView } from "./clusterView.ts";

/**
 * What its DestinationRule calls the pods of a version. `canary`: of the version that is being released or was refused;
 * `stable`: of the one that has the other traffic.
 */
export type PodRole = keyof typeof subsets;

/** One pod of a model. */
export interface ModelPod {
  /** Its name. */
  readonly name: string;
  /** Its version label; `?` without one. */
  readonly version: string;
  /** Undefined: of a revision that is neither, such as one that is kept for a rollback. */
  readonly role: PodRole | undefined;
  /** Whether its readiness probe succeeds. */
  readonly ready: boolean;
  /** Whether the container of the model runs, ready or not. */
  readonly running: boolean;
  /** How often its containers have been restarted, all together. */
  readonly restarts: number;
  /** What it does, in a few words: `ready`, `not ready`, `CrashLoopBackOff`. */
  readonly state: string;
  /** The object. */
  readonly pod: V1Pod;
}

/** Which pod a command is about, as far as a person says. Each that is given must hold. */
export interface PodChoice {
  /** The name of a pod. */
  readonly pod?: string;
  /** A version. */
  readonly version?: string;
  /** Whether the version that is being released, or the one that has the traffic besides. */
  readonly role?: PodRole;
}

/** For what a pod is wanted: `logs` of one that is in trouble say most; `process` needs one that runs. */
export type PodPurpose = "logs" | "process";

/**
 * The pods of a model, those that matter most first: of a version under release before those of the stable one, and
 * then as `purpose` says.
 */
export async function modelPods(
  view: ClusterView,
  { namespace, name, rollout }: { readonly namespace: string; readonly name: string; readonly rollout: RolloutView },
  purpose: PodPurpose,
): Promise<ModelPod[]> {
  const pods = await view.pods(namespace, `app=${name}`);
  return rankedPods(pods, rollout, purpose);
}

/** The same pods in that order. */
export function rankedPods(pods: readonly V1Pod[], rollout: RolloutView, purpose: PodPurpose): ModelPod[] {
  // After a release was ended, the pods of its version say for a while why.
  const first: PodRole = underWay(rollout) || (rollout.aborted && purpose === "logs") ? subsets.canary : subsets.stable;
  const rankOf = ({ role }: ModelPod) => (role === first ? 0 : role === undefined ? 2 : 1);
  const troubleOf = ({ ready, restarts }: ModelPod) => (ready ? 0 : 1_000_000) + restarts;
  const useOf = ({ ready, running }: ModelPod) => (ready ? 2 : running ? 1 : 0);
  const ageOf = ({ pod }: ModelPod) => new Date(pod.metadata?.creationTimestamp ?? 0).getTime();
  return pods
    .map((pod) => modelPod(pod, rollout))
    .sort(
      (a, b) =>
        rankOf(a) - rankOf(b) ||
        (purpose === "logs" ? troubleOf(b) - troubleOf(a) : useOf(b) - useOf(a)) ||
        ageOf(b) - ageOf(a) ||
        a.name.localeCompare(b.name),
    );
}

/**
 * The first pod that is chosen.
 *
 * @throws ProblemError if there is none, with the pods there are
 */
export function chosenPod(model: string, pods: readonly ModelPod[], choice: PodChoice): ModelPod {
  const { pod: name, version, role } = choice;
  if (name !== undefined && !pods.some((one) => one.name === name)) {
    throw noPod(
      model,
      pods,
      unknownChoice(
        "--pod",
        name,
        pods.map((one) => one.name),
      ),
    );
  }
  const fits = (one: ModelPod): boolean =>
    (name === undefined || one.name === name) &&
    (version === undefined || one.version === version) &&
    (role === undefined || one.role === role);
  const found = pods.find(fits);
  if (found !== undefined) return found;
  const asked = [
    ...(version === undefined ? [] : [`--version ${version}`]),
    ...(role === undefined ? [] : [`--role ${role}`]),
  ].join(" ");
  const there = pods.map((one) => `${one.name} (${describedPod(one)})`).join(", ");
  throw noPod(model, pods, {
    path: asked === "" ? `model ${model}` : asked,
    reason: there === "" ? "it has no pod on this cluster." : `no such pod. There are: ${there}.`,
    ...(role === subsets.canary && there !== "" ? { fix: "Without a release there are only stable ones." } : {}),
  });
}

/** `version 2, canary, ready`. */
export function describedPod({ version, role, state }: ModelPod): string {
  return [`version ${version}`, ...(role === undefined ? [] : [role]), state].join(", ");
}

/**
 * The container that a command is about: the one that is named, else the model's own. For `logs` an init container that
 * has not done its work yet comes before, since the model's own has said nothing then.
 *
 * @throws ProblemError for a name that is of none
 */
export function chosenContainer({ name, pod }: ModelPod, purpose: PodPurpose, container?: string): string {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const names = [...containers, ...initContainers].map((one) => one.name);
  if (container !== undefined) {
    if (names.includes(container)) return container;
    throw new ProblemError(`Pod ${name} has no such container`, [unknownChoice("--container", container, names)]);
  }
  const own = modelContainer(pod);
  if (purpose === "process" || statusOf(pod, own)?.state?.waiting?.reason !== "PodInitializing") return own;
  const atWork = pod.status?.initContainerStatuses?.find(
    ({ state, lastState }) =>
      state?.running !== undefined ||
      lastState?.terminated !== undefined ||
      (state?.terminated !== undefined && state.terminated.exitCode !== 0),
  );
  return atWork?.name ?? own;
}

/** The container that serves the model. Beside it may be a sidecar of the mesh, which the injector puts first. */
function modelContainer({ metadata, spec }: V1Pod): string {
  const names = (spec?.containers ?? []).map(({ name }) => name);
  const marked = metadata?.annotations?.["kubectl.kubernetes.io/default-container"];
  return [server, marked].find((name) => name !== undefined && names.includes(name)) ?? names[0] ?? server;
}

/** The name that `tritonPod` gives the container. */
const server = "triton";

function statusOf({ status }: V1Pod, container: string) {
  return status?.containerStatuses?.find(({ name }) => name === container);
}

function modelPod(pod: V1Pod, { stableHash, currentHash }: RolloutView): ModelPod {
  const hash = pod.metadata?.labels?.["rollouts-pod-template-hash"];
  const ready = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  const states = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return {
    name: pod.metadata?.name ?? "?",
    version: pod.metadata?.labels?.version ?? "?",
    // The first version of a model is nobody's canary.
    role:
      hash === undefined
        ? undefined
        : hash === (stableHash || currentHash)
          ? subsets.stable
          : hash === currentHash
            ? subsets.canary
            : undefined,
    ready,
    running: statusOf(pod, modelContainer(pod))?.state?.running !== undefined,
    restarts: states.reduce((sum, { restartCount }) => sum + restartCount, 0),
    state: stateOf(pod, ready),
    pod,
  };
}

function stateOf({ metadata, status }: V1Pod, ready: boolean): string {
  if (metadata?.deletionTimestamp !== undefined) return "ends";
  if (ready) return "ready";
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    .map(({ state }) => state?.waiting?.reason)
    .find((reason) => reason !== undefined && reason !== "PodInitializing");
  return waiting ?? (status?.phase === "Running" ? "not ready" : (status?.phase?.toLowerCase() ?? "not ready"));
}

function noPod(model: string, pods: readonly ModelPod[], problem: Problem): ProblemError {
  const exitCode = pods.length === 0 ? exitCodes.unavailable : exitCodes.badInput;
  return new ProblemError(`No pod of model "${model}" was chosen`, [problem], exitCode);
}

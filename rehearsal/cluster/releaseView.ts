import type { V1ReplicaSet } from "@kubernetes/client-node";
import { objectNames } from "../../components/model/objectNames.ts";
import { plannedSecondsAnnotation } from "../../components/model/rollout.ts";
import { type ClusterView, type RawRollout, type RolloutView, rolloutView } from "./clusterView.ts";

/** What a person asked of a release with `serin release`. Kept on the Rollout, the newest last. */
export interface RecordedAction {
  /** The verb: `abort`. */
  readonly verb: string;
  /** The user as the API server knows it, from the kubeconfig's credentials. */
  readonly by: string;
  /** `--reason`. */
  readonly reason: string;
  /** When it was asked, ISO 8601, by the clock of the person's machine. */
  readonly at: string;
  /** The version that was stable then. */
  readonly stable: string;
  /** The newest version then: the one that was released, or had been. */
  readonly version: string;
  /** The pod template hash of that version. */
  readonly hash: string;
  /** Percent of the traffic on the newest version then. */
  readonly weight: number;
}

/** A version of the model's pods that the cluster still knows: a ReplicaSet. */
export interface Revision {
  /** The pod template hash. */
  readonly hash: string;
  /** Counts up with each change of the pod template; 0 where the controller has not numbered it. */
  readonly number: number;
  /** The version label of its pods. */
  readonly version: string;
  /** When it was first declared, ISO 8601. */
  readonly createdAt: string;
  /** Pods that it is told to have. 0: the pods are gone, and the version would start anew. */
  readonly pods: number;
  /** Those that are available. */
  readonly available: number;
  /** Whether an analysis ended it, or a person who aborted its release: it was never all of the traffic's. */
  readonly refused: boolean;
  /** The pod template without the label of the hash. */
  readonly template: object;
}

/** A step of a Rollout. */
export interface ReleaseStep {
  /** The field that it has: `setWeight`, `pause`, `analysis`, `setCanaryScale`. */
  readonly kind: string;
  /** What it does, in a few words: `wait 120 s`. */
  readonly does: string;
}

/** Everything that `serin release` shows and acts on. */
export interface ReleaseView {
  /** The state of the Rollout. */
  readonly rollout: RolloutView;
  /** Of the Rollout object that this was read from. A write that names it fails if the object has changed since. */
  readonly resourceVersion: string;
  /** The UID of the Rollout. */
  readonly uid: string;
  /** Whether a person has paused it (`spec.paused`). */
  readonly paused: boolean;
  /** Why the controller itself waits: `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun`. */
  readonly pauseReasons: readonly string[];
  /** The steps of the Rollout; empty for a strategy without steps. */
  readonly steps: readonly ReleaseStep[];
  /** Available pods with which the controller gives a version all of the traffic (`replicaProgressThreshold`). */
  readonly podsForTraffic: number;
  /** How long each step is planned to take, in seconds; empty where the Rollout does not say. */
  readonly plannedSeconds: readonly number[];
  /** When the pause under way began or, outside of pauses, when the release last went forward; ISO 8601. */
  readonly waitingSince?: string;
  /** Seconds after an abort until the pods of the new version are ended. Undefined: the controller's default, 30. */
  readonly abortDelaySeconds?: number;
  /** Percent of the traffic on the new version. */
  readonly weight: number;
  /** The version that has the rest of the traffic; `–` before the first one is stable. */
  readonly stableVersion: string;
  /** Newest first. */
  readonly revisions: readonly Revision[];
  /** What people did, newest last, at most the last 20. */
  readonly actions: readonly RecordedAction[];
}

/** On a Rollout: a JSON list of `RecordedAction`. */
export const actionsAnnotation = "release.serin.dev/actions";

interface FoundRollout extends RawRollout {
  readonly metadata: RawRollout["metadata"] & {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: RawRollout["spec"] & { readonly paused?: boolean };
  readonly status?: NonNullable<RawRollout["status"]> & {
    readonly pauseConditions?: readonly { readonly reason: string; readonly startTime?: string }[];
    readonly conditions?: readonly { readonly type: string; readonly lastUpdateTime?: string }[];
  };
}

/** The release of a model on a cluster. Undefined: there is no Rollout of this name. */
export async function releaseView(
  view: ClusterView,
  namespace: string,
  name: string,
): Promise<ReleaseView | undefined> {
  const found = await view.read<FoundRollout>(`/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`);
  if (found === undefined) return undefined;
  const rollout = rolloutView(found);
  const actions = recordedActions(found.metadata.annotations?.[actionsAnnotation]);
  const [weight, replicaSets, failed] = await Promise.all([
    view.canaryWeight(namespace, objectNames(name).release),
    view.read<{ items: V1ReplicaSet[] }>(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
      labelSelector: `app=${name}`,
    }),
    view.failedHashes(namespace, name),
  ]);
  const revisions = (replicaSets?.items ?? [])
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === found.metadata.uid))
    .map((replicaSet) => revisionOf(replicaSet, failed, actions))
    .sort((a, b) => b.number - a.number || b.createdAt.localeCompare(a.createdAt));
  const strategy = found.spec.strategy?.canary ?? found.spec.strategy?.blueGreen;
  const {
    steps = [],
    abortScaleDownDelaySeconds,
    replicaProgressThreshold,
  } = (strategy ?? {}) as {
    readonly replicaProgressThreshold?: { readonly type?: string; readonly value?: number };
    readonly steps?: readonly Readonly<Record<string, unknown>>[];
    readonly abortScaleDownDelaySeconds?: number;
  };
  const since =
    found.status?.pauseConditions?.[0]?.startTime ??
    found.status?.conditions?.find(({ type }) => type === "Progressing")?.lastUpdateTime;
  return {
    rollout,
    resourceVersion: found.metadata.resourceVersion ?? "",
    uid: found.metadata.uid ?? "",
    paused: found.spec.paused === true,
    pauseReasons: (found.status?.pauseConditions ?? []).map(({ reason }) => reason),
    steps: steps.map(releaseStep),
    podsForTraffic:
      replicaProgressThreshold?.type === "Percent"
        ? Math.ceil((rollout.replicas * (replicaProgressThreshold.value ?? 100)) / 100)
        : rollout.replicas,
    plannedSeconds: numbers(found.metadata.annotations?.[plannedSecondsAnnotation]),
    ...(since === undefined ? {} : { waitingSince: since }),
    ...(abortScaleDownDelaySeconds === undefined ? {} : { abortDelaySeconds: abortScaleDownDelaySeconds }),
    weight,
    stableVersion: revisions.find(({ hash }) => hash === rollout.stableHash)?.version ?? "–",
    revisions,
    actions,
  };
}

/** The newest revision before the stable one that has been all of the traffic's, as far as the cluster still knows. */
export function previousRevision({ rollout, revisions }: ReleaseView, version?: string): Revision | undefined {
  const stable = revisions.find(({ hash }) => hash === rollout.stableHash);
  const before = revisions.filter(
    (revision) => revision.hash !== rollout.stableHash && revision.number < (stable?.number ?? 0),
  );
  if (version !== undefined) return before.find((revision) => revision.version === version);
  const sound = before.filter(({ refused }) => !refused);
  // Pods are kept after a promotion of the version that was stable before, and of no other.
  return sound.find(({ pods }) => pods > 0) ?? sound[0];
}

function revisionOf(
  { metadata, spec, status }: V1ReplicaSet,
  failed: ReadonlySet<string>,
  actions: readonly RecordedAction[],
): Revision {
  const hash = metadata?.labels?.[hashLabel] ?? "";
  const { [hashLabel]: _, ...labels } = spec?.template?.metadata?.labels ?? {};
  const version = labels.version ?? "?";
  return {
    hash,
    number: Number(metadata?.annotations?.["rollout.argoproj.io/revision"] ?? 0),
    version,
    createdAt: new Date(metadata?.creationTimestamp ?? 0).toISOString(),
    pods: spec?.replicas ?? 0,
    available: status?.availableReplicas ?? 0,
    refused: failed.has(hash) || wasEnded(hash, actions),
    template: { ...spec?.template, metadata: { ...spec?.template?.metadata, labels } },
  };
}

const hashLabel = "rollouts-pod-template-hash";

/** Whether a person ended the revision's last release. One who tried it again afterwards has taken that back. */
function wasEnded(hash: string, actions: readonly RecordedAction[]): boolean {
  const last = actions.findLast(
    (action) => action.hash === hash && ["abort", "rollback", "retry"].includes(action.verb),
  );
  return last !== undefined && last.verb !== "retry";
}

/** A person may have written anything there. */
function recordedActions(text: string | undefined): RecordedAction[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter((action) => typeof action?.verb === "string") : [];
  } catch {
    return [];
  }
}

/** A JSON list of numbers; empty where it is none. */
function numbers(text: string | undefined): number[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "number") : [];
  } catch {
    return [];
  }
}

/** The fields of a step: https://argo-rollouts.readthedocs.io/en/stable/features/canary/ */
function releaseStep(step: Readonly<Record<string, unknown>>): ReleaseStep {
  const [kind = "", value] = Object.entries(step)[0] ?? [];
  return { kind, does: stepInWords(kind, value) };
}

function stepInWords(kind: string, value: unknown): string {
  switch (kind) {
    case "setWeight":
      return `${value} % of the traffic`;
    case "pause": {
      const { duration } = (value ?? {}) as { readonly duration?: number | string };
      return duration === undefined
        ? "wait for a person"
        : `wait ${duration}${typeof duration === "number" ? " s" : ""}`;
    }
    case "analysis": {
      const { templates = [] } = (value ?? {}) as { readonly templates?: readonly { readonly templateName: string }[] };
      return `analysis ${templates.map(({ templateName }) => templateName).join(", ")}`;
    }
    case "setCanaryScale":
      return "pods of the new version";
    case "setHeaderRoute":
      return "requests with a header";
    case "setMirrorRoute":
      return "copies of requests";
    default:
      return kind;
  }
}

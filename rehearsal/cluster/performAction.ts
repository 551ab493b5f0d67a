import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { ApiError } from "../../engine/kubernetes/kubernetesClient.ts";
import type { ManagedFields } from "../../engine/kubernetes/kubernetesObject.ts";
import type { ClusterView } from "./clusterView.ts";
import type { PlannedAction, RolloutPatch } from "./releaseActions.ts";
import { actionsAnnotation, type RecordedAction, type ReleaseView, type Revision, releaseView } from "./releaseView.ts";

/** What is done, to which release, and why. */
export interface ActionArgs {
  /** The cluster. */
  readonly view: ClusterView;
  /** The namespace of the model. */
  readonly namespace: string;
  /** The name of the model and of its Rollout. */
  readonly name: string;
  /** What was told. */
  readonly action: PlannedAction;
  /** The release as it was when that was told. */
  readonly seen: ReleaseView;
  /** Why, in the person's words. */
  readonly reason: string;
  /** How long the effect is waited for, milliseconds. */
  readonly patienceMs: number;
  /** Aborting it ends the wait. What was written stays. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Performed {
  /** As it is kept on the Rollout. */
  readonly record: RecordedAction;
  /** Whether the cluster showed the effect in time. */
  readonly done: boolean;
  /** The release when the wait ended. */
  readonly now: ReleaseView;
  /** Milliseconds from the first write until the effect was seen, or until the wait ended. */
  readonly tookMs: number;
}

/** Kept on the Rollout: enough for the releases of weeks, far below the 256 KiB of all annotations. */
const mostActions = 20;

/** The manager of what a person writes, in `metadata.managedFields`. */
const fieldManager = "serin-release";

const pollMs = 250;

/** How often the controller is shown the Rollout again. It acts within a second where it has seen the change. */
const reminderMs = 2_000;

/**
 * On a Rollout whose change the controller did not see. It writes what its own last patch returned into its cache (log:
 * "persisted to informer", argo-rollouts 1.9.1), over what a person wrote in between, and does not look again until the
 * Rollout changes: seen with an abort within a second of the start of a pause. A status that is as it was is no change,
 * an annotation is.
 */
const reminderAnnotation = "release.serin.dev/reminded-at";

/**
 * Writes who, why and when onto the Rollout, then what the action consists of, then an Event; and waits for the effect.
 *
 * @throws ProblemError when the newest version is another than the person was told of, or the Rollout is gone; then
 *   nothing was changed. ApiError for a refusal of the API server
 */
export async function performAction(args: ActionArgs): Promise<Performed> {
  const { view, namespace, name, action, seen, reason, signal } = args;
  const record: RecordedAction = {
    verb: action.verb,
    by: await whoAmI(view),
    reason,
    at: new Date().toISOString(),
    stable: seen.stableVersion,
    version: seen.rollout.version,
    hash: seen.rollout.currentHash,
    weight: seen.weight,
  };
  const since = performance.now();
  await recordAction(args, record);
  if (action.restore === undefined) for (const patch of action.patches) await write(args, patch);
  else await restore(args, action.restore);
  await recordEvent(args, record);
  let remindedMs = performance.now() - since;
  for (;;) {
    const now = await releaseView(view, namespace, name);
    if (now === undefined) throw gone(args);
    const tookMs = Math.round(performance.now() - since);
    const done = action.isDone(now);
    if (done || tookMs > args.patienceMs) return { record, done, now, tookMs };
    if (tookMs - remindedMs > reminderMs) {
      remindedMs = tookMs;
      const annotations = { [reminderAnnotation]: new Date().toISOString() };
      await patchRollout(args, { body: { metadata: { annotations } } });
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** The user as the API server knows it (`SelfSubjectReview`, Kubernetes 1.28). */
async function whoAmI({ client }: ClusterView): Promise<string> {
  try {
    const review = await client.send<{ readonly status?: { readonly userInfo?: { readonly username?: string } } }>({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    });
    return review.status?.userInfo?.username ?? "unknown";
  } catch (error) {
    if (error instanceof ApiError) return "unknown";
    throw error;
  }
}

/** The state may have moved on while the person was asked, but not to another version. */
async function current(args: ActionArgs): Promise<ReleaseView> {
  const { view, namespace, name, seen } = args;
  const now = await releaseView(view, namespace, name);
  if (now === undefined) throw gone(args);
  if (now.rollout.currentHash === seen.rollout.currentHash && now.rollout.stableHash === seen.rollout.stableHash) {
    return now;
  }
  throw new ProblemError("Nothing was changed", [
    {
      path: args.action.verb,
      reason: `the release has moved on since: version ${now.rollout.version} is the newest, ${now.stableVersion} the stable one.`,
      fix: "Look at it again with: npx serin release status",
    },
  ]);
}

/** Names the object that was read, so that two people, or a person and an `up`, do not write over each other. */
async function recordAction(args: ActionArgs, record: RecordedAction): Promise<void> {
  await onLatest(args, async (now) => {
    const actions = [...now.actions, record].slice(-mostActions);
    await patchRollout(args, {
      body: {
        metadata: {
          resourceVersion: now.resourceVersion,
          annotations: { [actionsAnnotation]: JSON.stringify(actions) },
        },
      },
    });
  });
}

/** Tries again where the controller has written the object in between, which it does at any moment. */
async function onLatest(args: ActionArgs, attempt: (now: ReleaseView) => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt(await current(args));
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 409) || tries >= 10) throw error;
      await sleep(50 * tries, undefined, { signal: args.signal });
    }
  }
}

function write(args: ActionArgs, { subresource, body }: RolloutPatch): Promise<void> {
  return patchRollout(args, { body, ...(subresource === undefined ? {} : { subresource }) });
}

async function patchRollout(
  { view, namespace, name }: ActionArgs,
  { subresource, body }: { subresource?: string; body: unknown },
): Promise<void> {
  await view.client.send({
    method: "PATCH",
    path: `${rolloutPath(namespace, name)}${subresource === undefined ? "" : `/${subresource}`}`,
    query: { fieldManager },
    contentType: "application/merge-patch+json",
    body,
  });
}

/**
 * Gives the Rollout the pod template of an earlier revision (`undo.go`), and all of the traffic as soon as its pods are
 * ready. Nobody owns the template afterwards: a manager of its own would make the next `up` a conflict.
 */
async function restore(args: ActionArgs, { hash, template }: Revision): Promise<void> {
  const { view, namespace, name, signal } = args;
  await onLatest(args, async (now) => {
    await jsonPatch(args, [
      { op: "test", path: "/metadata/resourceVersion", value: now.resourceVersion },
      { op: "replace", path: "/spec/template", value: template },
    ]);
  });
  await disown(args);
  // Before the controller has seen the template, it would take the promotion for one of the version before.
  const until = performance.now() + args.patienceMs;
  for (;;) {
    const now = await releaseView(view, namespace, name);
    if (now?.rollout.stableHash === hash) return;
    if (now?.rollout.observed === true && now.rollout.currentHash === hash) break;
    if (performance.now() > until) {
      throw new ProblemError(
        "The rollback stopped half-way",
        [
          {
            path: `Rollout ${namespace}/${name}`,
            reason: "it has the pod template of the earlier version, and the controller has not seen it yet.",
            fix: 'When "npx serin release status" shows that version: npx serin release promote --full',
          },
        ],
        exitCodes.incomplete,
      );
    }
    await sleep(pollMs, undefined, { signal });
  }
  await patchRollout(args, { subresource: "status", body: { status: { promoteFull: true } } });
}

async function disown(args: ActionArgs): Promise<void> {
  const { view, namespace, name } = args;
  for (let tries = 1; ; tries += 1) {
    const found = await view.read<{
      readonly metadata: { readonly resourceVersion: string; readonly managedFields?: readonly ManagedFields[] };
    }>(rolloutPath(namespace, name));
    const { resourceVersion, managedFields = [] } = found?.metadata ?? { resourceVersion: "" };
    const kept = managedFields.filter(
      ({ manager, subresource }) => manager !== fieldManager || subresource !== undefined,
    );
    try {
      return await jsonPatch(args, [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        { op: "replace", path: "/metadata/managedFields", value: kept },
      ]);
    } catch (error) {
      // A failed test of a JSON patch is 422, a write in between 409.
      if (!(error instanceof ApiError && [409, 422].includes(error.code)) || tries >= 10) throw error;
    }
  }
}

async function jsonPatch({ view, namespace, name }: ActionArgs, operations: readonly object[]): Promise<void> {
  try {
    await view.client.send({
      method: "PATCH",
      path: rolloutPath(namespace, name),
      query: { fieldManager },
      contentType: "application/json-patch+json",
      body: operations,
    });
  } catch (error) {
    // As a merge patch answers it, so that both are tried again. Kubernetes 1.35 does not say that it was the test.
    if (error instanceof ApiError && error.code === 422 && /test|rejected our request/i.test(error.message))
      throw new ApiError(409, error.status);
    throw error;
  }
}

/** Named after its moment, so that a request that is repeated makes no second one. Clusters keep it for an hour. */
async function recordEvent(
  { view, namespace, name, seen, signal }: ActionArgs,
  { verb, by, reason, at }: RecordedAction,
): Promise<void> {
  const eventName = `${name}.${Date.parse(at).toString(16)}`;
  try {
    await view.client.send({
      method: "PATCH",
      path: `/api/v1/namespaces/${namespace}/events/${eventName}`,
      query: { fieldManager, force: "true" },
      contentType: "application/apply-patch+yaml",
      body: {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: eventName, namespace },
        involvedObject: { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", namespace, name, uid: seen.uid },
        type: "Normal",
        reason: `Release${verb.charAt(0).toUpperCase()}${verb.slice(1)}`,
        message: `${by}: ${reason}`,
        source: { component: "serin" },
        firstTimestamp: `${at.slice(0, 19)}Z`,
        lastTimestamp: `${at.slice(0, 19)}Z`,
        count: 1,
      },
    });
  } catch (error) {
    signal.throwIfAborted();
    // The annotation has it; whoever may change Rollouts need not be allowed to write Events.
    if (!(error instanceof ApiError)) throw error;
  }
}

function rolloutPath(namespace: string, name: string): string {
  return `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`;
}

function gone({ namespace, name }: ActionArgs): ProblemError {
  return new ProblemError(
    "The release is gone",
    [{ path: `Rollout ${namespace}/${name}`, reason: "it does not exist any more." }],
    exitCodes.incomplete,
  );
}

import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, type Problem, ProblemError } from "../../components/core/problem.ts";
import { type ClusterObjects, fieldManager } from "../kubernetes/clusterObjects.ts";
import { ApiError, isNotFound } from "../kubernetes/kubernetesClient.ts";
import {
  describeObject,
  groupOf,
  type KubernetesObject,
  type ObjectReference,
  referenceTo,
} from "../kubernetes/kubernetesObject.ts";
import { withIgnoredPaths } from "./ownedFields.ts";

/** What became of an object. */
export type Action = "created" | "updated" | "unchanged" | "replaced";

/** How an object is brought to its manifest. */
export interface ApplyOptions {
  /** Paths that keep their live value once the object exists. */
  readonly ignored: readonly (readonly string[])[];
  /** Takes fields over from other managers. */
  readonly force: boolean;
  /** May delete and create the object again where it cannot be changed in place. */
  readonly replaceable: boolean;
  /** Throws for an object that exists and is not this stack's. */
  readonly check: (live: KubernetesObject) => Promise<void>;
  /** Ends the work between two requests. */
  readonly signal: AbortSignal;
}

/** How long to wait for a kind. */
export interface KindWait {
  /** The kind may not be served yet, because its definition was applied a moment ago. */
  readonly mayAppear: () => boolean;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** The result of an apply. */
export interface Applied {
  /** What became of the object. */
  readonly action: Action;
  /** The object as the server has it now. */
  readonly object: KubernetesObject;
}

/** How long a definition may take to be served, a namespace to be usable, a deleted object to go, in ms. */
const readinessMs = 60_000;
const attempts = 5;

/**
 * Brings one object to what its manifest says, by server-side apply, and waits until others can build on it.
 *
 * @throws ProblemError naming each field the server refuses or another manager owns.
 */
export async function applyObject(
  cluster: ClusterObjects,
  manifest: KubernetesObject,
  options: ApplyOptions,
): Promise<Applied> {
  let before = await cluster.get(referenceTo(manifest), options.signal);
  if (before?.metadata.deletionTimestamp !== undefined) {
    await gone(cluster, before, options.signal);
    before = undefined;
  }
  const applied = await settle(cluster, manifest, before, options);
  return { ...applied, object: await ready(cluster, applied.object, options.signal) };
}

async function settle(
  cluster: ClusterObjects,
  manifest: KubernetesObject,
  before: KubernetesObject | undefined,
  options: ApplyOptions,
): Promise<Applied> {
  let live = before;
  let replaced = false;
  const write = { force: options.force, signal: options.signal };
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (live === undefined) {
        const object = await cluster.apply(manifest, write);
        return { action: replaced ? "replaced" : "created", object };
      }
      await options.check(live);
      const body = withIgnoredPaths(manifest, live, options.ignored, fieldManager);
      const object = await cluster.apply(body, write);
      const unchanged = object.metadata.resourceVersion === live.metadata.resourceVersion;
      return { action: unchanged ? "unchanged" : "updated", object };
    } catch (error) {
      if (!(error instanceof ApiError) || attempt === attempts) throw refusal(manifest, error);
      if (isImmutable(error) && live !== undefined && options.replaceable) {
        await remove(cluster, live, options.signal);
        replaced = true;
      } else if (isNamespaceMissing(error)) {
        await sleep(200 * attempt, undefined, { signal: options.signal });
      } else if (!isIgnoredConflict(error, options.ignored)) {
        throw refusal(manifest, error);
      }
      live = await cluster.get(referenceTo(manifest), options.signal);
    }
  }
}

/** @throws ProblemError when the cluster does not know the kind, nor will in a moment. */
export async function kindServed(cluster: ClusterObjects, reference: ObjectReference, wait: KindWait): Promise<void> {
  const since = performance.now();
  while ((await cluster.servedKind(reference.apiVersion, reference.kind)) === undefined) {
    if (!wait.mayAppear() || performance.now() - since > 10_000) throw unserved(reference);
    await sleep(100, undefined, { signal: wait.signal });
  }
}

function unserved(reference: ObjectReference): ProblemError {
  const { apiVersion, kind } = reference;
  const problem: Problem = {
    path: `${apiVersion} ${kind}`,
    reason: "the cluster does not know this kind.",
    fix: `Install the definition of ${groupOf(apiVersion)} ${kind} first, or depend on what installs it.`,
  };
  return new ProblemError(`${describeObject(reference)} cannot be applied`, [problem], exitCodes.incomplete);
}

/** Deletes an object that cannot be changed in place, as the provider replaces one with a fixed name. */
async function remove(cluster: ClusterObjects, live: KubernetesObject, signal: AbortSignal): Promise<void> {
  await cluster.delete(referenceTo(live), live.metadata.uid);
  await gone(cluster, live, signal);
}

/** Waits until the name of a deleted object is free. */
async function gone(cluster: ClusterObjects, deleted: KubernetesObject, signal: AbortSignal): Promise<void> {
  const reference = referenceTo(deleted);
  const isGone = async () => (await cluster.get(reference, signal))?.metadata.uid !== deleted.metadata.uid;
  await until(isGone, () => `${describeObject(reference)} is being deleted, but does not go`, signal);
}

/** A definition is built upon once it is established, a namespace once it is active; the rest at once. */
async function ready(
  cluster: ClusterObjects,
  applied: KubernetesObject,
  signal: AbortSignal,
): Promise<KubernetesObject> {
  let object = applied;
  if (isReady(object)) return object;
  const reread = async () => {
    object = (await cluster.get(referenceTo(applied), signal)) ?? object;
    return isReady(object);
  };
  await until(reread, () => `${describeObject(referenceTo(applied))} does not become usable`, signal);
  return object;
}

function isReady({ apiVersion, kind, status }: KubernetesObject): boolean {
  const { phase, conditions } = (status ?? {}) as { phase?: string; conditions?: { type: string; status: string }[] };
  if (kind === "Namespace" && apiVersion === "v1") return phase === "Active";
  if (kind !== "CustomResourceDefinition") return true;
  return conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
}

async function until(done: () => Promise<boolean>, what: () => string, signal: AbortSignal): Promise<void> {
  const since = performance.now();
  for (let pause = 20; !(await done()); pause = Math.min(1_000, pause * 2)) {
    const waited = performance.now() - since;
    if (waited > readinessMs) {
      const reason = `waited for ${Math.round(waited / 1_000)} s.`;
      throw new ProblemError(what(), [{ path: "cluster", reason }], exitCodes.incomplete);
    }
    await sleep(pause, undefined, { signal });
  }
}

/**
 * `field is immutable`, `may not change once set`, `updates to … are forbidden`: how the API server words what needs a
 * new object.
 */
function isImmutable({ code, message }: ApiError): boolean {
  return code === 422 && /immutable|may not change once set|updates? to .* (is|are) forbidden/.test(message);
}

function isNamespaceMissing(error: ApiError): boolean {
  return isNotFound(error) && /^namespaces? /.test(error.message);
}

/** A controller took an ignored field over between our reading and our writing: read again. */
function isIgnoredConflict({ code, status }: ApiError, ignored: readonly (readonly string[])[]): boolean {
  const fields = (status.details?.causes ?? []).map(({ field }) => field ?? "");
  const isIgnored = (field: string) => ignored.some((path) => field.startsWith(`.${path.join(".")}`));
  return code === 409 && fields.length > 0 && fields.every(isIgnored);
}

/** What the server said about an object, as one problem per field. */
function refusal(manifest: KubernetesObject, error: unknown): unknown {
  const object = describeObject(referenceTo(manifest));
  if (!(error instanceof ApiError)) return error;
  const causes = error.status.details?.causes ?? [];
  const problems = causes.map(({ field, message, reason }): Problem => {
    const path = (field ?? "").replace(/^\./, "") || object;
    if (reason !== "FieldManagerConflict") return { path, reason: `${message ?? error.message}.` };
    const fix =
      'Leave the field to it (`ignoreChanges`), or take it with the annotation `pulumi.com/patchForce: "true"`.';
    return { path, reason: `${message}, which would lose its value.`, fix };
  });
  const whole = { path: object, reason: `${error.message}.`.replace(/\.\.$/, ".") };
  return new ProblemError(
    `${object} cannot be applied`,
    problems.length > 0 ? problems : [whole],
    exitCodes.incomplete,
  );
}

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { ClusterObjects } from "../kubernetes/clusterObjects.ts";
import {
  describeObject,
  groupOf,
  type KubernetesObject,
  type ObjectMetadata,
  type ObjectReference,
  referenceTo,
} from "../kubernetes/kubernetesObject.ts";

/**
 * What one stack owns in one cluster, kept in the cluster as an ApplySet (KEP-3659,
 * https://git.k8s.io/enhancements/keps/sig-cli/3659-kubectl-apply-prune): members carry a label, a parent object lists
 * their kinds and namespaces. kubectl and other tools read the same.
 */
const partOfLabel = "applyset.kubernetes.io/part-of";
const idLabel = "applyset.kubernetes.io/id";
const toolingAnnotation = "applyset.kubernetes.io/tooling";
const kindsAnnotation = "applyset.kubernetes.io/contains-group-kinds";
const namespacesAnnotation = "applyset.kubernetes.io/additional-namespaces";

/** The namespace of the parent objects. */
export const systemNamespace = "serin-system";
const deletionMs = 60_000;

/** A member of an ApplySet. */
export interface Member {
  /** Where it is in the cluster. */
  readonly object: ObjectReference;
  /** Members are removed from the highest level down: one more than that of everything it depends on. */
  readonly level: number;
  /** Stays in the cluster when the stack no longer has it. */
  readonly retain: boolean;
  /** May not be removed at all. */
  readonly protect: boolean;
}

interface Stale extends Member {
  readonly metadata: ObjectMetadata;
}

/** A member that the stack no longer has. */
export interface Removed {
  /** Where it is in the cluster. */
  readonly object: ObjectReference;
  /** True when it was kept in the cluster. */
  readonly retained: boolean;
}

/** The objects that one stack owns in one cluster. */
export class ApplySet {
  /** The value of the label that members carry. */
  readonly id: string;
  readonly #cluster: ClusterObjects;
  readonly #stack: string;
  readonly #members = new Map<string, Member>();
  #parent: Promise<KubernetesObject | undefined> | undefined;
  #listing: Promise<void> = Promise.resolve();

  constructor(cluster: ClusterObjects, stack: string) {
    this.#cluster = cluster;
    this.#stack = stack;
    const identity = `${parentName(stack)}.${systemNamespace}.ConfigMap.`;
    this.id = `applyset-${createHash("sha256").update(identity).digest("base64url")}-v1`;
  }

  /**
   * Refuses an object that another stack owns, and, as the API server does at a creation, one that exists and belongs
   * to no stack. `takeOver` allows the latter.
   */
  async check(live: KubernetesObject, { takeOver }: { readonly takeOver: boolean }): Promise<void> {
    const owner = live.metadata.labels?.[partOfLabel];
    if (owner === this.id) return;
    if (owner === undefined) {
      if (!takeOver) throw alreadyExists(live);
      return;
    }
    const parents = await this.#cluster.labelled("v1", "ConfigMap", idLabel, owner);
    const name = parents[0]?.name.replace(parentName(""), "");
    const path = describeObject(referenceTo(live));
    const reason =
      name === undefined ? `another tool owns it (${partOfLabel}: ${owner}).` : `the stack "${name}" owns it.`;
    throw new ProblemError(`${path} cannot be applied`, [{ path, reason, fix: "Declare it in one stack only." }]);
  }

  /**
   * Makes an object a member. Resolves when the parent tells of its kind and namespace, so that no member can be lost
   * sight of.
   */
  async join(object: KubernetesObject, traits: Omit<Member, "object">): Promise<KubernetesObject> {
    const reference = referenceTo(object);
    const key = keyOf(reference);
    if (this.#members.has(key)) {
      const path = describeObject(reference);
      throw new ProblemError(`${path} cannot be applied`, [
        { path, reason: "two resources of the stack are this object.", fix: "Remove one, or name it differently." },
      ]);
    }
    this.#members.set(key, { object: reference, ...traits });
    await this.#list(reference);
    const labels = { ...object.metadata.labels, [partOfLabel]: this.id };
    return { ...object, metadata: { ...object.metadata, labels } };
  }

  /**
   * Removes what the stack no longer has, and records what it has. Only after the whole program has succeeded.
   *
   * @throws ProblemError when a protected object would have to go; nothing is removed then.
   */
  async prune(): Promise<Removed[]> {
    const parent = await this.#read();
    if (parent === undefined && this.#members.size === 0) return [];
    const removed = await this.#removeAllBut(new Set(this.#members.keys()), parent);
    await this.#writeParent([...this.#members.values()], (await this.#read()) ?? parent);
    return removed;
  }

  /** Removes every member and the set itself. */
  async destroy(): Promise<Removed[]> {
    const parent = await this.#read();
    if (parent === undefined) return [];
    const removed = await this.#removeAllBut(new Set(), parent);
    await this.#cluster.delete(referenceTo(parent));
    return removed;
  }

  async #removeAllBut(kept: ReadonlySet<string>, parent: KubernetesObject | undefined): Promise<Removed[]> {
    const known = new Map(inventoryOf(parent).map((member) => [keyOf(member.object), member]));
    const kinds = new Set([...listOf(parent, kindsAnnotation), ...this.#kinds()]);
    const found = (await Promise.all([...kinds].map((kind) => this.#membersOfKind(kind)))).flat();
    const stale = found
      .filter(({ object }) => !kept.has(keyOf(object)))
      .map((item): Stale => ({ ...item, ...(known.get(keyOf(item.object)) ?? unknownMember(item.object)) }))
      .sort((a, b) => b.level - a.level || keyOf(a.object).localeCompare(keyOf(b.object)));
    const protectedOnes = stale.filter(({ protect }) => protect).map(({ object }) => describeObject(object));
    if (protectedOnes.length > 0) {
      const problems = protectedOnes.map((path) => ({
        path,
        reason: "it is protected.",
        fix: "Deploy it once without `protect`.",
      }));
      throw new ProblemError(`${this.#stack} would remove protected objects`, problems);
    }
    const outlives = ({ retain, metadata }: Stale) => retain || isKept(metadata);
    for (const { object } of stale.filter(outlives)) await this.#cluster.removeLabel(object, partOfLabel);
    const doomed = stale.filter((member) => !outlives(member));
    const contents = doomed.filter(({ object }) => !isContainer(object));
    for (const { object, metadata } of contents) await this.#cluster.delete(object, metadata.uid);
    await this.#gone(contents);
    for (const { object, metadata } of doomed.filter(({ object }) => isContainer(object))) {
      await this.#cluster.delete(object, metadata.uid);
    }
    return stale.map((member) => ({ object: member.object, retained: outlives(member) }));
  }

  async #membersOfKind(groupKind: string): Promise<{ object: ObjectReference; metadata: ObjectMetadata }[]> {
    const [kind = "", ...rest] = groupKind.split(".");
    const apiVersion = await this.#cluster.preferredVersion(rest.join("."));
    if (apiVersion === undefined) return [];
    const items = await this.#cluster.labelled(apiVersion, kind, partOfLabel, this.id);
    return items.map((metadata) => ({
      metadata,
      object: {
        apiVersion,
        kind,
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      },
    }));
  }

  async #gone(stale: readonly { object: ObjectReference; metadata: ObjectMetadata }[]): Promise<void> {
    const until = performance.now() + deletionMs;
    for (const { object, metadata } of stale) {
      for (let pause = 20; ; pause = Math.min(1_000, pause * 2)) {
        const live = await this.#cluster.get(object);
        if (live === undefined || live.metadata.uid !== metadata.uid) break;
        if (performance.now() > until) {
          const finalizers = JSON.stringify(live.metadata.finalizers ?? []);
          throw new ProblemError(
            `${this.#stack} is not removed completely`,
            [
              {
                path: describeObject(object),
                reason: `it is deleted, but not gone (finalizers ${finalizers}).`,
                fix: "See that the controllers of the finalizers run, and run this again.",
              },
            ],
            exitCodes.incomplete,
          );
        }
        await sleep(pause);
      }
    }
  }

  /** Sees to it that the parent lists the kind and namespace; writes one at a time, and only when something is new. */
  #list(reference: ObjectReference): Promise<unknown> {
    this.#listing = this.#listing.then(async () => {
      const parent = await this.#read();
      const listed =
        listOf(parent, kindsAnnotation).includes(groupKind(reference)) &&
        (ownNamespace(reference) || listOf(parent, namespacesAnnotation).includes(reference.namespace ?? ""));
      // Members that joined meanwhile are listed by the same write.
      if (!listed) await this.#writeParent([...inventoryOf(parent), ...this.#members.values()], parent);
    });
    return this.#listing;
  }

  #read(): Promise<KubernetesObject | undefined> {
    this.#parent ??= this.#cluster.get({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: parentName(this.#stack),
      namespace: systemNamespace,
    });
    return this.#parent;
  }

  async #writeParent(members: readonly Member[], current: KubernetesObject | undefined): Promise<void> {
    const distinct = [...new Map(members.map((member) => [keyOf(member.object), member])).entries()]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([, member]) => member);
    const parent: KubernetesObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: parentName(this.#stack),
        namespace: systemNamespace,
        labels: { [idLabel]: this.id },
        annotations: {
          [toolingAnnotation]: "serin/v1",
          [kindsAnnotation]: commaList(distinct.map(({ object }) => groupKind(object))),
          [namespacesAnnotation]: commaList(
            distinct.filter(({ object }) => !ownNamespace(object)).map(({ object }) => object.namespace ?? ""),
          ),
        },
      },
      data: { inventory: JSON.stringify(distinct) },
    };
    if (current === undefined) {
      await this.#cluster.apply(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: systemNamespace } },
        { force: false },
      );
    }
    this.#parent = Promise.resolve(await this.#cluster.apply(parent, { force: true }));
  }

  #kinds(): string[] {
    return [...this.#members.values()].map(({ object }) => groupKind(object));
  }
}

function alreadyExists(live: KubernetesObject): ProblemError {
  const path = describeObject(referenceTo(live));
  return new ProblemError(
    `${path} cannot be made`,
    [
      {
        path,
        reason: "it already exists, and no stack has made it.",
        fix: "Remove it, or name one of the two differently. To take it over, set `upsertExistingObjects` of the provider.",
      },
    ],
    exitCodes.incomplete,
  );
}

function parentName(stack: string): string {
  return `serin-stack-${stack}`;
}

/** `Rollout.argoproj.io`, `ConfigMap` for the core group, as the KEP writes them. */
function groupKind({ apiVersion, kind }: ObjectReference): string {
  const group = groupOf(apiVersion);
  return group === "" ? kind : `${kind}.${group}`;
}

/** Versions of a group are the same objects. */
function keyOf(reference: ObjectReference): string {
  return `${groupKind(reference)}/${reference.namespace ?? ""}/${reference.name}`;
}

/** The parent's own namespace and no namespace are not listed. */
function ownNamespace({ namespace }: ObjectReference): boolean {
  return namespace === undefined || namespace === systemNamespace;
}

function commaList(values: readonly string[]): string {
  return [...new Set(values)].sort().join(",");
}

/** Deleting one of these deletes what is in it, so everything else goes first. */
function isContainer({ kind }: ObjectReference): boolean {
  return kind === "Namespace" || kind === "CustomResourceDefinition";
}

/** Helm's way to say that an object outlives its chart. */
function isKept({ annotations }: ObjectMetadata): boolean {
  return annotations?.["helm.sh/resource-policy"] === "keep";
}

/** A run that failed has members which its inventory does not tell of. */
function unknownMember(object: ObjectReference): Member {
  return { object, level: 0, retain: false, protect: false };
}

function listOf(parent: KubernetesObject | undefined, annotation: string): string[] {
  return (parent?.metadata.annotations?.[annotation] ?? "").split(",").filter((item) => item !== "");
}

function inventoryOf(parent: KubernetesObject | undefined): readonly Member[] {
  const { inventory } = (parent?.data ?? {}) as { inventory?: string };
  return inventory === undefined ? [] : (JSON.parse(inventory) as Member[]);
}

import { type Problem, rejectProblems } from "../components/core/problem.ts";
import { nameIn, type RecordedResource } from "../engine/recordedResource.ts";
import { shown } from "./shownValues.ts";

/** What identifies a Kubernetes object in a cluster. */
interface ObjectIdentity {
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown };
}

/**
 * Refuses two resources of one cluster that stand for the same Kubernetes object, in one layer or in two, whatever made
 * them: the second to be deployed would take over the first, or fail. Objects inside charts are not known here.
 *
 * @throws ProblemError with every object that is there twice.
 */
export function rejectSameObjects(cluster: string, resources: readonly RecordedResource[]): void {
  const owners = new Map<string, string>();
  const problems = resources.flatMap(({ type, urn, custom, props }): Problem[] => {
    const [, group, kind] = /^kubernetes:([^/:]+)\/[^:]+:(\w+)$/.exec(type) ?? [];
    if (!custom || kind === undefined || group === "helm.sh" || kind.endsWith("Patch")) return [];
    const { name, namespace } = (shown(props) as ObjectIdentity).metadata ?? {};
    if (typeof name !== "string" || name.startsWith("[")) return [];
    const object = `${kind} ${typeof namespace === "string" ? `${namespace}/` : ""}${name}`;
    // Every version of a group shows the same object. Without a namespace it is in "default".
    const key = JSON.stringify([group, kind, typeof namespace === "string" ? namespace : "default", name]);
    const owner = owners.get(key);
    owners.set(key, owner ?? urn);
    if (owner === undefined) return [];
    return [
      {
        path: `clusters["${cluster}"]`,
        reason: `${object} is declared twice: as "${nameIn(owner)}" and as "${nameIn(urn)}".`,
        fix: "Give one of them another name or namespace.",
      },
    ];
  });
  rejectProblems(`Cluster "${cluster}" cannot be deployed`, problems);
}

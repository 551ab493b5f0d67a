import { type Problem, rejectProblems } from "../components/core/problem.ts";
import { repeats } from "../components/core/repeats.ts";
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
  const objects = resources.flatMap((resource) => objectOf(resource) ?? []);
  const problems = repeats(objects, ({ key }) => key).map(
    ({ item, first }): Problem => ({
      path: `clusters["${cluster}"]`,
      reason: `${item.shown} is declared twice: as "${nameIn(first.urn)}" and as "${nameIn(item.urn)}".`,
      fix: "Give one of them another name or namespace.",
    }),
  );
  rejectProblems(`Cluster "${cluster}" cannot be deployed`, problems);
}

/** The Kubernetes object that a resource stands for. Undefined: for none, or for one whose name is not known yet. */
function objectOf({
  type,
  urn,
  custom,
  props,
}: RecordedResource): { readonly urn: string; readonly key: string; readonly shown: string } | undefined {
  const [, group, kind] = /^kubernetes:([^/:]+)\/[^:]+:(\w+)$/.exec(type) ?? [];
  if (!custom || kind === undefined || group === "helm.sh" || kind.endsWith("Patch")) return undefined;
  const { name, namespace } = (shown(props) as ObjectIdentity).metadata ?? {};
  if (typeof name !== "string" || name.startsWith("[")) return undefined;
  const inNamespace = typeof namespace === "string" ? namespace : undefined;
  return {
    urn,
    shown: `${kind} ${inNamespace === undefined ? "" : `${inNamespace}/`}${name}`,
    // Every version of a group shows the same object. Without a namespace it is in "default".
    key: JSON.stringify([group, kind, inNamespace ?? "default", name]),
  };
}

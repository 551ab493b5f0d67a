import { expect, it } from "vitest";
import { ProblemError } from "../../components/core/problem.ts";
import type { RecordedResource } from "../../engine/recordedResource.ts";
import { rejectSameObjects } from "../../plan/sameObjects.ts";

function object(name: string, type: string, metadata: Record<string, string>, custom = true): RecordedResource {
  return {
    urn: `urn:pulumi:s::p::${type}::${name}`,
    type,
    name,
    custom,
    props: { metadata },
  } as unknown as RecordedResource;
}

const namespace = object("a", "kubernetes:core/v1:Namespace", { name: "models" });

it("refuses two resources that stand for one object, whatever made them", () => {
  const again = object("b", "kubernetes:core/v1:Namespace", { name: "models" });
  expect(() => rejectSameObjects("dc", [namespace, again])).toThrow(ProblemError);
  expect(() => rejectSameObjects("dc", [namespace, again])).toThrow(
    'clusters["dc"]: Namespace models is declared twice: as "a" and as "b". Give one of them another name or namespace.',
  );
});

it.each([
  [
    "in another version of its API",
    object("a", "kubernetes:autoscaling/v1:HorizontalPodAutoscaler", { name: "web", namespace: "shop" }),
    object("b", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", { name: "web", namespace: "shop" }),
  ],
  [
    "with and without the namespace it is in by default",
    object("a", "kubernetes:core/v1:ConfigMap", { name: "web" }),
    object("b", "kubernetes:core/v1:ConfigMap", { name: "web", namespace: "default" }),
  ],
])("refuses one object %s", (_, one, other) => {
  expect(() => rejectSameObjects("dc", [one, other])).toThrow(/declared twice: as "a" and as "b"/);
});

it.each([
  ["another name", object("b", "kubernetes:core/v1:Namespace", { name: "other" })],
  ["another kind", object("b", "kubernetes:core/v1:ConfigMap", { name: "models" })],
  ["another namespace", object("b", "kubernetes:core/v1:Namespace", { name: "models", namespace: "x" })],
  ["another API group", object("b", "kubernetes:example.com/v1:Namespace", { name: "models" })],
  ["a patch of the object", object("b", "kubernetes:core/v1:NamespacePatch", { name: "models" })],
  ["a component", object("b", "kubernetes:core/v1:Namespace", { name: "models" }, false)],
  ["a name that only the cluster knows", object("b", "kubernetes:core/v1:Namespace", {})],
])("accepts %s", (_, other) => {
  expect(() => rejectSameObjects("dc", [namespace, other])).not.toThrow();
});

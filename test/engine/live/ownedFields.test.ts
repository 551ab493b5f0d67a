import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../../engine/kubernetes/kubernetesObject.ts";
import { ownedPart, propertyPath, withIgnoredPaths } from "../../../engine/live/ownedFields.ts";

/** A VirtualService-like object whose `spec.http` is an atomic list owned by `owner`. */
function object(weight: number, owner?: string): KubernetesObject {
  const managedFields = [
    { manager: "serin", operation: "Apply" as const, fieldsV1: { "f:spec": { "f:hosts": {} } } },
    { manager: "other", operation: "Update" as const, subresource: "status", fieldsV1: { "f:status": {} } },
    ...(owner === undefined
      ? []
      : [
          {
            manager: owner,
            operation: owner === "serin" ? ("Apply" as const) : ("Update" as const),
            fieldsV1: { "f:spec": { "f:http": {} } },
          },
        ]),
  ];
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "fraud", managedFields },
    spec: { hosts: ["fraud"], http: [{ weight }] },
  };
}

const manifest = object(100);
const http = [["spec", "http"]];

describe("withIgnoredPaths", () => {
  it("keeps the live value of what we still own, because leaving it out would remove it", () => {
    expect(withIgnoredPaths(manifest, object(80, "serin"), http, "serin").spec).toEqual({
      hosts: ["fraud"],
      http: [{ weight: 80 }],
    });
  });

  it("leaves out what another manager has taken over, because stating it would be a conflict", () => {
    const live = object(80, "rollouts-controller");
    expect(withIgnoredPaths(manifest, live, http, "serin").spec).toEqual({ hosts: ["fraud"] });
  });

  it("leaves out an ignored field that was never applied", () => {
    expect(withIgnoredPaths(manifest, object(80), http, "serin").spec).toEqual({ hosts: ["fraud"] });
  });

  it("leaves no empty map behind, which would be a claim to it", () => {
    const only = { ...manifest, spec: { http: [{ weight: 100 }] } };
    const live = { ...object(80, "rollouts-controller"), spec: { http: [{ weight: 80 }] } };
    expect(withIgnoredPaths(only, live, http, "serin")).not.toHaveProperty("spec");
  });

  it("does not take an empty map we once applied for all that others have put into it", () => {
    const live: KubernetesObject = {
      ...manifest,
      metadata: {
        name: "fraud",
        managedFields: [
          { manager: "serin", operation: "Apply", fieldsV1: { "f:spec": {} } },
          { manager: "rollouts-controller", operation: "Update", fieldsV1: { "f:spec": { "f:http": {} } } },
        ],
      },
      spec: { http: [{ weight: 80 }] },
    };
    const only = { ...manifest, spec: { http: [{ weight: 100 }] } };
    expect(withIgnoredPaths(only, live, http, "serin")).not.toHaveProperty("spec");
  });

  it("changes nothing at other paths, nor the manifest it was given", () => {
    const before = structuredClone(manifest);
    withIgnoredPaths(manifest, object(80), http, "serin");
    expect(manifest).toEqual(before);
  });

  it("keeps a field below one that we own as a whole", () => {
    const live = object(80, "serin");
    const deep = { ...manifest, spec: { http: { a: 1, b: 2 } } };
    const liveDeep = { ...live, spec: { http: { a: 5, b: 6 } } };
    expect(withIgnoredPaths(deep, liveDeep, [["spec", "http", "a"]], "serin").spec).toEqual({ http: { a: 5, b: 2 } });
  });

  it("keeps of a map only the keys that are ours", () => {
    const live: KubernetesObject = {
      ...manifest,
      metadata: {
        name: "fraud",
        annotations: { ours: "1", theirs: "2" },
        managedFields: [
          {
            manager: "serin",
            operation: "Apply",
            fieldsV1: { "f:metadata": { "f:annotations": { ".": {}, "f:ours": {} } } },
          },
        ],
      },
    };
    const applied = withIgnoredPaths(
      { ...manifest, metadata: { name: "fraud", annotations: { ours: "9", theirs: "9" } } },
      live,
      [["metadata", "annotations"]],
      "serin",
    );
    expect(applied.metadata.annotations).toEqual({ ours: "1" });
  });
});

describe("ownedPart", () => {
  it("selects list items by key, by value and by position", () => {
    const containers = [
      { name: "a", image: "1", env: ["x"] },
      { name: "b", image: "2" },
    ];
    expect(ownedPart(containers, { 'k:{"name":"a"}': { ".": {}, "f:name": {}, "f:image": {} } })).toEqual([
      { name: "a", image: "1" },
    ]);
    expect(ownedPart(["x", "y"], { 'v:"y"': {} })).toEqual(["y"]);
    expect(ownedPart(["x", "y"], { "i:0": {} })).toEqual(["x"]);
  });
});

describe("propertyPath", () => {
  it.each([
    ["spec.http", ["spec", "http"]],
    ['metadata.annotations["a.b/c"]', ["metadata", "annotations", "a.b/c"]],
    ['["spec"].replicas', ["spec", "replicas"]],
    ["spec.http[0].route", undefined],
    ["spec.http[*].route", undefined],
    ["*", undefined],
  ])("reads %s", (text, path) => {
    expect(propertyPath(text)).toEqual(path);
  });
});

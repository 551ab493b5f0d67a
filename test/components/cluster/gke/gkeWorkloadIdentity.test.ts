import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prefixCondition } from "../../../../components/cluster/gke/gkeWorkloadIdentity.ts";
import type { StorePermission } from "../../../../components/cluster/workloadIdentity.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build } from "./sample.ts";

const member = "gcp:storage/bucketIAMMember:BucketIAMMember";
const bound = (permission: StorePermission) =>
  recorded(() => ({ binding: build().workloadIdentity.bind("models", "fraud", permission) }), answers);

describe("a bound service account", () => {
  it("needs nothing on itself or its pods", async () => {
    const { outputs } = await bound({ access: "read", prefix: "fraud" });
    expect(outputs.binding).toEqual({ annotations: {}, podLabels: {} });
  });

  it.each([
    ["read", "roles/storage.objectViewer"],
    ["write", "roles/storage.objectUser"],
  ] as const)("may %s below its prefix", async (access, role) => {
    expect(inputsOf(await bound({ access, prefix: "fraud" }), member, "models.fraud-objects")).toEqual({
      bucket: "serin-prod-gcp-euw4-models",
      role,
      member:
        "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/serin-prod.svc.id.goog/subject/ns/models/sa/fraud",
      condition: { title: "prefix", expression: prefixCondition("serin-prod-gcp-euw4-models", "fraud") },
    });
  });

  it("sees the bucket's metadata, which Triton asks for, and no object by it", async () => {
    const grant = inputsOf(await bound({ access: "read", prefix: "fraud" }), member, "models.fraud-bucket");
    expect(grant.role).toBe("roles/storage.bucketViewer");
  });

  it("is bound after the cluster is there, which makes the pool of principals", async () => {
    const { resources } = await bound({ access: "read", prefix: "fraud" });
    const cluster = resources.find(({ type }) => type === "gcp:container/cluster:Cluster");
    for (const grant of resources.filter(({ name }) => name.startsWith("gcp-euw4-identity-"))) {
      expect(grant.dependencies).toContain(cluster?.urn);
    }
  });

  it("is told from another whose names would read the same", async () => {
    const { resources } = await recorded(() => {
      const { workloadIdentity } = build();
      workloadIdentity.bind("a-b", "c", { access: "read", prefix: "x" });
      workloadIdentity.bind("a", "b-c", { access: "read", prefix: "y" });
      return {};
    });
    const names = resources.map(({ urn }) => urn);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("the condition", () => {
  it("is about objects below the prefix and lists that ask for it", () => {
    expect(prefixCondition("bucket", "fraud")).toBe(
      'resource.name.startsWith("projects/_/buckets/bucket/objects/fraud/") || ' +
        'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("fraud/")',
    );
  });

  it("refuses a prefix that could end its string", async () => {
    await expect(bound({ access: "read", prefix: 'x") || true || ("' })).rejects.toThrow(
      'models/fraud cannot be bound:\n  - bind("models/fraud").prefix: "x") || true || ("" is not a prefix: names of A-Z, a-z, 0-9, ".", "_" and "-" with a "/" between them. Write, for example, "fraud".',
    );
  });

  it.each(["", "/", "fraud/", "/fraud", "a//b"])("refuses the prefix %j", async (prefix) => {
    await expect(bound({ access: "read", prefix })).rejects.toThrow("is not a prefix: ");
  });

  it("covers no sibling whose name begins the same", () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/);
    fc.assert(
      fc.property(segment, segment, (prefix, more) => {
        const [objects = "", lists = ""] = [...prefixCondition("b", prefix).matchAll(/startsWith\("([^"]*)"\)/g)].map(
          ([, start]) => start,
        );
        expect(`projects/_/buckets/b/objects/${prefix}${more}/model`.startsWith(objects)).toBe(false);
        expect(`projects/_/buckets/b/objects/${prefix}/${more}`.startsWith(objects)).toBe(true);
        expect(`${prefix}${more}/`.startsWith(lists)).toBe(false);
        expect("".startsWith(lists)).toBe(false);
      }),
    );
  });
});

import { expect, it } from "vitest";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

it("keeps every version of a model, under a key of the customer's, and never in public", async () => {
  const run = await recorded(() => void build(), answers);
  expect(inputsOf(run, "gcp:storage/bucket:Bucket", "models-bucket")).toEqual({
    name: "serin-prod-gcp-euw4-models",
    location: "EUROPE-WEST4",
    uniformBucketLevelAccess: true,
    publicAccessPrevention: "enforced",
    versioning: { enabled: true },
    forceDestroy: false,
    encryption: { defaultKmsKeyName: "gcp-euw4-keys-models-id" },
    softDeletePolicy: { retentionDurationSeconds: 604_800 },
    lifecycleRules: [
      { action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 90, withState: "ARCHIVED" } },
      { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: 7 } },
    ],
    labels: { environment: "production", region: "west-eu" },
  });
});

it("is not made before its key may be used", async () => {
  const { resources } = await recorded(() => void build(), answers);
  const grant = resources.find(({ name }) => name === "gcp-euw4-keys-models-user");
  const bucket = resources.find(({ name }) => name === "gcp-euw4-models-bucket");
  expect(bucket?.dependencies).toContain(grant?.urn);
});

it("has a legal name when project and cluster have the longest", async () => {
  const run = await recorded(() => void build({ ...sampleArgs, project: "p".repeat(30) }, "c".repeat(40)), answers);
  const { name } = inputsOf(run, "gcp:storage/bucket:Bucket", "models-bucket");
  expect(name).toMatch(/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/);
});

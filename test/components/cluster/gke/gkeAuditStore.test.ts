import { describe, expect, it } from "vitest";
import { auditFilter } from "../../../../components/cluster/gke/gkeAuditStore.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

const run = (auditStore = {}) => recorded(() => void build({ ...sampleArgs, auditStore }), answers);
const bucketOf = async (auditStore = {}) =>
  inputsOf(await run(auditStore), "gcp:storage/bucket:Bucket", "audit-bucket");

describe("the audit store", () => {
  it("is locked for a year unless told otherwise", async () => {
    expect(await bucketOf()).toMatchObject({
      retentionPolicy: { retentionPeriod: `${365 * 86_400}`, isLocked: true },
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
    });
  });

  it("keeps what it is told to, and can be lifted when it is to come and go", async () => {
    expect(await bucketOf({ retentionDays: 7, mode: "removable" })).toMatchObject({
      retentionPolicy: { retentionPeriod: `${7 * 86_400}`, isLocked: false },
      lifecycleRules: [{ action: { type: "Delete" }, condition: { age: 7 } }],
    });
  });

  it("has no key that could be destroyed to destroy the records", async () => {
    expect(await bucketOf()).not.toHaveProperty("encryption");
  });

  it("is written by its sink, which may do nothing else there", async () => {
    const recordedRun = await run();
    const grants = recordedRun.resources.filter(({ type }) => type === "gcp:storage/bucketIAMMember:BucketIAMMember");
    expect(grants.map(({ name }) => name)).toEqual(["gcp-euw4-audit-writer"]);
    expect(inputsOf(recordedRun, "gcp:storage/bucketIAMMember:BucketIAMMember")).toEqual({
      bucket: "serin-prod-gcp-euw4-audit",
      role: "roles/storage.objectCreator",
      member: "serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com",
    });
    expect(inputsOf(recordedRun, "gcp:logging/projectSink:ProjectSink")).toMatchObject({
      destination: "storage.googleapis.com/serin-prod-gcp-euw4-audit",
      uniqueWriterIdentity: true,
    });
  });

  it("has every access to it logged, in words that all clusters of a project share and none takes back", async () => {
    const recordedRun = await run();
    expect(inputsOf(recordedRun, "gcp:projects/iAMAuditConfig:IAMAuditConfig")).toEqual({
      project: "serin-prod",
      service: "storage.googleapis.com",
      auditLogConfigs: [{ logType: "ADMIN_READ" }, { logType: "DATA_READ" }, { logType: "DATA_WRITE" }],
    });
    const config = recordedRun.resources.find(({ type }) => type === "gcp:projects/iAMAuditConfig:IAMAuditConfig");
    expect(config?.retainOnDelete).toBe(true);
  });

  it("keeps what is done to this cluster and to its buckets, except by the sink itself", () => {
    expect(
      auditFilter({ cluster: "gcp-euw4", region: "europe-west4", buckets: ["audit", "models"] }).split("\n"),
    ).toEqual([
      '(log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access"))',
      '((resource.type=("k8s_cluster" OR "gke_cluster" OR "gke_nodepool") AND resource.labels.location="europe-west4" AND resource.labels.cluster_name="gcp-euw4")',
      ' OR (resource.type="gcs_bucket" AND resource.labels.bucket_name=("audit" OR "models")))',
      'NOT protoPayload.authenticationInfo.principalEmail:"@gcp-sa-logging.iam.gserviceaccount.com"',
    ]);
  });
});

import { ProjectSink } from "@pulumi/gcp/logging/projectSink.js";
import { IAMAuditConfig } from "@pulumi/gcp/projects/iamauditConfig.js";
import { Bucket } from "@pulumi/gcp/storage/bucket.js";
import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import type { AuditStoreArgs } from "../stores.ts";
import { bucketName, privateBucket } from "./gkeModelStore.ts";

export interface GkeAuditStoreArgs extends AuditStoreArgs {
  readonly cluster: string;
  readonly project: pulumi.Input<string>;
  readonly region: string;
  /** Whose accesses are kept, too. */
  readonly modelBucket: pulumi.Input<string>;
  readonly protect: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a sink keeps. */
export interface AuditScope {
  readonly cluster: string;
  readonly region: string;
  readonly buckets: readonly string[];
}

/**
 * Whatever was done to the cluster, in Kubernetes and from without, and to its buckets. Not what the sink itself
 * writes: each of its files would be a record in the next.
 */
export function auditFilter({ cluster, region, buckets }: AuditScope): string {
  return [
    '(log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access"))',
    `((resource.type=("k8s_cluster" OR "gke_cluster" OR "gke_nodepool") AND resource.labels.location="${region}" AND resource.labels.cluster_name="${cluster}")`,
    ` OR (resource.type="gcs_bucket" AND resource.labels.bucket_name=(${buckets.map((bucket) => `"${bucket}"`).join(" OR ")})))`,
    'NOT protoPayload.authenticationInfo.principalEmail:"@gcp-sa-logging.iam.gserviceaccount.com"',
  ].join("\n");
}

/**
 * Audit records in a bucket where nobody changes or deletes them before their time, the owner of the project included,
 * once it is locked. Encrypted with a key of Google's, on purpose: who destroys a customer's key destroys what it
 * encrypted, locked or not.
 */
export class GkeAuditStore extends Component {
  constructor(name: string, args: GkeAuditStoreArgs, opts: pulumi.ComponentResourceOptions) {
    const { retentionDays = 365, mode = "locked" } = args;
    super("cluster:GkeAuditStore", name, { retentionDays, mode }, opts);

    const bucket = new Bucket(
      this.childName("bucket"),
      {
        ...privateBucket(args),
        name: bucketName(args.project, args.cluster, "audit"),
        retentionPolicy: { retentionPeriod: `${retentionDays * 24 * 3600}`, isLocked: mode === "locked" },
        lifecycleRules: [{ action: { type: "Delete" }, condition: { age: retentionDays } }],
      },
      { parent: this, protect: args.protect },
    );
    const sink = new ProjectSink(
      this.childName("sink"),
      {
        name: `${args.cluster}-audit`,
        destination: pulumi.interpolate`storage.googleapis.com/${bucket.name}`,
        filter: pulumi
          .all([bucket.name, args.modelBucket])
          .apply((buckets) => auditFilter({ cluster: args.cluster, region: args.region, buckets })),
        uniqueWriterIdentity: true,
      },
      { parent: this },
    );
    new BucketIAMMember(
      this.childName("writer"),
      { bucket: bucket.name, role: "roles/storage.objectCreator", member: sink.writerIdentity },
      { parent: this },
    );
    this.#logAccess(args.project);

    this.registerOutputs({ bucket: bucket.name });
  }

  /**
   * Reading a bucket is logged only when the project says so, and it says so once for all its buckets: every cluster of
   * a project writes the same, and none takes it back when it goes.
   */
  #logAccess(project: pulumi.Input<string>): void {
    new IAMAuditConfig(
      this.childName("access"),
      {
        project,
        service: "storage.googleapis.com",
        auditLogConfigs: [{ logType: "ADMIN_READ" }, { logType: "DATA_READ" }, { logType: "DATA_WRITE" }],
      },
      { parent: this, retainOnDelete: true },
    );
  }
}

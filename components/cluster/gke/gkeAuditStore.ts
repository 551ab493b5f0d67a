import { ProjectSink } from "@pulumi/gcp/logging/projectSink.js";
import { IAMAuditConfig } from "@pulumi/gcp/projects/iamauditConfig.js";
import { Bucket } from "@pulumi/gcp/storage/bucket.js";
import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import type { AuditStoreArgs } from "../stores.ts";
import { bucketName, privateBucket } from "./gkeModelStore.ts";

/** Whose records are kept, and in which bucket. */
export interface GkeAuditStoreArgs extends AuditStoreArgs {
  /** Name of the cluster, part of the bucket's and the sink's name. A change replaces both. */
  readonly cluster: string;
  /**
   * Id of the project. It begins the bucket's name, and its audit config for Cloud Storage is set. A change replaces
   * both.
   */
  readonly project: pulumi.Input<string>;
  /** `location` of the bucket, and the cluster's region in the sink's filter. A change replaces the bucket. */
  readonly region: string;
  /**
   * Name of the model store's bucket, whose accesses are recorded, too. A change updates the sink's filter in place.
   */
  readonly modelBucket: pulumi.Input<string>;
  /** Whether Pulumi refuses to delete the bucket. */
  readonly protect: boolean;
  /** `labels` of the bucket. A change updates them in place. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Which resources' audit logs a sink keeps. */
export interface AuditScope {
  /** `resource.labels.cluster_name` of the records. */
  readonly cluster: string;
  /** `resource.labels.location` of the records; a cluster's name is unique only in its region. */
  readonly region: string;
  /** Names of buckets whose accesses are kept, at least one. */
  readonly buckets: readonly string[];
}

/**
 * Filter of the sink, in the Logging query language: admin activity and data access of the cluster, its Kubernetes API,
 * its node pools and its buckets. What the sink itself writes is left out, since each of its files would cause another
 * record.
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
 * Audit records in a bucket of their own. Once it is locked, nobody changes or deletes a record before its time, not
 * even the owner of the project. Google's key encrypts it, not a customer's: whoever destroys a customer's key destroys
 * the records, locked or not.
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
   * Reads of a bucket are logged only where the project's audit config has `DATA_READ`, one config for all buckets.
   * Every cluster of a project writes the same config, so it stays when a cluster is deleted.
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

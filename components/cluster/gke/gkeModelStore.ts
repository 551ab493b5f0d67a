import { Bucket } from "@pulumi/gcp/storage/bucket.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { dnsLabel } from "../../core/names.ts";
import type { GrantedKey } from "./gkeKeys.ts";

/** Whose models are kept, where, and under which key. */
export interface GkeModelStoreArgs {
  /** Name of the cluster, part of the bucket's name. A change replaces the bucket. */
  readonly cluster: string;
  /** Id of the project, which begins the bucket's name. A change replaces the bucket. */
  readonly project: pulumi.Input<string>;
  /** `location` of the bucket, the cluster's region. A change replaces the bucket. */
  readonly region: string;
  /**
   * `encryption.defaultKmsKeyName`. A change updates the bucket in place; objects that are there keep the key that they
   * were written with.
   */
  readonly key: GrantedKey;
  /** Whether Pulumi refuses to delete the bucket. If false, the bucket is deleted with its objects (`forceDestroy`). */
  readonly protect: boolean;
  /** `labels` of the bucket. A change updates them in place. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Days that an object stays after it was overwritten or deleted: time enough to go back, and a limit on the cost. */
const daysKept = 90;

/**
 * The bucket of a cluster's models: never public, encrypted with a customer-managed key. An overwritten or deleted
 * object is kept for 90 days.
 */
export class GkeModelStore extends Component {
  /** Name of the bucket: `<project>-<cluster>-models`. */
  readonly bucket: pulumi.Output<string>;
  /** `gs://<bucket>`, as Triton addresses it. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: GkeModelStoreArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:GkeModelStore", name, { region: args.region }, opts);

    const bucket = new Bucket(
      this.childName("bucket"),
      {
        ...privateBucket(args),
        name: bucketName(args.project, args.cluster, "models"),
        encryption: { defaultKmsKeyName: args.key.id },
        versioning: { enabled: true },
        forceDestroy: !args.protect,
        softDeletePolicy: { retentionDurationSeconds: 7 * 24 * 3600 },
        lifecycleRules: [
          {
            action: { type: "Delete" },
            condition: { daysSinceNoncurrentTime: daysKept, withState: "ARCHIVED" },
          },
          { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: 7 } },
        ],
      },
      { parent: this, protect: args.protect, dependsOn: args.key.grant },
    );

    this.bucket = bucket.name;
    this.url = pulumi.interpolate`gs://${bucket.name}`;
    this.registerOutputs({ url: this.url });
  }
}

/** A bucket's name has 63 characters at most; a project's id takes up to 30 of them, and the role up to 6. */
const mostClusterInBucket = 25;

/** A cluster's name as the names of its buckets have it. */
export function inBucketName(cluster: string): string {
  return dnsLabel(cluster, mostClusterInBucket);
}

/**
 * Name of a cluster's bucket. A bucket's name is unique in all of Google Cloud, so it begins with the project's id.
 * Cluster names longer than 25 characters are cut and end in a hash.
 */
export function bucketName(
  project: pulumi.Input<string>,
  cluster: string,
  role: "models" | "audit",
): pulumi.Output<string> {
  return pulumi.interpolate`${project}-${inBucketName(cluster)}-${role}`;
}

/**
 * What every bucket of a cluster has in common: its region, no public access, and uniform access, which grants to
 * principals of workloads need (grafana/tempo #3556).
 */
export function privateBucket(args: { readonly region: string; readonly labels: Readonly<Record<string, string>> }) {
  return {
    // The API answers in upper case; lower case would be drift.
    location: args.region.toUpperCase(),
    uniformBucketLevelAccess: true,
    publicAccessPrevention: "enforced",
    labels: { ...args.labels },
  };
}

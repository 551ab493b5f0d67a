import { Bucket } from "@pulumi/gcp/storage/bucket.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { dnsLabel } from "../../core/names.ts";
import type { GrantedKey } from "./gkeKeys.ts";

export interface GkeModelStoreArgs {
  readonly cluster: string;
  readonly project: pulumi.Input<string>;
  readonly region: string;
  readonly key: GrantedKey;
  readonly protect: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Days that a model stays after it was overwritten or deleted: long enough to go back to, short enough to pay for. */
const daysKept = 90;

/**
 * The bucket of a cluster's models: every version kept, encrypted with a key of the customer's, never public.
 * Unprotected, it is removed with what is in it.
 */
export class GkeModelStore extends Component {
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

/** What 63 characters leave beside the longest id of a project and a role. */
const mostClusterInBucket = 25;

/** Unique in all of Google Cloud: a project has one cluster of a name. */
export function bucketName(
  project: pulumi.Input<string>,
  cluster: string,
  role: "models" | "audit",
): pulumi.Output<string> {
  return pulumi.interpolate`${project}-${dnsLabel(cluster, mostClusterInBucket)}-${role}`;
}

/**
 * What every bucket of a cluster has in common. Conditions and principals of workloads need uniform access
 * (grafana/tempo #3556).
 */
export function privateBucket(args: { readonly region: string; readonly labels: Readonly<Record<string, string>> }) {
  return {
    // As the API answers it.
    location: args.region.toUpperCase(),
    uniformBucketLevelAccess: true,
    publicAccessPrevention: "enforced",
    labels: { ...args.labels },
  };
}

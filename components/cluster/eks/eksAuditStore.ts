import { Trail } from "@pulumi/aws/cloudtrail/trail.js";
import { LogSubscriptionFilter } from "@pulumi/aws/cloudwatch/logSubscriptionFilter.js";
import { FirehoseDeliveryStream } from "@pulumi/aws/kinesis/firehoseDeliveryStream.js";
import type { cloudtrail } from "@pulumi/aws/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import type { AuditStoreArgs } from "../stores.ts";
import { accessRole } from "./accessRole.ts";
import { type Statement, serviceTrust } from "./policy.ts";
import { PrivateBucket } from "./privateBucket.ts";

export interface S3AuditStoreArgs {
  readonly store: AuditStoreArgs;
  /** The EKS cluster's name, also the trail's. */
  readonly cluster: string;
  readonly account: pulumi.Input<string>;
  readonly region: string;
  /** Logs that are kept here. */
  readonly logGroup: pulumi.Input<string>;
  /** ARNs of buckets whose every access is recorded. The store's own always is. */
  readonly watched: readonly pulumi.Input<string>[];
  readonly protect: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

const defaultRetentionDays = 365;

/** Below it the trail writes, as `access/AWSLogs/<account>/CloudTrail/…`. */
const accessPrefix = "access";

/**
 * Where nobody changes or removes a record before its time: the cluster's logs, minutes after they are written, and who
 * did what to this store and the watched buckets.
 *
 * It is encrypted with S3's own key: whoever can destroy a customer's key destroys what it encrypted, locked or not.
 *
 * Access is recorded by CloudTrail: S3's own access logs may be late or missing, and S3 does not write them to a bucket
 * with Object Lock. The trail also records every change in the account's region, so that the call that stops or deletes
 * it is the last thing it writes.
 */
export class S3AuditStore extends Component {
  readonly store: PrivateBucket;

  constructor(name: string, args: S3AuditStoreArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:S3AuditStore", name, { ...args.store }, opts);
    const { mode = "locked", retentionDays = defaultRetentionDays } = args.store;
    const trail = pulumi.interpolate`arn:aws:cloudtrail:${args.region}:${args.account}:trail/${args.cluster}`;

    this.store = new PrivateBucket(
      this.childName("store"),
      {
        statements: (bucket) => trailWrites(bucket, trail, args.account),
        objectLock: { mode: mode === "locked" ? "COMPLIANCE" : "GOVERNANCE", days: retentionDays },
        lifecycle: {
          id: "after-retention",
          status: "Enabled",
          filter: {},
          expiration: { days: retentionDays + 1 },
          noncurrentVersionExpiration: { noncurrentDays: 1 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
        protect: args.protect,
        forceDestroy: mode === "removable" && !args.protect,
        tags: args.tags,
      },
      { parent: this },
    );
    this.#keepLogs(args);
    this.#recordAccess(args);

    this.registerOutputs({ bucket: this.store.bucket });
  }

  /** All of the log group: what a filter leaves out cannot be had later. */
  #keepLogs({ account, region, logGroup, tags }: S3AuditStoreArgs): void {
    const { arn } = this.store;
    const delivery = accessRole(
      this.childName("delivery-role"),
      {
        trust: serviceTrust("firehose", { StringEquals: { "sts:ExternalId": account } }),
        statements: [
          {
            Effect: "Allow",
            Action: [
              "s3:AbortMultipartUpload",
              "s3:GetBucketLocation",
              "s3:ListBucket",
              "s3:ListBucketMultipartUploads",
              "s3:PutObject",
            ],
            Resource: [arn, pulumi.interpolate`${arn}/*`],
          },
        ],
        tags,
      },
      { parent: this },
    );
    const stream = new FirehoseDeliveryStream(
      this.childName("delivery"),
      {
        destination: "extended_s3",
        serverSideEncryption: { enabled: true, keyType: "AWS_OWNED_CMK" },
        extendedS3Configuration: {
          bucketArn: arn,
          roleArn: delivery.arn,
          prefix: "cluster/!{timestamp:yyyy/MM/dd}/",
          errorOutputPrefix: "failed/!{firehose:error-output-type}/",
          bufferingInterval: 300,
          bufferingSize: 64,
          // CloudWatch Logs sends gzip already.
          compressionFormat: "UNCOMPRESSED",
        },
        tags,
      },
      { parent: this, dependsOn: [...delivery.grants, this.store.policy] },
    );
    const sending = accessRole(
      this.childName("sending-role"),
      {
        trust: serviceTrust("logs", {
          StringLike: { "aws:SourceArn": pulumi.interpolate`arn:aws:logs:${region}:${account}:*` },
        }),
        statements: [
          { Effect: "Allow", Action: ["firehose:PutRecord", "firehose:PutRecordBatch"], Resource: stream.arn },
        ],
        tags,
      },
      { parent: this },
    );
    new LogSubscriptionFilter(
      this.childName("subscription"),
      { logGroup, filterPattern: "", destinationArn: stream.arn, roleArn: sending.arn },
      { parent: this, dependsOn: [...sending.grants] },
    );
  }

  #recordAccess({ cluster, watched, tags }: S3AuditStoreArgs): void {
    new Trail(
      this.childName("trail"),
      {
        name: cluster,
        s3BucketName: this.store.bucket,
        s3KeyPrefix: accessPrefix,
        enableLogFileValidation: true,
        advancedEventSelectors: eventSelectors(this.store.arn, watched),
        tags,
      },
      { parent: this, dependsOn: this.store.policy },
    );
  }
}

/**
 * Puts into the store are its own deliveries, each of which would be recorded in a file that is itself put there,
 * without end. They replace nothing, because every version is locked.
 */
function eventSelectors(
  store: pulumi.Input<string>,
  watched: readonly pulumi.Input<string>[],
): cloudtrail.TrailAdvancedEventSelector[] {
  const objectsOf = (buckets: readonly pulumi.Input<string>[]) => [
    { field: "eventCategory", equals: ["Data"] },
    { field: "resources.type", equals: ["AWS::S3::Object"] },
    { field: "resources.ARN", startsWiths: buckets.map((bucket) => pulumi.interpolate`${bucket}/`) },
  ];
  return [
    {
      name: "Changes in the account",
      fieldSelectors: [
        { field: "eventCategory", equals: ["Management"] },
        { field: "readOnly", equals: ["false"] },
      ],
    },
    { name: "Watched buckets", fieldSelectors: objectsOf(watched) },
    {
      name: "This store",
      fieldSelectors: [...objectsOf([store]), { field: "eventName", notEquals: ["PutObject"] }],
    },
  ];
}

const cloudTrail = { Service: "cloudtrail.amazonaws.com" } as const;

function trailWrites(
  bucket: pulumi.Input<string>,
  trail: pulumi.Input<string>,
  account: pulumi.Input<string>,
): Statement[] {
  const ofTrail = { "aws:SourceArn": trail };
  return [
    {
      Sid: "TrailLooks",
      Effect: "Allow",
      Principal: cloudTrail,
      Action: "s3:GetBucketAcl",
      Resource: bucket,
      Condition: { StringEquals: ofTrail },
    },
    {
      Sid: "TrailWrites",
      Effect: "Allow",
      Principal: cloudTrail,
      Action: "s3:PutObject",
      Resource: pulumi.interpolate`${bucket}/${accessPrefix}/AWSLogs/${account}/*`,
      Condition: { StringEquals: { ...ofTrail, "s3:x-amz-acl": "bucket-owner-full-control" } },
    },
  ];
}

import { Trail } from "@pulumi/aws/cloudtrail/trail.js";
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { LogStream } from "@pulumi/aws/cloudwatch/logStream.js";
import { LogSubscriptionFilter } from "@pulumi/aws/cloudwatch/logSubscriptionFilter.js";
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { FirehoseDeliveryStream } from "@pulumi/aws/kinesis/firehoseDeliveryStream.js";
import type { cloudtrail } from "@pulumi/aws/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import type { AuditStoreArgs } from "../stores.ts";
import { accessRole } from "./accessRole.ts";
import { type Statement, serviceTrust } from "./policy.ts";
import { PrivateBucket } from "./privateBucket.ts";

/** What an audit store keeps, and for how long. */
export interface S3AuditStoreArgs {
  /** Retention and lock, as declared. A change holds for later records; those there keep their lock. */
  readonly store: AuditStoreArgs;
  /** The EKS cluster's name. The CloudTrail trail has the same name; a change replaces the trail. */
  readonly cluster: string;
  /** The account's id, 12 digits. Services may write to the store for this account only. */
  readonly account: pulumi.Input<string>;
  /** The region of the trail, which records changes of the account in this region only. */
  readonly region: string;
  /**
   * The CloudWatch log group whose every record is delivered to the store. It is removed after the whole store: EKS
   * writes for some minutes after its cluster is gone, and makes a group that is missing again
   * (terraform-aws-modules/terraform-aws-eks #2763).
   */
  readonly logGroup: LogGroup;
  /**
   * ARNs of buckets whose every read and write of an object is recorded: at least one, since CloudTrail takes no empty
   * list. Access to the store itself is recorded without being named here.
   */
  readonly watched: readonly pulumi.Input<string>[];
  /**
   * Whether Pulumi refuses to delete the bucket and its lock. If false, the bucket of a `removable` store is deleted
   * with its records.
   */
  readonly protect: boolean;
  /** AWS tags of the bucket, the trail, the delivery stream, its errors and alarms, and the roles. */
  readonly tags: Readonly<Record<string, string>>;
}

const defaultRetentionDays = 365;

/** The log stream to which Firehose writes what it could not deliver, and why. */
const deliveryErrors = "S3Delivery";

/** Days that Firehose's errors are kept, as long as the records themselves are in CloudWatch. */
const errorDays = 30;

/** The trail writes below it: `access/AWSLogs/<account>/CloudTrail/…`. */
const accessPrefix = "access";

/**
 * A bucket in which nobody can change or remove a record before its retention ends. It gets the control plane's logs,
 * some minutes after they are written, and the access to this store and to the watched buckets.
 *
 * It is encrypted with S3's own key, because whoever destroys a customer's key destroys what it encrypted, locked or
 * not.
 *
 * CloudTrail records the access, because S3's own access logs may be late or missing, and S3 does not write them to a
 * bucket with Object Lock. The trail also records every change of the account in the region, so its last record is the
 * call that stops or deletes it.
 */
export class S3AuditStore extends Component {
  /** The bucket: logs below `cluster/`, access below `access/`, what Firehose could not deliver below `failed/`. */
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
        after: [args.logGroup],
        forceDestroy: mode === "removable" && !args.protect,
        tags: args.tags,
      },
      { parent: this },
    );
    this.#keepLogs(args);
    this.#recordAccess(args);

    this.registerOutputs({ bucket: this.store.bucket });
  }

  /** Delivers the whole log group: records that a filter leaves out could not be added later. */
  #keepLogs({ account, region, logGroup, tags }: S3AuditStoreArgs): void {
    const { arn } = this.store;
    const errors = this.#errors(tags);
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
          {
            Effect: "Allow",
            Action: "logs:PutLogEvents",
            Resource: pulumi.interpolate`${errors.arn}:log-stream:${deliveryErrors}`,
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
          // CloudWatch Logs sends records that are compressed with gzip.
          compressionFormat: "UNCOMPRESSED",
          cloudwatchLoggingOptions: { enabled: true, logGroupName: errors.name, logStreamName: deliveryErrors },
        },
        tags,
      },
      { parent: this, dependsOn: [...delivery.grants, this.store.policy, errors.stream] },
    );
    this.#watch(stream, tags);
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
      { logGroup: logGroup.name, filterPattern: "", destinationArn: stream.arn, roleArn: sending.arn },
      { parent: this, dependsOn: [...sending.grants] },
    );
  }

  /** Makes the log in which Firehose says why S3 did not take a record. Without it nothing says so. */
  #errors(tags: Readonly<Record<string, string>>) {
    const { name, arn } = new LogGroup(
      this.childName("delivery-errors"),
      { retentionInDays: errorDays, tags },
      { parent: this },
    );
    const stream = new LogStream(
      this.childName("delivery-errors-stream"),
      { name: deliveryErrors, logGroupName: name },
      { parent: this },
    );
    return { name, arn, stream };
  }

  /**
   * Makes two alarms: records wait that S3 does not take, and no record comes. An API server writes audit records all
   * the time, so silence is a fault. An alarm notifies nobody by itself; EventBridge has its changes of state.
   */
  #watch(stream: FirehoseDeliveryStream, tags: Readonly<Record<string, string>>): void {
    const halfAnHour = 1800;
    const firehose = {
      namespace: "AWS/Firehose",
      dimensions: { DeliveryStreamName: stream.name },
      period: halfAnHour,
      evaluationPeriods: 1,
      tags,
    };
    new MetricAlarm(
      this.childName("late"),
      {
        ...firehose,
        alarmDescription: "Audit records wait for S3. The reason is in the log group of the delivery stream.",
        metricName: "DeliveryToS3.DataFreshness",
        statistic: "Maximum",
        comparisonOperator: "GreaterThanThreshold",
        threshold: halfAnHour,
        treatMissingData: "notBreaching",
      },
      { parent: this },
    );
    new MetricAlarm(
      this.childName("silent"),
      {
        ...firehose,
        alarmDescription: "No audit record came from the cluster's log group.",
        metricName: "IncomingRecords",
        statistic: "Sum",
        comparisonOperator: "LessThanThreshold",
        threshold: 1,
        treatMissingData: "breaching",
      },
      { parent: this },
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
 * `PutObject` is not recorded in the store itself: the trail's own files are put there, so each would be recorded in
 * another one, without end. A put that is not recorded replaces nothing, because every version is locked.
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

import { describe, expect, it } from "vitest";
import { inputsOf } from "../harness.ts";
import { called, needs, run } from "./needs.ts";

const lockType = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";
const bucket = "arn:aws:s3:::aws-use1-audit-store-bucket-1a2b3c4";
const trail = "arn:aws:cloudtrail:us-east-1:123456789012:trail/aws-use1";

describe("what is written", () => {
  it.each([
    [{ retentionDays: 730 }, { mode: "COMPLIANCE", days: 730 }],
    [{}, { mode: "COMPLIANCE", days: 365 }],
    [{ mode: "removable", retentionDays: 1 } as const, { mode: "GOVERNANCE", days: 1 }],
  ])("is locked as declared: %j", async (auditStore, defaultRetention) => {
    const cluster = await run({ auditStore });
    expect(inputsOf(cluster, lockType).rule).toEqual({ defaultRetention });
    expect(called(cluster, "audit-store-bucket").props.objectLockEnabled).toBe(true);
  });

  it("is locked from the first record on", async () => {
    expect(called(await run(), "audit-store-object-lock").protect).toBe(true);
    expect(needs(await run(), "audit-store-object-lock")).toContain("audit-store-versioning");
  });

  it("goes when its time is over", async () => {
    const { rules } = inputsOf(
      await run(),
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "audit-store-lifecycle",
    );
    expect(rules).toMatchObject([{ expiration: { days: 731 }, noncurrentVersionExpiration: { noncurrentDays: 1 } }]);
  });
});

describe("the cluster's logs", () => {
  it("are all kept", async () => {
    expect(inputsOf(await run(), "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter")).toMatchObject({
      logGroup: "/aws/eks/aws-use1/cluster",
      filterPattern: "",
      destinationArn: "arn:aws:firehose:us-east-1:123456789012:deliverystream/aws-use1-audit-delivery-1a2b3c4",
    });
  });

  it("are delivered as they come, encrypted on the way, too", async () => {
    expect(inputsOf(await run(), "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")).toMatchObject({
      destination: "extended_s3",
      serverSideEncryption: { enabled: true, keyType: "AWS_OWNED_CMK" },
      extendedS3Configuration: {
        bucketArn: bucket,
        prefix: "cluster/!{timestamp:yyyy/MM/dd}/",
        errorOutputPrefix: "failed/!{firehose:error-output-type}/",
        compressionFormat: "UNCOMPRESSED",
      },
    });
  });

  it("are put there by a role that can delete nothing", async () => {
    const { policy } = inputsOf(await run(), "aws:iam/rolePolicy:RolePolicy", "delivery-role-policy") as {
      policy: { Statement: { Action: string[]; Resource: unknown }[] };
    };
    expect(policy.Statement.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [
        [
          "s3:AbortMultipartUpload",
          "s3:GetBucketLocation",
          "s3:ListBucket",
          "s3:ListBucketMultipartUploads",
          "s3:PutObject",
        ],
        [bucket, `${bucket}/*`],
      ],
      [
        "logs:PutLogEvents",
        "arn:aws:logs:us-east-1:123456789012:log-group:aws-use1-audit-delivery-errors-1a2b3c4:log-stream:S3Delivery",
      ],
    ]);
  });

  it("are sent by services on behalf of this account only", async () => {
    const trusted = async (role: string) =>
      (
        inputsOf(await run(), "aws:iam/role:Role", role) as {
          assumeRolePolicy: { Statement: { Principal: unknown; Condition: unknown }[] };
        }
      ).assumeRolePolicy.Statement.map(({ Principal, Condition }) => [Principal, Condition]);
    expect(await trusted("delivery-role")).toEqual([
      [{ Service: "firehose.amazonaws.com" }, { StringEquals: { "sts:ExternalId": "123456789012" } }],
    ]);
    expect(await trusted("sending-role")).toEqual([
      [{ Service: "logs.amazonaws.com" }, { StringLike: { "aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*" } }],
    ]);
  });

  it("find everything ready", async () => {
    expect([...needs(await run(), "audit-subscription")]).toEqual(
      expect.arrayContaining(["audit-sending-role-policy", "audit-delivery-role-policy", "audit-store-policy"]),
    );
  });
});

describe("a record that does not arrive", () => {
  it("leaves the reason in a log that is there before the first record", async () => {
    const cluster = await run();
    const stream = inputsOf(cluster, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream") as {
      extendedS3Configuration: { cloudwatchLoggingOptions: unknown };
    };
    const logGroupName = "aws-use1-audit-delivery-errors-1a2b3c4";
    expect(stream.extendedS3Configuration.cloudwatchLoggingOptions).toEqual({
      enabled: true,
      logGroupName,
      logStreamName: "S3Delivery",
    });
    expect(inputsOf(cluster, "aws:cloudwatch/logStream:LogStream")).toMatchObject({ name: "S3Delivery", logGroupName });
    expect(needs(cluster, "audit-delivery")).toContain("audit-delivery-errors-stream");
  });

  it.each([
    ["late", "DeliveryToS3.DataFreshness", "GreaterThanThreshold", 1800, "notBreaching"],
    ["silent", "IncomingRecords", "LessThanThreshold", 1, "breaching"],
  ])("raises an alarm when deliveries are %s", async (name, metricName, comparisonOperator, threshold, missing) => {
    expect(inputsOf(await run(), "aws:cloudwatch/metricAlarm:MetricAlarm", `audit-${name}`)).toMatchObject({
      namespace: "AWS/Firehose",
      dimensions: { DeliveryStreamName: "aws-use1-audit-delivery-1a2b3c4" },
      metricName,
      comparisonOperator,
      threshold,
      treatMissingData: missing,
    });
  });
});

describe("access to the stores", () => {
  const trailInputs = async () => inputsOf(await run(), "aws:cloudtrail/trail:Trail");

  it("is recorded in the locked store itself, with signed digests", async () => {
    expect(await trailInputs()).toMatchObject({
      name: "aws-use1",
      s3BucketName: "aws-use1-audit-store-bucket-1a2b3c4",
      s3KeyPrefix: "access",
      enableLogFileValidation: true,
    });
  });

  it("is recorded with whatever could end the recording, and without its own deliveries", async () => {
    const objectsOf = (arn: string) => [
      { field: "eventCategory", equals: ["Data"] },
      { field: "resources.type", equals: ["AWS::S3::Object"] },
      { field: "resources.ARN", startsWiths: [`${arn}/`] },
    ];
    const { advancedEventSelectors } = (await trailInputs()) as {
      advancedEventSelectors: { fieldSelectors: unknown }[];
    };
    expect(advancedEventSelectors.map(({ fieldSelectors }) => fieldSelectors)).toEqual([
      [
        { field: "eventCategory", equals: ["Management"] },
        { field: "readOnly", equals: ["false"] },
      ],
      objectsOf("arn:aws:s3:::aws-use1-models-bucket-1a2b3c4"),
      [...objectsOf(bucket), { field: "eventName", notEquals: ["PutObject"] }],
    ]);
  });

  it("may be written by this trail and by no other", async () => {
    const cluster = await run();
    const { policy } = inputsOf(cluster, "aws:s3/bucketPolicy:BucketPolicy", "audit-store-policy") as {
      policy: { Statement: { Effect: string; Action: unknown; Resource: unknown; Condition: unknown }[] };
    };
    const allowed = policy.Statement.filter(({ Effect }) => Effect === "Allow");
    expect(allowed.map(({ Action, Resource, Condition }) => [Action, Resource, Condition])).toEqual([
      ["s3:GetBucketAcl", bucket, { StringEquals: { "aws:SourceArn": trail } }],
      [
        "s3:PutObject",
        `${bucket}/access/AWSLogs/123456789012/*`,
        { StringEquals: { "aws:SourceArn": trail, "s3:x-amz-acl": "bucket-owner-full-control" } },
      ],
    ]);
    expect(needs(cluster, "audit-trail")).toContain("audit-store-policy");
  });
});

import { describe, expect, it } from "vitest";
import { inputsOf } from "../harness.ts";
import { called, needs, run } from "./needs.ts";

const stores = ["models", "audit-store"] as const;
const arnOf = (store: string) => `arn:aws:s3:::aws-use1-${store}-bucket-1a2b3c4`;

describe.each(stores)("the bucket of %s", (store) => {
  const part = async (type: string, role: string) => inputsOf(await run(), type, `${store}-${role}`);

  it("keeps versions", async () => {
    expect(await part("aws:s3/bucketVersioning:BucketVersioning", "versioning")).toMatchObject({
      versioningConfiguration: { status: "Enabled" },
    });
  });

  it("is encrypted with a key of its own", async () => {
    const { rules } = await part(
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "encryption",
    );
    expect(rules).toEqual([
      {
        applyServerSideEncryptionByDefault: {
          sseAlgorithm: "aws:kms",
          kmsMasterKeyId: `arn:aws:kms:us-east-1:123456789012:key/aws-use1-${store}-key`,
        },
        bucketKeyEnabled: true,
      },
    ]);
  });

  it("is nobody's but the account's", async () => {
    expect(await part("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "public-access")).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(await part("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "ownership")).toMatchObject({
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
  });

  it("denies plain HTTP, old TLS, and encryption with anything but its key", async () => {
    const { policy } = (await part("aws:s3/bucketPolicy:BucketPolicy", "policy")) as {
      policy: { Statement: { Sid: string; Effect: string; Resource: unknown; Condition: unknown }[] };
    };
    const denied = policy.Statement.filter(({ Effect }) => Effect === "Deny");
    const [bucket, objects] = [arnOf(store), `${arnOf(store)}/*`];
    const people = { Bool: { "aws:PrincipalIsAWSService": "false" } };
    const header = "s3:x-amz-server-side-encryption";
    expect(denied.map(({ Sid, Resource, Condition }) => [Sid, Resource, Condition])).toEqual([
      ["PlainHttp", [bucket, objects], { Bool: { "aws:SecureTransport": "false" } }],
      ["OldTls", [bucket, objects], { NumericLessThan: { "s3:TlsVersion": "1.2" } }],
      [
        "OtherEncryption",
        [objects],
        { StringNotEquals: { [header]: "aws:kms" }, Null: { [header]: "false" }, ...people },
      ],
      [
        "OtherKey",
        [objects],
        {
          StringNotEquals: {
            [`${header}-aws-kms-key-id`]: `arn:aws:kms:us-east-1:123456789012:key/aws-use1-${store}-key`,
          },
          Null: { [`${header}-aws-kms-key-id`]: "false" },
          ...people,
        },
      ],
    ]);
  });

  it("cannot lose its key before it is gone itself", async () => {
    expect(needs(await run(), `${store}-bucket`)).toContain(`${store}-key`);
  });

  it("leaves its name to chance, since a name that can be guessed can be taken", async () => {
    expect(called(await run(), `${store}-bucket`).props).not.toHaveProperty("bucket");
  });

  it("is deleted with nothing in it only, as long as it is protected", async () => {
    const bucket = called(await run(), `${store}-bucket`);
    expect([bucket.protect, bucket.props.forceDestroy]).toEqual([true, false]);
  });
});

it("keeps old versions of models for 90 days", async () => {
  const { rules } = inputsOf(
    await run(),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "models-lifecycle",
  );
  expect(rules).toEqual([
    {
      id: "old-versions",
      status: "Enabled",
      filter: {},
      noncurrentVersionExpiration: { noncurrentDays: 90 },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
    },
  ]);
});

it("lets models go with an unprotected cluster, but not locked records", async () => {
  const unprotected = await run({ protect: false });
  expect(called(unprotected, "models-bucket").props.forceDestroy).toBe(true);
  expect(called(unprotected, "audit-store-bucket").props.forceDestroy).toBe(false);
  const removable = await run({ protect: false, auditStore: { mode: "removable" } });
  expect(called(removable, "audit-store-bucket").props.forceDestroy).toBe(true);
});

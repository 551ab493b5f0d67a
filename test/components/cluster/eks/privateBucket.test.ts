import { describe, expect, it } from "vitest";
import { inputsOf } from "../harness.ts";
import { called, needs, run } from "./needs.ts";

const stores = ["models", "audit-store"] as const;
const arnOf = (store: string) => `arn:aws:s3:::aws-use1-${store}-bucket-1a2b3c4`;
const everything = (store: string) => ({
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [arnOf(store), `${arnOf(store)}/*`],
});

interface Denial {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition: unknown;
}

async function denied(store: string): Promise<Denial[]> {
  const { policy } = inputsOf(await run(), "aws:s3/bucketPolicy:BucketPolicy", `${store}-policy`) as {
    policy: { Statement: Denial[] };
  };
  return policy.Statement.filter(({ Effect }) => Effect === "Deny");
}

describe.each(stores)("the bucket of %s", (store) => {
  const part = async (type: string, role: string) => inputsOf(await run(), type, `${store}-${role}`);

  it("keeps versions", async () => {
    expect(await part("aws:s3/bucketVersioning:BucketVersioning", "versioning")).toMatchObject({
      versioningConfiguration: { status: "Enabled" },
    });
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

  it("denies plain HTTP and old TLS, to everyone", async () => {
    expect(await denied(store)).toMatchObject([
      { Sid: "PlainHttp", ...everything(store), Condition: { Bool: { "aws:SecureTransport": "false" } } },
      { Sid: "OldTls", ...everything(store), Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
      {},
      ...(store === "models" ? [{}] : []),
    ]);
  });

  it("leaves its name to chance, since a name that can be guessed can be taken", async () => {
    expect(called(await run(), `${store}-bucket`).props).not.toHaveProperty("bucket");
  });

  it("is deleted with nothing in it only, as long as it is protected", async () => {
    const bucket = called(await run(), `${store}-bucket`);
    expect([bucket.protect, bucket.props.forceDestroy]).toEqual([true, false]);
  });
});

describe("the models", () => {
  const key = "arn:aws:kms:us-east-1:123456789012:key/aws-use1-models-key";

  it("are encrypted with a key of their own, and a put with anything else is denied", async () => {
    const { rules } = inputsOf(
      await run(),
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "models-encryption",
    );
    expect(rules).toEqual([
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key },
        bucketKeyEnabled: true,
      },
    ]);
    const header = "s3:x-amz-server-side-encryption";
    const [algorithm, keyId] = (await denied("models")).slice(2);
    expect(algorithm).toMatchObject({
      Action: "s3:PutObject",
      Resource: [`${arnOf("models")}/*`],
      Condition: { StringNotEquals: { [header]: "aws:kms" }, Null: { [header]: "false" } },
    });
    expect(keyId?.Condition).toEqual({
      StringNotEquals: { [`${header}-aws-kms-key-id`]: key },
      Null: { [`${header}-aws-kms-key-id`]: "false" },
    });
  });

  it("cannot lose their key before they are gone themselves", async () => {
    expect(called(await run(), "models-key").protect).toBe(true);
    expect(needs(await run(), "models-bucket")).toContain("models-key");
  });
});

it("encrypts records with a key that nobody can destroy, and takes none that is encrypted otherwise", async () => {
  const { rules } = inputsOf(
    await run(),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "audit-store-encryption",
  );
  expect(rules).toEqual([{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }]);
  const header = "s3:x-amz-server-side-encryption";
  expect((await denied("audit-store")).slice(2).map(({ Condition }) => Condition)).toEqual([
    { StringNotEquals: { [header]: "AES256" }, Null: { [header]: "false" } },
  ]);
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

import type { Key } from "@pulumi/aws/kms/key.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import type { s3 } from "@pulumi/aws/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { customerKey } from "./customerKey.ts";
import { policyDocument, type Statement } from "./policy.ts";

export interface PrivateBucketArgs {
  /** What is in it, for people who find its key in the account. */
  readonly description: string;
  readonly account: pulumi.Input<string>;
  /** Services that write with the bucket's key. @default none */
  readonly keyStatements?: readonly Statement[];
  /** Services that write to the bucket itself, given its ARN. @default none */
  readonly statements?: (bucket: pulumi.Input<string>) => readonly Statement[];
  readonly lifecycle: s3.BucketLifecycleConfigurationRule;
  /** Retention of every object. Whether there is one is fixed when the bucket is made. @default none */
  readonly objectLock?: { readonly mode: "COMPLIANCE" | "GOVERNANCE"; readonly days: number };
  readonly protect: boolean;
  /** The bucket may be deleted with what is in it. */
  readonly forceDestroy: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * A versioned bucket with a key of its own, for its account alone and over TLS alone. Its name ends in random letters: a name that can
 * be guessed can be taken by someone else before, or after it is deleted.
 */
export class PrivateBucket extends Component {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly key: Key;
  /** Depend on it before writing. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: PrivateBucketArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:PrivateBucket", name, { objectLock: args.objectLock }, opts);
    const { protect, tags } = args;

    this.key = customerKey(
      this.childName("key"),
      {
        description: args.description,
        account: args.account,
        statements: args.keyStatements ?? [],
        protect,
        tags,
      },
      { parent: this },
    );
    // The key outlives the bucket: deleting a bucket that is not empty fails, and what is in it must stay readable.
    const bucket = new Bucket(
      this.childName("bucket"),
      { forceDestroy: args.forceDestroy, ...(args.objectLock === undefined ? {} : { objectLockEnabled: true }), tags },
      { parent: this, protect, dependsOn: this.key },
    );
    this.bucket = bucket.bucket;
    this.arn = bucket.arn;
    const versioning = new BucketVersioning(
      this.childName("versioning"),
      { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
      { parent: this },
    );
    this.#retention(args, versioning);
    this.policy = this.#access(args);

    this.registerOutputs({ bucket: this.bucket, arn: this.arn });
  }

  #retention({ objectLock, lifecycle, protect }: PrivateBucketArgs, versioning: pulumi.Resource): void {
    if (objectLock !== undefined) {
      new BucketObjectLockConfiguration(
        this.childName("object-lock"),
        { bucket: this.bucket, rule: { defaultRetention: { ...objectLock } } },
        { parent: this, dependsOn: versioning, protect },
      );
    }
    new BucketLifecycleConfiguration(
      this.childName("lifecycle"),
      { bucket: this.bucket, rules: [lifecycle] },
      { parent: this, dependsOn: versioning },
    );
  }

  #access(args: PrivateBucketArgs): pulumi.Resource {
    const bucket = this.bucket;
    const encryption = new BucketServerSideEncryptionConfiguration(
      this.childName("encryption"),
      {
        bucket,
        rules: [
          {
            applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: this.key.arn },
            bucketKeyEnabled: true,
          },
        ],
      },
      { parent: this },
    );
    const ownership = new BucketOwnershipControls(
      this.childName("ownership"),
      { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
      { parent: this },
    );
    const publicAccess = new BucketPublicAccessBlock(
      this.childName("public-access"),
      { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      { parent: this },
    );
    return new BucketPolicy(
      this.childName("policy"),
      {
        bucket,
        policy: policyDocument([...guards(this.arn, this.key.arn), ...(args.statements?.(this.arn) ?? [])]),
      },
      // S3 refuses two changes of a bucket at once.
      { parent: this, dependsOn: [encryption, ownership, publicAccess] },
    );
  }
}

/**
 * What nobody may do, whatever else allows it. A put that names no encryption gets the bucket's. AWS' own services are told by their own
 * configuration which key to use, and CloudTrail encrypts its digests with S3's whatever that says (CloudTrail user guide, "Encrypting
 * CloudTrail log files with AWS KMS keys").
 */
function guards(bucket: pulumi.Input<string>, key: pulumi.Input<string>): Statement[] {
  const objects = pulumi.interpolate`${bucket}/*`;
  const encryption = "s3:x-amz-server-side-encryption";
  const byPeople = { Bool: { "aws:PrincipalIsAWSService": "false" } };
  const deny = (sid: string, action: string, resource: pulumi.Input<string>[], condition: Statement["Condition"]) =>
    ({
      Sid: sid,
      Effect: "Deny",
      Principal: "*",
      Action: action,
      Resource: resource,
      Condition: condition,
    }) satisfies Statement;
  return [
    deny("PlainHttp", "s3:*", [bucket, objects], { Bool: { "aws:SecureTransport": "false" } }),
    deny("OldTls", "s3:*", [bucket, objects], { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
    deny("OtherEncryption", "s3:PutObject", [objects], {
      StringNotEquals: { [encryption]: "aws:kms" },
      Null: { [encryption]: "false" },
      ...byPeople,
    }),
    deny("OtherKey", "s3:PutObject", [objects], {
      StringNotEquals: { [`${encryption}-aws-kms-key-id`]: key },
      Null: { [`${encryption}-aws-kms-key-id`]: "false" },
      ...byPeople,
    }),
  ];
}

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
import { policyDocument, type Statement } from "./policy.ts";

export interface PrivateBucketArgs {
  /** What encrypts it. @default S3's own key, which nobody can destroy */
  readonly key?: Key;
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
 * A versioned, encrypted bucket for its account alone and over TLS alone. Its name ends in random letters: a name that
 * can be guessed can be taken by someone else before it is made, or after it is deleted.
 */
export class PrivateBucket extends Component {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Depend on it before writing. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: PrivateBucketArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:PrivateBucket", name, { objectLock: args.objectLock }, opts);
    const { key, protect, tags } = args;

    // The key outlives the bucket: deleting a bucket that is not empty fails, and what is in it must stay readable.
    const bucket = new Bucket(
      this.childName("bucket"),
      { forceDestroy: args.forceDestroy, ...(args.objectLock === undefined ? {} : { objectLockEnabled: true }), tags },
      { parent: this, protect, dependsOn: key === undefined ? [] : [key] },
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

  #access({ key, statements }: PrivateBucketArgs): pulumi.Resource {
    const bucket = this.bucket;
    const encryption = new BucketServerSideEncryptionConfiguration(
      this.childName("encryption"),
      {
        bucket,
        rules: [
          key === undefined
            ? { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }
            : {
                applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
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
        policy: policyDocument([...guards(this.arn, key), ...(statements?.(this.arn) ?? [])]),
      },
      // S3 refuses two changes of a bucket at once.
      { parent: this, dependsOn: [encryption, ownership, publicAccess] },
    );
  }
}

/** What nobody may do, whatever else allows it. A put that names no encryption gets the bucket's. */
function guards(bucket: pulumi.Input<string>, key: Key | undefined): Statement[] {
  const objects = pulumi.interpolate`${bucket}/*`;
  const deny = (Sid: string, Action: string, Resource: pulumi.Input<string>[], Condition: Statement["Condition"]) =>
    ({ Sid, Effect: "Deny", Principal: "*", Action, Resource, Condition }) satisfies Statement;
  const denyPut = (Sid: string, header: string, value: pulumi.Input<string>) =>
    deny(Sid, "s3:PutObject", [objects], { StringNotEquals: { [header]: value }, Null: { [header]: "false" } });
  const encryption = "s3:x-amz-server-side-encryption";
  return [
    deny("PlainHttp", "s3:*", [bucket, objects], { Bool: { "aws:SecureTransport": "false" } }),
    deny("OldTls", "s3:*", [bucket, objects], { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
    denyPut("OtherEncryption", encryption, key === undefined ? "AES256" : "aws:kms"),
    ...(key === undefined ? [] : [denyPut("OtherKey", `${encryption}-aws-kms-key-id`, key.arn)]),
  ];
}

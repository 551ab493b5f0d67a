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

/** What a bucket is made with. */
export interface PrivateBucketArgs {
  /** The KMS key that encrypts objects (SSE-KMS). @default S3's own key (SSE-S3), which nobody can destroy */
  readonly key?: Key;
  /** Makes further statements of the bucket policy from the bucket's ARN, for AWS services that write. @default none */
  readonly statements?: (bucket: pulumi.Input<string>) => readonly Statement[];
  /** The bucket's one lifecycle rule: when versions expire. */
  readonly lifecycle: s3.BucketLifecycleConfigurationRule;
  /**
   * Object Lock with a default retention. Whether a bucket has it is fixed when it is made, so adding or removing it
   * replaces the bucket; mode and days change in place, for later objects. @default none
   */
  readonly objectLock?: {
    /** `COMPLIANCE` binds everyone, the root user included. `GOVERNANCE` yields to `s3:BypassGovernanceRetention`. */
    readonly mode: "COMPLIANCE" | "GOVERNANCE";
    /** Days that each version is locked. */
    readonly days: number;
  };
  /** Whether Pulumi refuses to delete the bucket and its Object Lock. */
  readonly protect: boolean;
  /** Whether a removal deletes the objects, too. If false, deleting a bucket that is not empty fails. */
  readonly forceDestroy: boolean;
  /** Resources that are made before the bucket and removed after it. @default none but the key */
  readonly after?: readonly pulumi.Resource[];
  /** AWS tags of the bucket. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * A versioned, encrypted bucket that is closed to the public and to connections without TLS 1.2. Its name ends in
 * random letters, because others can take a name that they can guess, before the bucket is made or after it is deleted.
 */
export class PrivateBucket extends Component {
  /** The bucket's name. */
  readonly bucket: pulumi.Output<string>;
  /** The bucket's ARN. */
  readonly arn: pulumi.Output<string>;
  /** The bucket policy. What writes to the bucket depends on it, so that nothing is written before. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: PrivateBucketArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:PrivateBucket", name, { objectLock: args.objectLock }, opts);
    const { key, protect, tags, after = [] } = args;

    // The key is deleted after the bucket: that can fail, and then what is in the bucket must stay readable.
    const bucket = new Bucket(
      this.childName("bucket"),
      { forceDestroy: args.forceDestroy, ...(args.objectLock === undefined ? {} : { objectLockEnabled: true }), tags },
      { parent: this, protect, dependsOn: [...(key === undefined ? [] : [key]), ...after] },
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

/**
 * Denies requests without TLS 1.2, and puts with another encryption than the bucket's. A put that names no encryption
 * gets the bucket's.
 */
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

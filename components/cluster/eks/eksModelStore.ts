import type * as pulumi from "@pulumi/pulumi";
import { customerKey } from "./eksKeys.ts";
import { PrivateBucket } from "./privateBucket.ts";

/** What the bucket of a cluster's models is made with. */
export interface ModelBucketArgs {
  /** The account's id, 12 digits. Its IAM policies decide who uses the key. */
  readonly account: pulumi.Input<string>;
  /** Whether Pulumi refuses to delete bucket and key. If false, the bucket is deleted with the models in it. */
  readonly protect: boolean;
  /** AWS tags of the bucket and the key. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The bucket of a cluster's models, and the key that encrypts them. */
export interface ModelBucket {
  /** The bucket's name, which ends in random letters. */
  readonly bucket: pulumi.Output<string>;
  /** The bucket's ARN, for IAM policies. */
  readonly arn: pulumi.Output<string>;
  /** ARN of the KMS key. Reading a model needs `kms:Decrypt` on it, writing also `kms:GenerateDataKey`. */
  readonly keyArn: pulumi.Output<string>;
}

/**
 * Makes the bucket of a cluster's models, with a key of its own. A version that was overwritten or deleted can be
 * restored for 90 days. Without `protect` the bucket is deleted with the models in it: a removal takes two steps, and
 * the first, `protect: false`, is the confirmation.
 */
export function modelBucket(
  name: string,
  { account, protect, tags }: ModelBucketArgs,
  opts: pulumi.ResourceOptions,
): ModelBucket {
  const key = customerKey(
    `${name}-key`,
    { description: "Models of a cluster", account, statements: [], protect, tags },
    opts,
  );
  const { bucket, arn } = new PrivateBucket(
    name,
    {
      key,
      lifecycle: {
        id: "old-versions",
        status: "Enabled",
        filter: {},
        noncurrentVersionExpiration: { noncurrentDays: 90 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      },
      protect,
      forceDestroy: !protect,
      tags,
    },
    opts,
  );
  return { bucket, arn, keyArn: key.arn };
}

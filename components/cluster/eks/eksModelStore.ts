import type * as pulumi from "@pulumi/pulumi";
import { customerKey } from "./eksKeys.ts";
import { PrivateBucket } from "./privateBucket.ts";

export interface ModelBucketArgs {
  readonly account: pulumi.Input<string>;
  readonly protect: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** Where a cluster's models are, and what they are encrypted with. */
export interface ModelBucket {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;
}

/**
 * The bucket of a cluster's models, with a key of its own. A version that is overwritten or deleted can be had back for
 * 90 days. Unprotected, the bucket may be removed with the models in it: the two steps of a removal are the
 * confirmation.
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

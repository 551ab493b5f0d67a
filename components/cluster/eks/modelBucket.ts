import type * as pulumi from "@pulumi/pulumi";
import { PrivateBucket } from "./privateBucket.ts";

export interface ModelBucketArgs {
  readonly account: pulumi.Input<string>;
  readonly protect: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The bucket of a cluster's models. A version that is overwritten or deleted can be had back for 90 days. Unprotected, it may be removed
 * with the models in it: the two steps of a removal are the confirmation.
 */
export function modelBucket(name: string, args: ModelBucketArgs, opts: pulumi.ComponentResourceOptions): PrivateBucket {
  return new PrivateBucket(
    name,
    {
      ...args,
      description: "Models of a cluster",
      forceDestroy: !args.protect,
      lifecycle: {
        id: "old-versions",
        status: "Enabled",
        filter: {},
        noncurrentVersionExpiration: { noncurrentDays: 90 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      },
    },
    opts,
  );
}

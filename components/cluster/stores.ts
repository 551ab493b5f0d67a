import type * as pulumi from "@pulumi/pulumi";

/** Where a cluster's models are stored, as Triton addresses it. */
export type ModelStore =
  /** `s3://bucket`, or `s3://https://host:port/bucket` of a store that speaks S3. */
  | { readonly kind: "s3"; readonly url: pulumi.Input<string>; readonly region: string }
  /** `gs://bucket` */
  | { readonly kind: "gcs"; readonly url: pulumi.Input<string> }
  /** `as://account/container` */
  | { readonly kind: "azureBlob"; readonly url: pulumi.Input<string> }
  /** A claim in the models' namespace, made by whoever runs the cluster. */
  | { readonly kind: "pvc"; readonly claim: string };

/** The audit store: what was written there cannot be changed or removed by anyone before its time. */
export interface AuditStoreArgs {
  /**
   * Days each record is kept, at least 1. @default 365. Can be raised later, never lowered: it is locked. A destroy
   * fails until the last record's time is over.
   */
  readonly retentionDays?: number;
  /**
   * `locked` binds everyone, the owner of the account included. `removable` can be lifted by an administrator, for
   * environments that come and go. @default "locked"
   */
  readonly mode?: "locked" | "removable";
}

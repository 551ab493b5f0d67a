import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember.js";
import * as pulumi from "@pulumi/pulumi";
import { rejectProblems } from "../../core/problem.ts";
import {
  bindingProblems,
  type IdentityBinding,
  type StorePermission,
  type WorkloadIdentity,
} from "../workloadIdentity.ts";

export interface GkeWorkloadIdentityArgs {
  readonly project: pulumi.Input<string>;
  readonly projectNumber: pulumi.Input<string>;
  readonly modelBucket: pulumi.Input<string>;
}

const objectRoles = {
  read: "roles/storage.objectViewer",
  write: "roles/storage.objectUser",
} as const satisfies Record<StorePermission["access"], string>;

/**
 * A service account of Kubernetes is a principal of IAM by itself: no account of Google Cloud stands for it, and its
 * pods need nothing. Clusters of one project share their principals: the same namespace and name in another cluster is
 * the same principal.
 */
export class GkeWorkloadIdentity implements WorkloadIdentity {
  readonly kind = "workloadIdentityFederation";
  readonly #name: string;
  readonly #args: GkeWorkloadIdentityArgs;
  readonly #opts: pulumi.CustomResourceOptions;
  readonly #bound = new Set<string>();

  /**
   * `name` begins the names of bindings; `opts.dependsOn` has the cluster, since the first one of a project makes the
   * pool of principals.
   */
  constructor(name: string, args: GkeWorkloadIdentityArgs, opts: pulumi.CustomResourceOptions) {
    this.#name = name;
    this.#args = args;
    this.#opts = opts;
  }

  bind(namespace: string, serviceAccount: string, permission: StorePermission): IdentityBinding {
    const pair = `${namespace}/${serviceAccount}`;
    rejectProblems(`${pair} cannot be bound`, bindingProblems(this.#bound, pair, permission));
    this.#bound.add(pair);
    const { project, projectNumber, modelBucket } = this.#args;
    const name = `${this.#name}-${namespace}.${serviceAccount}`;
    const member = pulumi.interpolate`principal://iam.googleapis.com/projects/${projectNumber}/locations/global/workloadIdentityPools/${project}.svc.id.goog/subject/ns/${namespace}/sa/${serviceAccount}`;

    new BucketIAMMember(
      `${name}-objects`,
      {
        bucket: modelBucket,
        role: objectRoles[permission.access],
        member,
        condition: {
          title: "prefix",
          expression: pulumi.output(modelBucket).apply((bucket) => prefixCondition(bucket, permission.prefix)),
        },
      },
      this.#opts,
    );
    // Triton asks for the bucket's metadata before it lists (triton-inference-server/core `gcs.h`, `IsDirectory`); no
    // object is in it.
    new BucketIAMMember(
      `${name}-bucket`,
      { bucket: modelBucket, role: "roles/storage.bucketViewer", member },
      this.#opts,
    );
    return { annotations: {}, podLabels: {} };
  }
}

/**
 * Objects below the prefix, and lists that ask for it: to list is a right on the bucket, which has no object's name
 * (cloud.google.com/iam/docs/conditions-attribute-reference).
 */
export function prefixCondition(bucket: string, prefix: string): string {
  return [
    `resource.name.startsWith("projects/_/buckets/${bucket}/objects/${prefix}/")`,
    `api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("${prefix}/")`,
  ].join(" || ");
}

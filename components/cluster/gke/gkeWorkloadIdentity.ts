import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember.js";
import * as pulumi from "@pulumi/pulumi";
import { rejectProblems } from "../../core/problem.ts";
import {
  bindingProblems,
  type IdentityBinding,
  type StorePermission,
  type WorkloadIdentity,
} from "../workloadIdentity.ts";

/** What a principal and its grants are named by. */
export interface GkeWorkloadIdentityArgs {
  /** Id of the project, which names the workload pool `<project>.svc.id.goog`. A change replaces every grant. */
  readonly project: pulumi.Input<string>;
  /** Number of the project, in the principal of each service account. A change replaces every grant. */
  readonly projectNumber: pulumi.Input<string>;
  /** Name of the bucket on which roles are granted. A change replaces every grant. */
  readonly modelBucket: pulumi.Input<string>;
}

const objectRoles = {
  read: "roles/storage.objectViewer",
  write: "roles/storage.objectUser",
} as const satisfies Record<StorePermission["access"], string>;

/**
 * Workload Identity Federation for GKE. A ServiceAccount of Kubernetes is itself a principal of IAM, so it needs no
 * service account of Google Cloud, and its pods need no annotation or label. All clusters of a project share one
 * workload pool: the same namespace and name in another cluster is the same principal.
 */
export class GkeWorkloadIdentity implements WorkloadIdentity {
  /** Tells this identity from those of other clouds. */
  readonly kind = "workloadIdentityFederation";
  readonly #name: string;
  readonly #args: GkeWorkloadIdentityArgs;
  readonly #opts: pulumi.CustomResourceOptions;
  readonly #bound = new Set<string>();

  /**
   * `name` begins the names of bindings. `opts.dependsOn` has the cluster, since the first cluster of a project makes
   * the workload pool.
   */
  constructor(name: string, args: GkeWorkloadIdentityArgs, opts: pulumi.CustomResourceOptions) {
    this.#name = name;
    this.#args = args;
    this.#opts = opts;
  }

  /**
   * Grants a ServiceAccount `storage.objectViewer` (read) or `storage.objectUser` (write) on objects below the prefix,
   * and `storage.bucketViewer` on the bucket. Another permission replaces the grant on objects.
   *
   * @throws ProblemError when the pair is bound already or the prefix is not a plain path.
   */
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
    // Triton reads the bucket's metadata before it lists (triton-inference-server/core `gcs.h`, `IsDirectory`). This
    // role gives no access to objects.
    new BucketIAMMember(
      `${name}-bucket`,
      { bucket: modelBucket, role: "roles/storage.bucketViewer", member },
      this.#opts,
    );
    return { annotations: {}, podLabels: {} };
  }
}

/**
 * IAM condition that admits objects below the prefix, and lists of that prefix. A list is a request to the bucket and
 * names no object, so it has a line of its own (cloud.google.com/iam/docs/conditions-attribute-reference).
 */
export function prefixCondition(bucket: string, prefix: string): string {
  return [
    `resource.name.startsWith("projects/_/buckets/${bucket}/objects/${prefix}/")`,
    `api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("${prefix}/")`,
  ].join(" || ");
}

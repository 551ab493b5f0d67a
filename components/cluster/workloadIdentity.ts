import type * as pulumi from "@pulumi/pulumi";
import { plainPath } from "../core/names.ts";
import type { Problem } from "../core/problem.ts";

/** What a service account may do with the cluster's model store; nothing else is ever granted. */
export interface StorePermission {
  /** `read` lists and reads; `write` also puts and deletes. */
  readonly access: "read" | "write";
  /** Only below this prefix, without a slash at either end: `fraud`. */
  readonly prefix: string;
}

/** What a pod of a bound service account needs so that the cloud knows it. Empty where the cloud needs nothing. */
export interface IdentityBinding {
  /** Annotations that the ServiceAccount must have. Empty where the cloud needs none. */
  readonly annotations: Readonly<Record<string, pulumi.Input<string>>>;
  /** Labels that pods of the ServiceAccount must have. Empty where the cloud needs none. */
  readonly podLabels: Readonly<Record<string, string>>;
  /**
   * Of a store with keys of its own (on-prem): what the pods get as a Secret, projected as files and named by `env`.
   * Always secret.
   */
  readonly credentials?: pulumi.Output<Readonly<Record<string, string>>>;
}

/** How pods become known to the cloud, without a key anywhere. */
export interface WorkloadIdentity {
  /**
   * `webIdentity` (EKS), `federatedCredential` (AKS), `workloadIdentityFederation` (GKE), `projectedSecret` (on-prem).
   */
  readonly kind: "webIdentity" | "federatedCredential" | "workloadIdentityFederation" | "projectedSecret";
  /** Lets a service account use the model store. Each pair may be bound once. */
  bind(namespace: string, serviceAccount: string, permission: StorePermission): IdentityBinding;
}

/**
 * Problems of binding `<namespace>/<serviceAccount>`, where `bound` are the pairs that are bound already. A prefix
 * becomes part of policies and conditions, in which quotes, `*`, `?` and `${…}` would mean more than they say.
 */
export function bindingProblems(bound: ReadonlySet<string>, pair: string, { prefix }: StorePermission): Problem[] {
  const at = `bind("${pair}")`;
  const problems: Problem[] = [];
  if (bound.has(pair)) problems.push({ path: at, reason: "it is bound already.", fix: "Bind a service account once." });
  if (!plainPath.test(prefix)) {
    problems.push({
      path: `${at}.prefix`,
      reason: `"${prefix}" is not a prefix: names of A-Z, a-z, 0-9, ".", "_" and "-" with a "/" between them.`,
      fix: 'Write, for example, "fraud".',
    });
  }
  return problems;
}

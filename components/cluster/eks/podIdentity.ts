import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { accessRole } from "./accessRole.ts";
import { podTrust, type Statement } from "./policy.ts";

/** The cluster in which a platform system gets rights in AWS. */
export interface PodIdentityArgs {
  /** The EKS cluster's name. It is in a tag of what a system may change, which limits its role to this cluster. */
  readonly name: string;
  /** The cluster. The role can be assumed only for a service account of it. */
  readonly cluster: Cluster;
  /** Resources that must exist before the association, and until it is removed: the Pod Identity agent. */
  readonly after: readonly pulumi.Resource[];
  /** AWS tags of the role and of the association. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A service account, and what its pods may do. */
export interface PodRights {
  /** The service account, which the platform installs under this name. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
  /** The inline policy of its role. */
  readonly statements: readonly Statement[];
}

/**
 * Gives the pods of a service account a role by EKS Pod Identity. It is made in the cluster layer, although the
 * platform installs the pods, because the platform layer needs no rights in AWS.
 */
export function podIdentity(
  name: string,
  { cluster, after, tags }: PodIdentityArgs,
  { serviceAccount: { namespace, name: serviceAccount }, statements }: PodRights,
  opts: pulumi.CustomResourceOptions,
): PodIdentityAssociation {
  const role = accessRole(
    `${name}-role`,
    { trust: podTrust(cluster.arn, namespace, serviceAccount), statements, tags },
    opts,
  );
  return new PodIdentityAssociation(
    name,
    { clusterName: cluster.name, namespace, serviceAccount, roleArn: role.arn, tags },
    { ...opts, dependsOn: [...role.grants, ...after] },
  );
}

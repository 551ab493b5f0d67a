import { Addon } from "@pulumi/aws/eks/addon.js";
import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import type * as pulumi from "@pulumi/pulumi";
import { accessRole } from "./accessRole.ts";
import { podTrust } from "./policy.ts";

export interface AddonsArgs {
  readonly cluster: Cluster;
  /** What must be there before, and until they are gone. */
  readonly after: readonly pulumi.Resource[];
  readonly tags: Readonly<Record<string, string>>;
}

interface AddonSettings {
  /** As the add-on's own schema has it. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** The service account that calls AWS, and AWS' policy for it. */
  readonly identity?: { readonly serviceAccount: string; readonly policy: string };
}

/**
 * What a node needs before it is ready. They are DaemonSets, so they can be installed while there is no node. The
 * network plugin gets its credentials from the Pod Identity agent, so that nodes themselves may change nothing in the
 * network.
 */
export function nodeAddons(prefix: string, args: AddonsArgs, opts: pulumi.CustomResourceOptions): Addon[] {
  const agent = addon(prefix, "eks-pod-identity-agent", args, {}, opts);
  const network: AddonSettings = {
    // A string: the schema of the plugin refuses a boolean.
    configuration: { enableNetworkPolicy: "true" },
    identity: { serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
  };
  return [
    agent,
    addon(prefix, "kube-proxy", args, {}, opts),
    addon(prefix, "vpc-cni", { ...args, after: [...args.after, agent] }, network, opts),
  ];
}

/** What runs on some nodes for all. EKS waits until it does, so there must be nodes before. */
export function clusterAddons(prefix: string, args: AddonsArgs, opts: pulumi.CustomResourceOptions): Addon[] {
  const disks: AddonSettings = {
    identity: { serviceAccount: "ebs-csi-controller-sa", policy: "service-role/AmazonEBSCSIDriverPolicy" },
  };
  return [addon(prefix, "coredns", args, {}, opts), addon(prefix, "aws-ebs-csi-driver", args, disks, opts)];
}

/** In the version that EKS has for the cluster's Kubernetes version when the add-on is installed. */
function addon(
  prefix: string,
  addonName: string,
  { cluster, after, tags }: AddonsArgs,
  { configuration, identity }: AddonSettings,
  opts: pulumi.CustomResourceOptions,
): Addon {
  const name = `${prefix}-${addonName}`;
  const role =
    identity &&
    accessRole(
      `${name}-role`,
      { trust: podTrust(cluster.arn, "kube-system", identity.serviceAccount), managed: [identity.policy], tags },
      opts,
    );
  return new Addon(
    name,
    {
      addonName,
      clusterName: cluster.name,
      ...(configuration === undefined ? {} : { configurationValues: JSON.stringify(configuration) }),
      ...(identity === undefined || role === undefined
        ? {}
        : { podIdentityAssociations: [{ roleArn: role.arn, serviceAccount: identity.serviceAccount }] }),
      // Nobody else configures an add-on.
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
      tags,
    },
    { ...opts, dependsOn: [...(role?.grants ?? []), ...after] },
  );
}

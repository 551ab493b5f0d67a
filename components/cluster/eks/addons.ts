import { Addon } from "@pulumi/aws/eks/addon.js";
import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import type * as pulumi from "@pulumi/pulumi";
import { accessRole } from "./accessRole.ts";
import { podTrust, type Statement } from "./policy.ts";

/** What all add-ons of a cluster are installed with. */
export interface AddonsArgs {
  /** The cluster that gets them. Another cluster replaces them. */
  readonly cluster: Cluster;
  /** Resources that must exist before the add-ons are installed, and until they are removed. */
  readonly after: readonly pulumi.Resource[];
  /** AWS tags of the add-ons and of their roles. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What one add-on needs beside its name. */
interface AddonSettings {
  /** `configurationValues`, in the add-on's own schema (`aws eks describe-addon-configuration`). @default none */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /**
   * The service account in `kube-system` that calls AWS, and the AWS managed policy that its role gets.
   * @default the add-on does not call AWS
   */
  readonly identity?: {
    readonly serviceAccount: string;
    readonly policy: string;
    /** Statements that the role gets besides. @default none */
    readonly statements?: readonly Statement[];
  };
}

/**
 * Installs what a node needs before it is ready: the Pod Identity agent, kube-proxy and the VPC CNI. They are
 * DaemonSets, so EKS installs them while there is no node. The VPC CNI gets its credentials from the Pod Identity
 * agent, so the role of the nodes has no right to change the network.
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

/** What the add-ons that serve a whole cluster are installed with. */
export interface ClusterAddonsArgs extends AddonsArgs {
  /** ARN of the KMS key of volumes. The EBS CSI driver may use it, through EC2 alone. */
  readonly volumeKey: pulumi.Input<string>;
  /** The region of the EC2 that uses the key. */
  readonly region: string;
}

/**
 * Installs CoreDNS and the EBS CSI driver, whose Deployments serve the whole cluster. EKS waits until their pods run,
 * so nodes must exist before.
 */
export function clusterAddons(
  prefix: string,
  { volumeKey, region, ...args }: ClusterAddonsArgs,
  opts: pulumi.CustomResourceOptions,
): Addon[] {
  const disks: AddonSettings = {
    identity: {
      serviceAccount: "ebs-csi-controller-sa",
      policy: "service-role/AmazonEBSCSIDriverPolicy",
      // The managed policy has no rights on keys (kubernetes-sigs/aws-ebs-csi-driver `docs/install.md`).
      statements: [
        {
          Sid: "Volumes",
          Effect: "Allow",
          Action: ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"],
          Resource: volumeKey,
          Condition: { StringEquals: { "kms:ViaService": `ec2.${region}.amazonaws.com` } },
        },
      ],
    },
  };
  return [addon(prefix, "coredns", args, {}, opts), addon(prefix, "aws-ebs-csi-driver", args, disks, opts)];
}

/**
 * Installs an add-on in the version that EKS chooses for the cluster's Kubernetes version at that time. A later upgrade
 * of the cluster does not move it.
 */
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
      {
        trust: podTrust(cluster.arn, "kube-system", identity.serviceAccount),
        managed: [identity.policy],
        ...(identity.statements === undefined ? {} : { statements: identity.statements }),
        tags,
      },
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
      // The program alone configures add-ons, so a value that differs in the cluster is overwritten.
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
      tags,
    },
    { ...opts, dependsOn: [...(role?.grants ?? []), ...after] },
  );
}

import type { LaunchTemplate } from "@pulumi/aws/ec2/launchTemplate.js";
import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { NodeGroup, type NodeGroupArgs } from "@pulumi/aws/eks/nodeGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { ignoreChanges } from "../../core/driftRules.ts";
import type { KubernetesVersion } from "../../core/kubernetesVersions.ts";
import { poolName } from "../poolName.ts";
import { type AccessRole, accessRole } from "./accessRole.ts";
import type { EksNetwork } from "./eksNetwork.ts";
import { serviceTrust } from "./policy.ts";

/** What all node groups of a cluster have in common. */
export interface NodeContext {
  /** The EKS cluster's name, in the tag `serin.dev/cluster` of instances, volumes and network interfaces. */
  readonly name: string;
  /** The cluster that the nodes join. Another cluster replaces the groups. */
  readonly cluster: Cluster;
  /** Kubernetes version of the nodes. A step up replaces the nodes one by one, after the control plane's upgrade. */
  readonly kubernetesVersion: KubernetesVersion;
  /** The network. Nodes are in its private subnets; another subnet makes a new group. */
  readonly network: EksNetwork;
  /** The IAM role of the instances. Another role replaces the groups. */
  readonly role: AccessRole;
  /** ARN of the KMS key that encrypts root volumes. */
  readonly keyArn: pulumi.Input<string>;
  /** Id of the security group that EKS makes for the cluster. */
  readonly securityGroupId: pulumi.Input<string>;
  /** Resources that a node needs before it is ready and until it is removed: add-ons. */
  readonly before: readonly pulumi.Resource[];
  /** AWS tags of node groups and their templates. Instances do not get them. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Makes the IAM role of nodes, with which they pull images and join the cluster. Pods do not get its rights. */
export function nodeRole(
  name: string,
  tags: Readonly<Record<string, string>>,
  opts: pulumi.CustomResourceOptions,
): AccessRole {
  return accessRole(
    name,
    {
      trust: serviceTrust("ec2"),
      managed: ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
      tags,
    },
    opts,
  );
}

/** What is particular to one node group. Labels, taints and `updateConfig` change in place. */
export interface NodesArgs extends Pick<NodeGroupArgs, "labels" | "taints" | "updateConfig"> {
  /** The pool's key. It begins the group's name; a change makes a new group. */
  readonly key: string;
  /** The node image: Amazon Linux 2023, plain or with the NVIDIA driver. A change makes a new group. */
  readonly amiType: "AL2023_x86_64_STANDARD" | "AL2023_x86_64_NVIDIA";
  /** What EC2 launches. Nodes from a reservation are `ON_DEMAND`, too. A change makes a new group. */
  readonly capacityType: "ON_DEMAND" | "SPOT" | "CAPACITY_BLOCK";
  /**
   * The one machine type of EC2 (`instanceTypes`); of a capacity block the template names it. A change makes a new
   * group.
   */
  readonly machine: string;
  /** Zones of the cluster whose private subnets the group uses, in any order. A change makes a new group. */
  readonly zones: readonly string[];
  /** Nodes at least, from 0, and the number that the group starts with. Changes in place. */
  readonly min: number;
  /** Nodes at most, all zones together, from 1. Changes in place. */
  readonly max: number;
  /** How instances start. A new version of it replaces the nodes one by one. */
  readonly template: LaunchTemplate;
  /** Plain data whose change must also make a new group. @default none */
  readonly immutable?: unknown;
}

/**
 * Makes a managed node group. Its name has a hash of what EKS cannot change in place, so that a new group is there
 * before the old one goes.
 */
export function nodes(
  name: string,
  context: NodeContext,
  args: NodesArgs,
  opts: pulumi.CustomResourceOptions,
): NodeGroup {
  const { key, amiType, capacityType, machine, min, max, template, immutable, zones, ...settings } = args;
  const { cluster, network, role } = context;
  const subnets = [...zones].sort();
  return new NodeGroup(
    name,
    {
      clusterName: cluster.name,
      nodeGroupName: poolName(
        key,
        { amiType, capacityType, machine, zones: subnets, further: immutable },
        { maxLength: 63 },
      ),
      version: context.kubernetesVersion,
      amiType,
      capacityType,
      // EKS refuses a group whose template names the machine too (terraform-aws-modules/terraform-aws-eks #1386).
      ...(capacityType === "CAPACITY_BLOCK" ? {} : { instanceTypes: [machine] }),
      launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
      nodeRoleArn: role.arn,
      subnetIds: subnets.flatMap((zone) => network.privateSubnets[zone]?.id ?? []),
      scalingConfig: { minSize: min, maxSize: max, desiredSize: min },
      nodeRepairConfig: { enabled: true },
      tags: context.tags,
      ...settings,
    },
    {
      ...opts,
      dependsOn: [network, ...role.grants, ...context.before],
      ...ignoreChanges("eksNodeGroup"),
    },
  );
}

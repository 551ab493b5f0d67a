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

/** What all nodes of a cluster have in common. */
export interface NodeContext {
  readonly name: string;
  readonly cluster: Cluster;
  readonly kubernetesVersion: KubernetesVersion;
  readonly network: EksNetwork;
  readonly role: AccessRole;
  /** Encrypts their disks. */
  readonly keyArn: pulumi.Input<string>;
  /** EKS' security group of the cluster. */
  readonly securityGroupId: pulumi.Input<string>;
  /** What a node needs before it is ready, and until it is gone. */
  readonly before: readonly pulumi.Resource[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Nodes pull images and register themselves; what pods may do in AWS is theirs alone. */
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

export interface NodesArgs extends Pick<NodeGroupArgs, "labels" | "taints" | "updateConfig"> {
  readonly key: string;
  readonly amiType: "AL2023_x86_64_STANDARD" | "AL2023_x86_64_NVIDIA";
  readonly capacityType: "ON_DEMAND" | "SPOT" | "CAPACITY_BLOCK";
  readonly machine: string;
  readonly zones: readonly string[];
  readonly min: number;
  readonly max: number;
  readonly template: LaunchTemplate;
  /** Further fields whose change must make a new group. */
  readonly immutable?: unknown;
}

/**
 * A managed node group. What EKS cannot change in place is part of its name, so that the new group is there before the
 * old one goes.
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
      instanceTypes: [machine],
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

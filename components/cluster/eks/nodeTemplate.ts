import { LaunchTemplate, type LaunchTemplateArgs } from "@pulumi/aws/ec2/launchTemplate.js";
import type { ec2 } from "@pulumi/aws/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import { type Bytes, byteCount } from "../../core/quantity.ts";
import type { PurchaseOption } from "../gpuPool.ts";
import type { NodeContext } from "./nodes.ts";

/** What the nodes of one group are launched with. */
export interface NodeTemplateArgs {
  /** Tag `Name` of instances, volumes and network interfaces. */
  readonly nodeName: string;
  /**
   * Size of the root volume, which is gp3, rounded up to whole GiB. Where the machine has NVMe disks, container images
   * are on these instead.
   */
  readonly disk: Bytes;
  /** How the machines are bought. The template names the reservation of `reserved` and `block`. */
  readonly purchase: PurchaseOption;
  /** The machine type of EC2. The template names it for a `block` only; else the node group does. */
  readonly machine: string;
  /** Whether the machine has NVMe instance storage. Its disks become one, for images and for what pods write. */
  readonly localDisks: boolean;
  /** What connects the nodes of a `compact` pool. Absent: the pool is `spread`. */
  readonly fabric?: Fabric;
}

/** What connects nodes that are placed close together. */
export interface Fabric {
  /** Name of the placement group, with strategy `cluster`. Absent: the reservation decides the place. */
  readonly placementGroup?: pulumi.Input<string>;
  /** Elastic Fabric Adapters of a node; 0 when the machine has none. */
  readonly interfaces: number;
  /** Id of the security group that lets the pool's adapters reach each other. Absent: there are no adapters. */
  readonly securityGroup?: pulumi.Input<string>;
}

/** Makes a node group's launch template. A change makes a new version, and EKS replaces the nodes one by one. */
export function nodeTemplate(
  name: string,
  context: NodeContext,
  args: NodeTemplateArgs,
  opts: pulumi.CustomResourceOptions,
): LaunchTemplate {
  return new LaunchTemplate(name, nodeTemplateArgs(context, args), opts);
}

/** Instances do not get the cluster's labels as tags: a new label would change the template and replace every node. */
function nodeTemplateArgs(context: NodeContext, args: NodeTemplateArgs): LaunchTemplateArgs {
  const launched = { Name: args.nodeName, "serin.dev/cluster": context.name };
  return {
    updateDefaultVersion: true,
    // Pods are two hops away from the metadata service, so with one hop they cannot take the node's credentials.
    metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
    blockDeviceMappings: [
      {
        deviceName: "/dev/xvda",
        ebs: {
          volumeType: "gp3",
          volumeSize: Math.ceil(byteCount(args.disk) / 2 ** 30),
          encrypted: "true",
          kmsKeyId: context.keyArn,
          deleteOnTermination: "true",
        },
      },
    ],
    ...capacity(args),
    ...placement(args.fabric, context.securityGroupId),
    ...(args.localDisks ? { userData: Buffer.from(localDisksConfig).toString("base64") } : {}),
    tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({
      resourceType,
      tags: launched,
    })),
    tags: context.tags,
  };
}

/**
 * Names the reservation. The node group has only the kind of capacity (`capacityType`). Of a capacity block the
 * template names the machine, too (EKS user guide, "Create a managed node group with Capacity Blocks for ML").
 */
function capacity({ purchase, machine }: NodeTemplateArgs): Partial<LaunchTemplateArgs> {
  if (purchase.kind !== "reserved" && purchase.kind !== "block") return {};
  return {
    capacityReservationSpecification: {
      capacityReservationTarget: { capacityReservationId: purchase.reservation },
    },
    ...(purchase.kind === "block"
      ? { instanceType: machine, instanceMarketOptions: { marketType: "capacity-block" } }
      : {}),
  };
}

/** EKS adds the cluster's security group only where the template names none, so network interfaces name it here. */
function placement(fabric: Fabric | undefined, clusterGroup: pulumi.Input<string>): Partial<LaunchTemplateArgs> {
  if (fabric === undefined) return {};
  const { placementGroup, securityGroup, interfaces } = fabric;
  const groups = securityGroup === undefined ? [clusterGroup] : [clusterGroup, securityGroup];
  return {
    ...(placementGroup === undefined ? {} : { placement: { groupName: placementGroup } }),
    ...(interfaces === 0 ? {} : { networkInterfaces: fabricInterfaces(interfaces, groups) }),
  };
}

/**
 * One adapter on each network card. Only the first carries IP, so the others take no addresses of the subnet (EC2 user
 * guide, "Maximize network bandwidth on instances with multiple network cards").
 */
function fabricInterfaces(count: number, securityGroups: pulumi.Input<string>[]): ec2.LaunchTemplateNetworkInterface[] {
  return Array.from({ length: count }, (_, card) => ({
    networkCardIndex: card,
    deviceIndex: card === 0 ? 0 : 1,
    interfaceType: card === 0 ? "efa" : "efa-only",
    securityGroups,
    deleteOnTermination: "true",
  }));
}

/**
 * User data that joins all NVMe disks into one, for container images and for what pods write. EKS merges it with its
 * own part (awslabs/amazon-eks-ami, `nodeadm`).
 */
const localDisksConfig = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="serin"

--serin
Content-Type: application/node.eks.aws

---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  instance:
    localStorage:
      strategy: RAID0
--serin--
`;

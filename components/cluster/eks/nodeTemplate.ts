import { LaunchTemplate, type LaunchTemplateArgs } from "@pulumi/aws/ec2/launchTemplate.js";
import type { ec2 } from "@pulumi/aws/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import { type Bytes, byteCount } from "../../core/quantity.ts";
import type { PurchaseOption } from "../gpuPool.ts";
import type { NodeContext } from "./nodes.ts";

export interface NodeTemplateArgs {
  /** What the instances are called. */
  readonly nodeName: string;
  /** Of the node's own disk. Container images are on the machine's NVMe instead where it has some. */
  readonly disk: Bytes;
  readonly purchase: PurchaseOption;
  /** The machine has NVMe instance storage. */
  readonly localDisks: boolean;
  /** The machine's fabric, when nodes are placed close together. */
  readonly fabric?: Fabric;
}

/** What nodes that talk to each other need. */
export interface Fabric {
  /** Where the nodes are close to each other. Absent: the reservation decides. */
  readonly placementGroup?: pulumi.Input<string>;
  /** Elastic Fabric Adapters of the machine; 0 when it has none. */
  readonly interfaces: number;
  /** Lets the adapters of the pool reach each other. */
  readonly securityGroup?: pulumi.Input<string>;
}

/** How a pool's nodes start. A change of it replaces them one by one. */
export function nodeTemplate(
  name: string,
  context: NodeContext,
  args: NodeTemplateArgs,
  opts: pulumi.CustomResourceOptions,
): LaunchTemplate {
  return new LaunchTemplate(name, nodeTemplateArgs(context, args), opts);
}

/** The cluster's labels are not among the tags of what is launched: a new label would start every node anew. */
function nodeTemplateArgs(context: NodeContext, args: NodeTemplateArgs): LaunchTemplateArgs {
  const launched = { Name: args.nodeName, "serin.dev/cluster": context.name };
  return {
    updateDefaultVersion: true,
    // A pod is one hop further away than its node, so it cannot take the node's credentials.
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
    ...capacity(args.purchase),
    ...placement(args.fabric, context.securityGroupId),
    ...(args.localDisks ? { userData: Buffer.from(localDisksConfig).toString("base64") } : {}),
    tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({
      resourceType,
      tags: launched,
    })),
    tags: context.tags,
  };
}

/** Reserved capacity is named here; what the node group itself says is only the kind of it. */
function capacity(purchase: PurchaseOption): Partial<LaunchTemplateArgs> {
  if (purchase.kind !== "reserved" && purchase.kind !== "block") return {};
  return {
    capacityReservationSpecification: {
      capacityReservationTarget: { capacityReservationId: purchase.reservation },
    },
    ...(purchase.kind === "block" ? { instanceMarketOptions: { marketType: "capacity-block" } } : {}),
  };
}

/** EKS adds its own security group only where the template says nothing of the network. */
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
 * One adapter on each network card. The first also carries IP; the others do not, so they take no addresses of the
 * subnet (EC2 user guide, "Maximize network bandwidth on instances with multiple network cards").
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
 * All NVMe disks as one, for images and for what pods write; EKS merges it with its own part (awslabs/amazon-eks-ami,
 * `nodeadm`).
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

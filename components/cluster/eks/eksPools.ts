import { Tag } from "@pulumi/aws/autoscaling/tag.js";
import { PlacementGroup } from "@pulumi/aws/ec2/placementGroup.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import type { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { deviceLabels } from "../deviceLabels.ts";
import {
  defaultDisk,
  defaultPurchase,
  defaultSharing,
  type GpuPool,
  type GpuPoolArgs,
  gpuClass,
  gpuClassLabel,
  gpuTaint,
  publishedPool,
} from "../gpuPool.ts";
import type { GpuModel } from "../machines/gpus.ts";
import { poolDriver } from "../poolDriver.ts";
import { type AwsMachine, awsMachines } from "./awsMachines.ts";
import { awsRules } from "./awsRules.ts";
import type { EksDeclaration } from "./eksArgs.ts";
import { type NodeContext, nodes } from "./nodes.ts";
import { type Fabric, nodeTemplate } from "./nodeTemplate.ts";

/** A GPU pool of EKS: a machine of EC2, bought on demand, as spot, from a reservation or in a capacity block. */
export type EksGpuPoolArgs = GpuPoolArgs<keyof typeof awsMachines, "onDemand" | "spot" | "reserved" | "block">;

/** What the nodes of a GPU pool are made with. */
export interface GpuNodesArgs {
  /** The pool's key in the declaration, at most 20 characters. It begins the node group's name. */
  readonly key: string;
  /** The pool as declared. */
  readonly pool: EksGpuPoolArgs;
  /** The cluster's zones, for a pool that names none. */
  readonly zones: readonly string[];
  /**
   * What pods of one node can ask for in `nvidia.com/gpu`, all together: GPUs, or shares of GPUs. The autoscaler reads
   * it from a tag while the pool has no node.
   */
  readonly gpusPerNode: number;
  /** What the pool shares with the cluster's other nodes. */
  readonly context: NodeContext;
}

/**
 * Label, with the value `true`, of nodes that are launched with Elastic Fabric Adapters. The EFA device plugin runs on
 * these only. The machine does not tell: only a `compact` pool launches it with its adapters.
 */
export const efaLabel = "serin.dev/efa";

/** The number of Elastic Fabric Adapters on each node of a pool: 0 unless the pool is `compact`. */
export function efaInterfaces({ placement = "spread", machine: name }: EksGpuPoolArgs): number {
  const machine: AwsMachine = awsMachines[name];
  return placement === "compact" ? (machine.efaInterfaces ?? 0) : 0;
}

/**
 * The nodes of a GPU pool: a node group with EKS' NVIDIA image of Amazon Linux 2023, which has the driver and the
 * container toolkit. The platform installs the device plugin.
 */
export class GpuNodes extends Component {
  constructor(name: string, args: GpuNodesArgs, opts: pulumi.ComponentResourceOptions) {
    const { key, pool, zones, context } = args;
    super("cluster:GpuNodes", name, { machine: pool.machine, purchase: pool.purchase, sharing: pool.sharing }, opts);
    const machine: AwsMachine = awsMachines[pool.machine];
    const { purchase = defaultPurchase, placement = "spread" } = pool;
    const efa = efaInterfaces(pool);

    const fabric = placement === "compact" ? this.#fabric(efa, purchase.kind, context) : undefined;
    const template = nodeTemplate(
      this.childName("template"),
      context,
      {
        nodeName: name,
        disk: pool.disk ?? defaultDisk,
        purchase,
        machine: pool.machine,
        localDisks: machine.localSsdGb !== undefined,
        ...(fabric === undefined ? {} : { fabric }),
      },
      { parent: this },
    );
    const labels = selectableLabels(machine.gpu, pool);
    const { sharing = defaultSharing } = pool;
    const group = nodes(
      this.childName("nodes"),
      context,
      {
        key,
        amiType: "AL2023_x86_64_NVIDIA",
        capacityType: capacityTypes[purchase.kind],
        machine: pool.machine,
        zones: pool.zones ?? zones,
        min: pool.min,
        max: pool.max,
        template,
        immutable: { purchase, placement },
        labels: {
          ...deviceLabels(awsRules, { sharing, driver: poolDriver(awsRules, pool, machine) }),
          ...(efa === 0 ? {} : { [efaLabel]: "true" }),
          ...labels,
        },
        taints: [{ key: gpuTaint.key, value: gpuTaint.value, effect: "NO_SCHEDULE" }],
        // A full reservation has no machine for a new node, so MINIMAL ends an old node first.
        updateConfig: { maxUnavailable: 1, updateStrategy: isReserved(purchase.kind) ? "MINIMAL" : "DEFAULT" },
      },
      { parent: this },
    );
    this.#scalingTags(group, autoscalerTags(labels, args.gpusPerNode, efa));

    this.registerOutputs({ nodeGroup: group.nodeGroupName });
  }

  /**
   * Makes a placement group, which keeps the nodes close to each other and, where the machine has adapters, a security
   * group whose only rules let its members reach each other. Reserved capacity gets no placement group: it has its
   * place already, and EC2 gives it only to instances that name the placement group it was reserved in, if any (EC2
   * user guide, "Use Capacity Reservations with cluster placement groups").
   */
  #fabric(interfaces: number, purchase: PurchaseKind, { network, tags }: NodeContext): Fabric {
    const placementGroup = isReserved(purchase)
      ? {}
      : {
          placementGroup: new PlacementGroup(
            this.childName("placement"),
            { strategy: "cluster", tags },
            { parent: this },
          ).name,
        };
    if (interfaces === 0) return { ...placementGroup, interfaces };
    const members = new SecurityGroup(
      this.childName("fabric"),
      { vpcId: network.vpcId, description: "Elastic Fabric Adapters of one pool", tags },
      { parent: this },
    );
    const toItself = {
      securityGroupId: members.id,
      referencedSecurityGroupId: members.id,
      ipProtocol: "-1",
      tags,
    };
    new SecurityGroupIngressRule(this.childName("fabric-in"), toItself, { parent: this });
    new SecurityGroupEgressRule(this.childName("fabric-out"), toItself, { parent: this });
    return { ...placementGroup, interfaces, securityGroup: members.id };
  }

  /** Tags the Auto Scaling group, because EKS does not copy the tags of a node group to it. */
  #scalingTags(group: NodeGroup, tags: Readonly<Record<string, string>>): void {
    const autoscalingGroupName = group.resources.apply((resources) => resources[0]?.autoscalingGroups[0]?.name ?? "");
    for (const [key, value] of Object.entries(tags)) {
      new Tag(
        this.childName(`tag-${key}`),
        { autoscalingGroupName, tag: { key, value, propagateAtLaunch: false } },
        { parent: this },
      );
    }
  }
}

const capacityTypes = {
  onDemand: "ON_DEMAND",
  // EC2 bills a reservation as on demand.
  reserved: "ON_DEMAND",
  spot: "SPOT",
  block: "CAPACITY_BLOCK",
} as const;

type PurchaseKind = keyof typeof capacityTypes;

function isReserved(kind: PurchaseKind): boolean {
  return kind === "reserved" || kind === "block";
}

/** Labels that pods select nodes by. The autoscaler must know them before there is a node. */
function selectableLabels(gpu: GpuModel, { sharing = defaultSharing, labels }: EksGpuPoolArgs): Record<string, string> {
  return { ...labels, [gpuClassLabel]: gpuClass(gpu, sharing), "k8s.amazonaws.com/accelerator": accelerator(gpu) };
}

/**
 * The value of `k8s.amazonaws.com/accelerator`. A new node has no GPUs until the device plugin runs; by this label the
 * autoscaler knows that they will come, and waits instead of adding another node (kubernetes/autoscaler
 * `cloudprovider/aws/aws_cloud_provider.go`, `GPULabel`, and there the names of the older models).
 */
function accelerator(gpu: GpuModel): string {
  const model = gpu.replace(/-\d+GB$/, "").toLowerCase();
  return ["t4", "v100", "a100"].includes(model) ? `nvidia-tesla-${model}` : `nvidia-${model}`;
}

/**
 * Tags of the Auto Scaling group from which the autoscaler knows labels, taint and resources of a node while the pool
 * has none (kubernetes/autoscaler `cloudprovider/aws/README.md`).
 */
function autoscalerTags(
  labels: Readonly<Record<string, string>>,
  gpusPerNode: number,
  efaPerNode: number,
): Record<string, string> {
  const node = "k8s.io/cluster-autoscaler/node-template";
  return {
    ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${node}/label/${key}`, value])),
    [`${node}/taint/${gpuTaint.key}`]: `${gpuTaint.value}:${gpuTaint.effect}`,
    [`${node}/resources/nvidia.com/gpu`]: String(gpusPerNode),
    ...(efaPerNode === 0 ? {} : { [`${node}/resources/vpc.amazonaws.com/efa`]: String(efaPerNode) }),
  };
}

/** The pools as the cluster publishes them, from the declaration alone. */
export function eksGpuPools({ gpuPools = {} }: Pick<EksDeclaration, "gpuPools">): Readonly<Record<string, GpuPool>> {
  return Object.fromEntries(
    Object.entries(gpuPools).map(([key, pool]) => {
      const machine = awsMachines[pool.machine];
      return [key, publishedPool(machine, machine.gpus, pool, poolDriver(awsRules, pool, machine))];
    }),
  );
}

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

/** A GPU pool on EKS. */
export type EksGpuPoolArgs = GpuPoolArgs<keyof typeof awsMachines, "onDemand" | "spot" | "reserved" | "block">;

export interface GpuNodesArgs {
  readonly key: string;
  readonly pool: EksGpuPoolArgs;
  /** Of the cluster. */
  readonly zones: readonly string[];
  /** What pods of a node can ask for in `nvidia.com/gpu`. */
  readonly gpusPerNode: number;
  readonly context: NodeContext;
}

/** On nodes with Elastic Fabric Adapters: a machine that could have them may be launched without. */
export const efaLabel = "serin.dev/efa";

/** Elastic Fabric Adapters of each node of a pool. */
export function efaInterfaces({ placement = "spread", machine: name }: EksGpuPoolArgs): number {
  const machine: AwsMachine = awsMachines[name];
  return placement === "compact" ? (machine.efaInterfaces ?? 0) : 0;
}

/**
 * Nodes with NVIDIA GPUs from Amazon Linux 2023 with driver and container toolkit; the device plugin comes with the
 * platform.
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
        // Reserved machines are all there are: the old node must go before the new one can come.
        updateConfig: { maxUnavailable: 1, updateStrategy: isReserved(purchase.kind) ? "MINIMAL" : "DEFAULT" },
      },
      { parent: this },
    );
    this.#scalingTags(group, autoscalerTags(labels, args.gpusPerNode, efa));

    this.registerOutputs({ nodeGroup: group.nodeGroupName });
  }

  /**
   * Nodes close to each other and, where the machine has adapters, a way between them that everything else is kept out
   * of. What is reserved is somewhere already, and EC2 gives it only to instances that name the placement group it was
   * reserved in, if any (EC2 user guide, "Use Capacity Reservations with cluster placement groups").
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

  /** On the scaling group, since EKS does not hand on the tags of a node group. */
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
  // A reservation is paid for as on demand.
  reserved: "ON_DEMAND",
  spot: "SPOT",
  block: "CAPACITY_BLOCK",
} as const;

type PurchaseKind = keyof typeof capacityTypes;

function isReserved(kind: PurchaseKind): boolean {
  return kind === "reserved" || kind === "block";
}

/** What pods select nodes by; the autoscaler must know it before there is a node. */
function selectableLabels(gpu: GpuModel, { sharing = defaultSharing, labels }: EksGpuPoolArgs): Record<string, string> {
  return { ...labels, [gpuClassLabel]: gpuClass(gpu, sharing), "k8s.amazonaws.com/accelerator": accelerator(gpu) };
}

/**
 * A node with this label has a GPU that is still to come, so the autoscaler waits for it instead of buying another node
 * (kubernetes/autoscaler `cloudprovider/aws/aws_cloud_provider.go`, `GPULabel`, and there the names of the older
 * models).
 */
function accelerator(gpu: GpuModel): string {
  const model = gpu.replace(/-\d+GB$/, "").toLowerCase();
  return ["t4", "v100", "a100"].includes(model) ? `nvidia-tesla-${model}` : `nvidia-${model}`;
}

/**
 * What the autoscaler knows of the first node of a pool before there is one (kubernetes/autoscaler
 * `cloudprovider/aws/README.md`).
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

/** The pools as the cluster publishes them; known before anything is made. */
export function eksGpuPools({ gpuPools = {} }: Pick<EksDeclaration, "gpuPools">): Readonly<Record<string, GpuPool>> {
  return Object.fromEntries(
    Object.entries(gpuPools).map(([key, pool]) => {
      const machine = awsMachines[pool.machine];
      return [key, publishedPool(machine, machine.gpus, pool, poolDriver(awsRules, pool, machine))];
    }),
  );
}

import type { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { defaultPurchase } from "../gpuPool.ts";
import { type NodeContext, nodes } from "./nodes.ts";
import { nodeTemplate } from "./nodeTemplate.ts";

/** 4 vCPU and 16 GiB: three of them carry DNS, mesh, metrics and controllers. */
export const defaultSystemMachine = "m6i.xlarge";

/** Nodes for all that needs no GPU: DNS, the mesh, metrics, controllers. One in each zone, and up to three. */
export function systemNodes(
  name: string,
  context: NodeContext,
  args: { readonly machine: string; readonly zones: readonly string[] },
  opts: pulumi.CustomResourceOptions,
): NodeGroup {
  const template = nodeTemplate(
    `${name}-template`,
    context,
    { nodeName: name, disk: "100GiB", purchase: defaultPurchase, localDisks: false },
    opts,
  );
  return nodes(
    name,
    context,
    {
      key: "system",
      amiType: "AL2023_x86_64_STANDARD",
      capacityType: "ON_DEMAND",
      machine: args.machine,
      zones: args.zones,
      min: args.zones.length,
      max: 3 * args.zones.length,
      template,
      updateConfig: { maxUnavailable: 1 },
    },
    opts,
  );
}

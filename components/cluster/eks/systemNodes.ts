import type { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import type { SystemNodes } from "../cloudAdapter.ts";
import { defaultPurchase } from "../gpuPool.ts";
import type { EksClusterArgs } from "./eksArgs.ts";
import { type NodeContext, nodes } from "./nodes.ts";
import { nodeTemplate } from "./nodeTemplate.ts";

/** Three of them carry DNS, mesh, metrics and controllers. */
export const defaultSystemMachine = "m6i.xlarge";

/** The room on system nodes. The sizes of machines without GPUs are not listed here, but for the default. */
export function eksSystemNodes({
  systemMachine = defaultSystemMachine,
  zones,
}: Pick<EksClusterArgs, "systemMachine" | "zones">): SystemNodes | undefined {
  return systemMachine === defaultSystemMachine ? { vcpu: 4, memoryGiB: 16, max: most(zones) } : undefined;
}

function most(zones: readonly string[]): number {
  return 3 * zones.length;
}

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
      max: most(args.zones),
      template,
      updateConfig: { maxUnavailable: 1 },
    },
    opts,
  );
}

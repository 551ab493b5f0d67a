import type { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import type { SystemNodes } from "../cloudAdapter.ts";
import type { QuotaShare } from "../cloudRules.ts";
import { defaultPurchase } from "../gpuPool.ts";
import { surgeNodes } from "./awsRules.ts";
import type { EksClusterArgs } from "./eksArgs.ts";
import { type NodeContext, nodes } from "./nodes.ts";
import { nodeTemplate } from "./nodeTemplate.ts";

/** Disk of a system node, GiB. */
export const systemDiskGiB = 100;

/** 4 vCPU and 16 GiB: three of them carry DNS, mesh, metrics and controllers. */
export const defaultSystemMachine = "m6i.xlarge";

/**
 * Size and number of the system nodes. Undefined where the machine is not the default: sizes of other machines without
 * GPUs are not listed here.
 */
export function eksSystemNodes({
  systemMachine = defaultSystemMachine,
  zones,
}: Pick<EksClusterArgs, "systemMachine" | "zones">): SystemNodes | undefined {
  return systemMachine === defaultSystemMachine ? { vcpu: 4, memoryGiB: 16, max: most(zones) } : undefined;
}

function most(zones: readonly string[]): number {
  return 3 * zones.length;
}

/** The fewest and the most system nodes: one for each zone, and three for each zone. */
export function systemNodeCounts(zones: readonly string[]): { readonly least: number; readonly most: number } {
  return { least: zones.length, most: most(zones) };
}

/**
 * What a cluster uses up besides its GPU pools: an Elastic IP for each NAT gateway, and the system nodes at their most,
 * with those that an update adds. Of a system machine that is not listed here, the addresses alone.
 */
export function eksBaseQuota(args: Pick<EksClusterArgs, "region" | "systemMachine" | "zones">): QuotaShare[] {
  const { region, zones } = args;
  const nodes = eksSystemNodes(args);
  return [
    { region, quota: "EC2-VPC Elastic IPs (L-0263D0A3)", needed: zones.length, unit: "addresses" },
    ...(nodes === undefined
      ? []
      : [
          {
            region,
            quota: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (L-1216C47A)",
            needed: (nodes.max + surgeNodes(zones.length, false)) * nodes.vcpu,
            unit: "vCPU",
          } as const,
        ]),
  ];
}

/**
 * Makes the nodes for what needs no GPU: DNS, mesh, metrics, controllers. There is one for each zone at least, and
 * three for each zone at most.
 */
export function systemNodes(
  name: string,
  context: NodeContext,
  args: { readonly machine: string; readonly zones: readonly string[] },
  opts: pulumi.CustomResourceOptions,
): NodeGroup {
  const template = nodeTemplate(
    `${name}-template`,
    context,
    {
      nodeName: name,
      disk: `${systemDiskGiB}GiB`,
      purchase: defaultPurchase,
      machine: args.machine,
      localDisks: false,
    },
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
      min: systemNodeCounts(args.zones).least,
      max: systemNodeCounts(args.zones).most,
      template,
      updateConfig: { maxUnavailable: 1 },
    },
    opts,
  );
}

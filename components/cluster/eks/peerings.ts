import { Route } from "@pulumi/aws/ec2/route.js";
import { VpcPeeringConnection } from "@pulumi/aws/ec2/vpcPeeringConnection.js";
import { VpcAttachment } from "@pulumi/aws/ec2transitgateway/vpcAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { dnsLabelProblems } from "../../core/names.ts";
import { type Problem, under } from "../../core/problem.ts";
import { isCidr, overlaps } from "../network.ts";
import { blockProblems } from "./endpoint.ts";

/**
 * A network that a cluster's VPC is connected to. `cidrs` are the blocks beyond the connection: each becomes a route of
 * every private subnet, changed in place. Another network replaces the connection. The other side routes the cluster's
 * `cidr` back; `endpoint.cidrs` lets its addresses reach the API server.
 */
export type Peering =
  /**
   * A transit gateway of the region, `tgw-…`, which the account may attach to. The VPC is attached in its private
   * subnets. Where the gateway does not accept by itself, its owner accepts the attachment; until then `up` fails at
   * the routes, and goes on when it is run again.
   */
  | { readonly transitGateway: string; readonly cidrs: readonly string[] }
  /**
   * A VPC, `vpc-…`. One of the same account and region is connected at once; of another `account` (12 digits) or
   * `region`, its owner accepts the connection. AWS passes nothing on from one peering to the next.
   */
  | {
      readonly vpc: string;
      /** The account of the VPC. @default the cluster's own */
      readonly account?: string;
      /** The region of the VPC. @default the cluster's own */
      readonly region?: string;
      readonly cidrs: readonly string[];
    };

/** Where the connections of a cluster begin. */
export interface PeeringContext {
  /** Id of the cluster's VPC. */
  readonly vpcId: pulumi.Input<string>;
  /** Ids of its private subnets, by zone. */
  readonly subnets: Readonly<Record<string, pulumi.Input<string>>>;
  /** Ids of the subnets' route tables, by zone. */
  readonly routeTables: Readonly<Record<string, pulumi.Input<string>>>;
  /** AWS tags of the connections. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Connects a VPC with another network, and routes the network's blocks from every private subnet. */
export function peer(
  name: string,
  peering: Peering,
  { vpcId, subnets, routeTables, tags }: PeeringContext,
  opts: pulumi.CustomResourceOptions,
): void {
  const named = { ...tags, Name: name };
  const way =
    "transitGateway" in peering
      ? attached(
          new VpcAttachment(
            name,
            { transitGatewayId: peering.transitGateway, vpcId, subnetIds: Object.values(subnets), tags: named },
            opts,
          ),
        )
      : {
          vpcPeeringConnectionId: new VpcPeeringConnection(
            name,
            {
              vpcId,
              peerVpcId: peering.vpc,
              ...(peering.account === undefined ? {} : { peerOwnerId: peering.account }),
              ...(peering.region === undefined ? {} : { peerRegion: peering.region }),
              // AWS lets a requester accept only where both sides are its own.
              autoAccept: peering.account === undefined && peering.region === undefined,
              tags: named,
            },
            opts,
          ).id,
        };
  for (const [zone, routeTableId] of Object.entries(routeTables)) {
    for (const cidr of peering.cidrs) {
      new Route(`${name}-${zone}-${cidr}`, { routeTableId, destinationCidrBlock: cidr, ...way }, opts);
    }
  }
}

/** A route to a transit gateway is refused before the VPC is attached, so it takes the gateway from the attachment. */
function attached({ transitGatewayId }: VpcAttachment): { readonly transitGatewayId: pulumi.Output<string> } {
  return { transitGatewayId };
}

const forms = {
  transitGateway: /^tgw-[0-9a-f]{8,17}$/,
  vpc: /^vpc-[0-9a-f]{8,17}$/,
  account: /^\d{12}$/,
  region: /^[a-z]{2}(-[a-z]+)+-\d$/,
} as const;
const formExamples = {
  transitGateway: "tgw-0123456789abcdef0",
  vpc: "vpc-0123456789abcdef0",
  account: "123456789012",
  region: "us-east-1",
} as const;

/** The name of a connection is part of the names of its routes. */
const mostName = 20;

/** Problems of the connections of a cluster with this block, by the path below `peerings`. */
export function peeringProblems(cidr: string, peerings: Readonly<Record<string, Peering>>): Problem[] {
  const routed = new Set<string>();
  return Object.entries(peerings).flatMap(([name, peering]) => {
    const path = `["${name}"]`;
    const blocks = peering.cidrs.flatMap((block, index): Problem[] => {
      const at = `cidrs[${index}]`;
      if (!isCidr(block)) return [];
      if (isCidr(cidr) && overlaps(block, cidr)) {
        return [
          {
            path: at,
            reason: `"${block}" overlaps the cluster's own ${cidr}, so a route could lead to either.`,
            fix: "Name the blocks of the other network, or give the cluster another block before it is made.",
          },
        ];
      }
      if (peering.cidrs.indexOf(block) === index && routed.has(block)) {
        return [{ path: at, reason: `"${block}" is routed to another network already.`, fix: "Name it once." }];
      }
      routed.add(block);
      return [];
    });
    return [
      ...dnsLabelProblems(path, name, mostName),
      ...under(path, [
        ...Object.entries(forms).flatMap(([key, form]) => {
          const value = (peering as Readonly<Record<string, unknown>>)[key];
          const example = formExamples[key as keyof typeof forms];
          return value === undefined || (typeof value === "string" && form.test(value))
            ? []
            : [
                {
                  path: key,
                  reason: `"${value}" is not written as AWS writes it.`,
                  fix: `Write, for example, "${example}".`,
                },
              ];
        }),
        ...(peering.cidrs.length === 0
          ? [{ path: "cidrs", reason: "there is none, so nothing is routed.", fix: "Name the network's blocks." }]
          : blockProblems(peering.cidrs)),
        ...blocks,
      ]),
    ];
  });
}

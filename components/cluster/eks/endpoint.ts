import type { Problem } from "../../core/problem.ts";
import { aligned, isCidr, overlaps, unroutedBlocks } from "../network.ts";

/** Which addresses reach the API server. Changing it replaces nothing. */
export type Endpoint =
  /**
   * Those of the cluster's nodes and pods, and the blocks `cidrs` of networks that are connected to the VPC (peering,
   * VPN): rules of the cluster's security group. By default no block.
   */
  | { readonly kind: "private"; readonly cidrs?: readonly string[] }
  /** Also the blocks `cidrs` of the internet (`publicAccessCidrs`): at least one, and none that ends in `/0`. */
  | { readonly kind: "public"; readonly cidrs: readonly string[] };

/** Private, because an API server that the internet cannot reach cannot be attacked from there. */
export const defaultEndpoint: Endpoint = { kind: "private" };

/**
 * Problems of an endpoint's blocks: a public endpoint without any, what is no aligned block of IPv4 addresses, the
 * whole internet, and repeats. Paths are relative to the endpoint.
 */
export function endpointProblems(endpoint: Endpoint): Problem[] {
  const { kind, cidrs = [] } = endpoint;
  if (kind === "public" && cidrs.length === 0) {
    return [
      {
        path: "cidrs",
        reason: "there is none, which EKS takes for the whole internet.",
        fix: 'Name the addresses that may reach the API server, or write { kind: "private" }.',
      },
    ];
  }
  const problems = blockProblems(cidrs);
  return problems.length === 0 && kind === "public" ? reservedProblems(cidrs) : problems;
}

/** What is no aligned block of IPv4 addresses, the whole internet, and repeats, as `cidrs[<index>]`. */
export function blockProblems(cidrs: readonly string[]): Problem[] {
  return cidrs.flatMap((cidr, index) => {
    const path = `cidrs[${index}]`;
    if (!isBlock(cidr)) {
      return [
        {
          path,
          reason: `"${cidr}" is not a block of IPv4 addresses.`,
          fix: 'Write, for example, "198.51.100.0/24".',
        },
      ];
    }
    if (cidr.endsWith("/0")) {
      return [{ path, reason: `"${cidr}" is the whole internet.`, fix: "Name the addresses that need it." }];
    }
    return cidrs.indexOf(cidr) < index ? [{ path, reason: `"${cidr}" is there twice.`, fix: "Name it once." }] : [];
  });
}

/**
 * Reserved addresses, which `publicAccessCidrs` refuses (Amazon EKS user guide, "Cluster API server endpoint"), are
 * those that the internet does not route.
 */
function reservedProblems(cidrs: readonly string[]): Problem[] {
  return cidrs.flatMap((cidr, index) =>
    unroutedBlocks.some((block) => overlaps(block, cidr))
      ? [
          {
            path: `cidrs[${index}]`,
            reason: `"${cidr}" has addresses that the internet does not route, and EKS takes none of those.`,
            fix: "Write the addresses that clients have on the internet.",
          },
        ]
      : [],
  );
}

function isBlock(cidr: string): boolean {
  return isCidr(cidr) && aligned(cidr) === cidr;
}

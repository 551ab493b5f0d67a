import { Address4 } from "ip-address";
import type { Problem } from "../../core/problem.ts";

/** What never reaches Azure from outside. */
const privateBlocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"];

/** Problems of public addresses that are let in: `203.0.113.7`, or `203.0.113.0/24` of `longest` bits at most. */
export function addressProblems(path: string, addresses: readonly string[], longest: number): Problem[] {
  return addresses.flatMap((address, index) => {
    const reason = refusal(address, longest);
    return reason === undefined
      ? []
      : [
          {
            path: `${path}[${index}]`,
            reason: `"${address}" ${reason}.`,
            fix: 'Write, for example, "203.0.113.0/24".',
          },
        ];
  });
}

function refusal(address: string, longest: number): string | undefined {
  if (!Address4.isValid(address)) return "is not an IPv4 address or a block of them";
  const block = new Address4(address);
  if (block.startAddress().correctForm() !== block.correctForm()) return "does not begin where a block of its size can";
  if (block.subnetMask < 8) return "is a large part of the internet";
  if (privateBlocks.some((other) => block.isInSubnet(new Address4(other))))
    return "is private, but is seen from outside";
  if (address.includes("/") && block.subnetMask > longest)
    return `is smaller than /${longest}, the smallest block that is taken`;
  return undefined;
}

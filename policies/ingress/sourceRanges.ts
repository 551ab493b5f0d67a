import { isIP, isIPv6 } from "node:net";

/** Blocks of addresses, each as its first address and the one after its last. */
type Block = readonly [from: bigint, to: bigint];

/** More IPv4 addresses than these, a sixteenth of all, are no clients that anybody has named. */
const mostIpv4 = 1n << 28n;
/** More public IPv6 addresses than these, a block that registries of whole continents get (`/12`), are none either. */
const mostIpv6 = 1n << 116n;
/** Where all public IPv6 addresses are: `2000::/3` (RFC 4291). */
const publicIpv6: Block = [1n << 125n, 1n << 126n];
/** IPv4 addresses, written as IPv6: `::ffff:0:0/96`. */
const mapped: Block = [0xffffn << 32n, 0x10000n << 32n];

/**
 * Why source ranges let in whoever wants, together: two halves of all addresses are everyone, too. Undefined: they name
 * somebody. A text that is no block in CIDR is a reason, because what a controller makes of it is unknown.
 */
export function opennessOf(ranges: readonly string[]): string | undefined {
  const ipv4: Block[] = [];
  const ipv6: Block[] = [];
  for (const range of ranges) {
    const parsed = parse(range);
    if (parsed === undefined) return `"${range}" is no block of addresses.`;
    const { block, bits } = parsed;
    if (bits === 32) ipv4.push(block);
    else {
      ipv6.push(overlap(block, publicIpv6));
      const [from, to] = overlap(block, mapped);
      ipv4.push([from - mapped[0], to - mapped[0]]);
    }
  }
  return size(ipv4) > mostIpv4 || size(ipv6) > mostIpv6
    ? `${ranges.join(", ")} lets in a large part of the internet.`
    : undefined;
}

/**
 * A block as Kubernetes reads it: spaces around it, zeros before a number and bits behind the prefix are allowed, so
 * `203.0.113.7/0` is everyone.
 */
function parse(range: string): { readonly block: Block; readonly bits: 32 | 128 } | undefined {
  const [, text = "", length = ""] = /^([^/]+)\/(\d{1,3})$/.exec(range.trim()) ?? [];
  const address = isIPv6(text) ? text : text.replace(/\b0+(?=\d)/g, "");
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : undefined;
  if (bits === undefined || Number(length) > bits) return undefined;
  const free = BigInt(bits - Number(length));
  const from = ((bits === 32 ? ipv4Number(address) : ipv6Number(address)) >> free) << free;
  return { block: [from, from + (1n << free)], bits };
}

function ipv4Number(address: string): bigint {
  return address.split(".").reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
}

function ipv6Number(address: string): bigint {
  const [, before = address, last] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  const tail = last === undefined ? "" : [ipv4Number(last) >> 16n, ipv4Number(last) & 0xffffn].map(hex).join(":");
  const [left = "", right] = `${before}${tail}`.split("::");
  const groups = (text: string) => text.split(":").filter((group) => group !== "");
  const missing = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...new Array<string>(missing).fill("0"), ...groups(right ?? "")];
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

const hex = (number: bigint) => number.toString(16);

function overlap([from, to]: Block, [start, end]: Block): Block {
  const first = from > start ? from : start;
  const last = to < end ? to : end;
  return last > first ? [first, last] : [first, first];
}

/** How many addresses are in at least one of the blocks. */
function size(blocks: readonly Block[]): bigint {
  let [sum, end] = [0n, 0n];
  for (const [from, to] of blocks.toSorted((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0))) {
    const start = from > end ? from : end;
    if (to > start) sum += to - start;
    if (to > end) end = to;
  }
  return sum;
}

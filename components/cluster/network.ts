import { Address4 } from "ip-address";
import type { Problem } from "../core/problem.ts";

/** Addresses as numbers, both ends included. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts blocks out of a cluster's own block. A size is the number of bits a block is smaller by: 1 is half, 2 a quarter.
 * The largest come first, so each is aligned; blocks of one size keep the order they are written in.
 *
 * @throws RangeError when they do not fit together: a defect of the layout, not of the input.
 */
export function allocate<Name extends string>(
  cidr: string,
  sizes: Readonly<Record<Name, number>>,
): Readonly<Record<Name, string>> {
  const { start, end } = rangeOf(cidr);
  let next = start;
  const blocks = (Object.entries(sizes) as [Name, number][])
    .sort(([, a], [, b]) => a - b)
    .map(([name, bits]) => {
      const prefix = prefixOf(cidr) + bits;
      const block = cidrOf(next, prefix);
      next += sizeOf(prefix);
      if (prefix > 32 || next - 1 > end) throw new RangeError(`${cidr} has no room for ${name}.`);
      return [name, block] as const;
    });
  return Object.fromEntries(blocks) as Record<Name, string>;
}

/** Where clusters may lie, in the order blocks are proposed from: RFC 1918. */
const privateBlocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/**
 * Private, but taken on the nodes of one cloud or another; left out everywhere, so that an address plan is good on all
 * of them.
 */
const reservedBlocks = [
  { block: "172.17.0.0/16", owner: "the Docker bridge of nodes" },
  // MicrosoftDocs/azure-aks-docs `articles/aks/concepts-network-cni-overview.md`
  { block: "172.30.0.0/16", owner: "AKS" },
  { block: "172.31.0.0/16", owner: "AKS" },
];

/** /16 is the largest VPC of AWS; a /20 still has 4096 addresses for nodes, pods and services. */
const prefixes = { largest: 16, smallest: 20 };

/** Problems of a cluster's own block of addresses. */
export function cidrProblems(path: string, cidr: string): Problem[] {
  if (!isCidr(cidr)) {
    return [
      {
        path,
        reason: `"${cidr}" is not a block of IPv4 addresses.`,
        fix: 'Write, for example, "10.16.0.0/16".',
      },
    ];
  }
  const range = rangeOf(cidr);
  const prefix = prefixOf(cidr);
  const block = aligned(cidr);
  const reserved = reservedBlocks.find((other) => overlap(rangeOf(other.block), range));
  const problems: Problem[] = [];
  if (prefix < prefixes.largest || prefix > prefixes.smallest) {
    problems.push({
      path,
      reason: `"${cidr}" is not between /${prefixes.largest}, the largest network of AWS, and /${prefixes.smallest}, the least that nodes, pods and services fit in.`,
      fix: `Write, for example, "10.16.0.0/${prefixes.largest}".`,
    });
  }
  if (block !== cidr) {
    problems.push({
      path,
      reason: `"${cidr}" does not begin where a block of its size can.`,
      fix: `Write "${block}".`,
    });
  }
  if (!privateBlocks.some((block) => within(range, rangeOf(block)))) {
    problems.push({
      path,
      reason: `"${cidr}" is not private.`,
      fix: `Write a block of ${privateBlocks.join(", ")}.`,
    });
  } else if (reserved !== undefined) {
    problems.push({
      path,
      reason: `"${cidr}" overlaps ${reserved.block}, which ${reserved.owner} has for itself.`,
      fix: 'Write, for example, a block of "10.0.0.0/8".',
    });
  }
  return problems;
}

/**
 * Clusters whose blocks overlap: no traffic could be routed between them. What is ill-formed is left to `cidrProblems`.
 */
export function overlapProblems(blocks: Readonly<Record<string, readonly string[]>>): Problem[] {
  const all = Object.entries(blocks).flatMap(([cluster, cidrs]) =>
    cidrs.filter(isCidr).map((cidr) => ({ cluster, cidr, range: rangeOf(cidr) })),
  );
  const used = all.map(({ cidr }) => cidr);
  return all.flatMap(({ cluster, cidr, range }, index) => {
    const before = all.slice(0, index).find((other) => overlap(other.range, range));
    if (before === undefined) return [];
    const free = nextFreeCidr(used, prefixOf(cidr));
    if (free !== undefined) used.push(free);
    return [
      {
        path: `clusters["${cluster}"].cidr`,
        reason:
          before.cluster === cluster
            ? `${cidr} overlaps ${before.cidr} of the same cluster.`
            : `${cidr} overlaps ${before.cidr} of cluster "${before.cluster}".`,
        fix:
          free === undefined ? "Write smaller blocks: none of this size is free." : `Write "${free}", which is free.`,
      },
    ];
  });
}

/** Good on other clouds, but refused by AWS as the block of a cluster (`awsRuleBook.ts`), so it is not proposed. */
const notProposed = "10.0.0.0/16";

/** The first private block of a size that overlaps none of those in use. */
export function nextFreeCidr(used: readonly string[], prefix: number): string | undefined {
  const taken = [...used, notProposed, ...reservedBlocks.map(({ block }) => block)]
    .map(rangeOf)
    .sort((a, b) => a.start - b.start);
  const size = sizeOf(prefix);
  for (const { start, end } of privateBlocks.map(rangeOf)) {
    let next = start;
    for (const other of taken) {
      if (overlap(other, { start: next, end: next + size - 1 })) next = (Math.floor(other.end / size) + 1) * size;
    }
    if (next + size - 1 <= end) return cidrOf(next, prefix);
  }
  return undefined;
}

/** True for a block of IPv4 addresses, aligned or not. Numbers have no leading zero: Kubernetes refuses them. */
export function isCidr(value: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}\/(0|[1-9]\d?)$/.test(value) && Address4.isValid(value);
}

/** The block of the same size that an address of the given one is in: `10.0.0.0/16` for `10.0.5.0/16`. */
export function aligned(cidr: string): string {
  return cidrOf(rangeOf(cidr).start, prefixOf(cidr));
}

/** Blocks that the internet does not route: private ones, those shared by carriers, loopback and link-local. */
export const unroutedBlocks: readonly string[] = [...privateBlocks, "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"];

/** Whether every address of a block is one that the internet does not route. */
export function isUnrouted(cidr: string): boolean {
  return unroutedBlocks.some((block) => within(rangeOf(cidr), rangeOf(block)));
}

function rangeOf(cidr: string): Range {
  const block = new Address4(cidr);
  return { start: Number(block.startAddress().bigInt()), end: Number(block.endAddress().bigInt()) };
}

function prefixOf(cidr: string): number {
  return new Address4(cidr).subnetMask;
}

function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}

function cidrOf(start: number, prefix: number): string {
  return `${Address4.fromBigInt(BigInt(start)).correctForm()}/${prefix}`;
}

function overlap(a: Range, b: Range): boolean {
  return a.start <= b.end && b.start <= a.end;
}

/** Whether two blocks of addresses have an address in common. */
export function overlaps(a: string, b: string): boolean {
  return overlap(rangeOf(a), rangeOf(b));
}

function within(inner: Range, outer: Range): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

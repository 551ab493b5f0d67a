import { Address4 } from "ip-address";

/**
 * Cuts blocks out of a cluster's own block. A size is the number of bits a block is smaller by: 1 is half, 2 a quarter. The largest
 * come first, so each is aligned; blocks of one size keep the order they are written in.
 *
 * @throws RangeError when they do not fit together: a defect of the layout, not of the input.
 */
export function allocate<Name extends string>(
  cidr: string,
  sizes: Readonly<Record<Name, number>>,
): Readonly<Record<Name, string>> {
  const block = new Address4(cidr);
  const end = block.endAddress().bigInt();
  let next = block.startAddress().bigInt();
  const blocks = (Object.entries(sizes) as [Name, number][])
    .sort(([, a], [, b]) => a - b)
    .map(([name, bits]) => {
      const prefix = block.subnetMask + bits;
      const start = next;
      next += 2n ** BigInt(32 - prefix);
      if (prefix > 32 || next - 1n > end) throw new RangeError(`${cidr} has no room for ${name}.`);
      return [name, `${Address4.fromBigInt(start).correctForm()}/${prefix}`] as const;
    });
  return Object.fromEntries(blocks) as Record<Name, string>;
}

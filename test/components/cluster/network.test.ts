import fc from "fast-check";
import { Address4 } from "ip-address";
import { describe, expect, it } from "vitest";
import { allocate, cidrProblems, nextFreeCidr, overlapProblems } from "../../../components/cluster/network.ts";

/** By the library, not by the code under test. */
const inside = (inner: string, outer: string) => new Address4(inner).isInSubnet(new Address4(outer));
const overlap = (a: string, b: string) => inside(a, b) || inside(b, a);

/** Any block that a cluster may have, or may not because it is reserved or not private. */
const anyBlock = fc
  .tuple(fc.constantFrom(10, 172, 192, 11), fc.nat(255), fc.nat(255), fc.integer({ min: 16, max: 20 }))
  .map(([a, b, c, prefix]) => {
    const address = new Address4(`${a}.${b}.${c}.0/${prefix}`);
    return `${address.startAddress().correctForm()}/${prefix}`;
  });
const goodBlock = anyBlock.filter((cidr) => cidrProblems("cidr", cidr).length === 0);

describe("a cluster's block", () => {
  const said = (cidr: string) => cidrProblems("cidr", cidr).map(({ reason, fix }) => `${reason} ${fix}`);

  it.each(["10.0.0.0/16", "10.255.240.0/20", "172.16.0.0/16", "172.29.0.0/17", "192.168.0.0/16", "192.168.128.0/18"])(
    "may be %s",
    (cidr) => expect(said(cidr)).toEqual([]),
  );

  it.each<[cidr: string, ...problems: string[]]>([
    ["10.0.0.0", '"10.0.0.0" is not a block of IPv4 addresses. Write, for example, "10.16.0.0/16".'],
    ["10.0.0/16", '"10.0.0/16" is not a block of IPv4 addresses. Write, for example, "10.16.0.0/16".'],
    ["10.0.0.0/33", '"10.0.0.0/33" is not a block of IPv4 addresses. Write, for example, "10.16.0.0/16".'],
    ["fd00::/48", '"fd00::/48" is not a block of IPv4 addresses. Write, for example, "10.16.0.0/16".'],
    [
      "10.0.0.0/15",
      '"10.0.0.0/15" is not between /16, the largest network of AWS, and /20, the least that nodes, pods and services fit in. Write, for example, "10.16.0.0/16".',
    ],
    [
      "10.0.0.0/21",
      '"10.0.0.0/21" is not between /16, the largest network of AWS, and /20, the least that nodes, pods and services fit in. Write, for example, "10.16.0.0/16".',
    ],
    ["10.0.5.0/16", '"10.0.5.0/16" does not begin where a block of its size can. Write "10.0.0.0/16".'],
    ["11.0.0.0/16", '"11.0.0.0/16" is not private. Write a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.'],
    ["172.32.0.0/16", '"172.32.0.0/16" is not private. Write a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.'],
    ["100.64.0.0/16", '"100.64.0.0/16" is not private. Write a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.'],
    [
      "172.17.64.0/18",
      '"172.17.64.0/18" overlaps 172.17.0.0/16, which the Docker bridge of nodes has for itself. Write, for example, a block of "10.0.0.0/8".',
    ],
    [
      "172.31.0.0/16",
      '"172.31.0.0/16" overlaps 172.31.0.0/16, which AKS has for itself. Write, for example, a block of "10.0.0.0/8".',
    ],
  ])("is not %s", (cidr, ...problems) => expect(said(cidr)).toEqual(problems));
});

describe("a layout", () => {
  it("is cut largest first, each aligned, those of a size in the order they are written in", () => {
    expect(allocate("10.16.0.0/16", { services: 4, a: 2, b: 2, c: 2, control: 12 })).toEqual({
      a: "10.16.0.0/18",
      b: "10.16.64.0/18",
      c: "10.16.128.0/18",
      services: "10.16.192.0/20",
      control: "10.16.208.0/28",
    });
  });

  it("may fill its block, and not a bit more", () => {
    expect(allocate("10.0.0.0/20", { a: 1, b: 2, c: 2 })).toEqual({
      a: "10.0.0.0/21",
      b: "10.0.8.0/22",
      c: "10.0.12.0/22",
    });
    expect(() => allocate("10.0.0.0/20", { a: 1, b: 2, c: 2, d: 12 })).toThrow("10.0.0.0/20 has no room for d.");
    expect(() => allocate("10.0.0.0/20", { a: 13 })).toThrow("10.0.0.0/20 has no room for a.");
  });

  it("never lets two blocks overlap, within a cluster or between clusters whose blocks do not", () => {
    const layout = fc.dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 12 }), { maxKeys: 8 });
    fc.assert(
      fc.property(fc.uniqueArray(goodBlock, { maxLength: 8 }), layout, (cidrs, sizes) => {
        const clusters = Object.fromEntries(cidrs.map((cidr, index) => [`cluster-${index}`, [cidr]]));
        fc.pre(overlapProblems(clusters).length === 0);
        fc.pre(Object.values(sizes).reduce((sum, bits) => sum + 2 ** -bits, 0) <= 1);
        const blocks = cidrs.flatMap((cidr) =>
          Object.values(allocate(cidr, sizes)).map((block) => {
            expect(inside(block, cidr)).toBe(true);
            return block;
          }),
        );
        for (const [index, block] of blocks.entries()) {
          expect(blocks.slice(0, index).filter((other) => overlap(other, block))).toEqual([]);
        }
      }),
    );
  });
});

describe("the blocks of an environment", () => {
  it("overlap where one holds the other, and both clusters and the next free block are named", () => {
    expect(
      overlapProblems({
        "aws-use1": ["10.0.0.0/16"],
        "azure-weu": ["10.1.0.0/16"],
        "gcp-euw4": ["10.0.128.0/17"],
        "dc-fra": ["192.168.0.0/20", "10.1.16.0/20"],
      }),
    ).toEqual([
      {
        path: 'clusters["gcp-euw4"].cidr',
        reason: '10.0.128.0/17 overlaps 10.0.0.0/16 of cluster "aws-use1".',
        fix: 'Write "10.2.0.0/17", which is free.',
      },
      {
        path: 'clusters["dc-fra"].cidr',
        reason: '10.1.16.0/20 overlaps 10.1.0.0/16 of cluster "azure-weu".',
        fix: 'Write "10.2.128.0/20", which is free.',
      },
    ]);
  });

  it("overlap by a single address, too", () => {
    expect(overlapProblems({ a: ["10.0.0.255/32"], b: ["10.0.0.0/24"] })).toHaveLength(1);
    expect(overlapProblems({ a: ["10.0.1.0/32"], b: ["10.0.0.0/24"] })).toEqual([]);
  });

  it("overlap within a cluster, too", () => {
    expect(overlapProblems({ "dc-fra": ["10.0.0.0/16", "10.0.0.0/20"] })[0]?.reason).toBe(
      "10.0.0.0/20 overlaps 10.0.0.0/16 of the same cluster.",
    );
  });

  it("are said to overlap exactly when they do", () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 10 }), (cidrs) => {
        const clusters = Object.fromEntries(cidrs.map((cidr, index) => [`cluster-${index}`, [cidr]]));
        const wrong = cidrs.filter((cidr, index) => cidrs.slice(0, index).some((other) => overlap(other, cidr)));
        expect(overlapProblems(clusters)).toHaveLength(wrong.length);
      }),
    );
  });

  it("no longer overlap once every proposal is taken", () => {
    fc.assert(
      fc.property(fc.array(goodBlock, { maxLength: 12 }), (cidrs) => {
        const clusters: Record<string, string[]> = Object.fromEntries(
          cidrs.map((cidr, index) => [`cluster-${index}`, [cidr]]),
        );
        for (const { path, fix } of overlapProblems(clusters)) {
          const [, cluster = ""] = /"([^"]+)"/.exec(path) ?? [];
          const [, free = ""] = /"([^"]+)"/.exec(fix ?? "") ?? [];
          clusters[cluster] = [free];
        }
        expect(overlapProblems(clusters)).toEqual([]);
      }),
    );
  });

  it("leave what is ill-formed to the cluster's own problems", () => {
    expect(overlapProblems({ a: ["10.0.0.0/16"], b: ["nonsense", "10.0.0.0/99"] })).toEqual([]);
  });
});

describe("the next free block", () => {
  it("is good for a cluster and overlaps none that is used", () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 20 }), fc.integer({ min: 16, max: 20 }), (used, prefix) => {
        const free = nextFreeCidr(used, prefix) ?? "";
        expect(cidrProblems("cidr", free)).toEqual([]);
        expect(used.filter((other) => overlap(other, free))).toEqual([]);
      }),
    );
  });

  it("goes on where one private range is full, past what is reserved, until all are", () => {
    const tens = ["10.0.0.0/8"];
    expect(nextFreeCidr([], 16)).toBe("10.1.0.0/16");
    expect(nextFreeCidr(tens, 16)).toBe("172.16.0.0/16");
    expect(nextFreeCidr([...tens, "172.16.0.0/16"], 16)).toBe("172.18.0.0/16");
    expect(nextFreeCidr([...tens, "172.16.0.0/12"], 16)).toBe("192.168.0.0/16");
    expect(nextFreeCidr([...tens, "172.16.0.0/12", "192.168.77.0/24"], 16)).toBeUndefined();
    expect(nextFreeCidr([...tens, "172.16.0.0/12", "192.168.77.0/24"], 18)).toBe("192.168.0.0/18");
  });
});

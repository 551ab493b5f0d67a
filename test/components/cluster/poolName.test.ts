import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PoolNameRules, poolName } from "../../../components/cluster/poolName.ts";

/** What each cloud accepts: EKS node groups, AKS Linux pools, GKE node pools. */
const clouds: ReadonlyArray<readonly [cloud: string, rules: PoolNameRules, legal: RegExp]> = [
  ["EKS", { maxLength: 63 }, /^[a-z0-9][a-zA-Z0-9_-]{0,62}$/],
  ["AKS", { maxLength: 12, alphanumeric: true }, /^[a-z][a-z0-9]{0,11}$/],
  ["GKE", { maxLength: 40 }, /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/],
];
const key = fc.stringMatching(/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/);
const fields = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.array(fc.string()), fc.boolean()));

describe.each(clouds)("a pool's name on %s", (_, rules, legal) => {
  it("is legal for every key and every field", () => {
    fc.assert(fc.property(key, fields, (k, immutable) => legal.test(poolName(k, immutable, rules))));
  });

  it("is the same every time, in whatever order the fields are written, and with what is undefined left out", () => {
    fc.assert(
      fc.property(key, fields, (k, immutable) => {
        const reversed = Object.fromEntries([...Object.entries(immutable), ["never", undefined]].reverse());
        expect(poolName(k, reversed, rules)).toBe(poolName(k, immutable, rules));
      }),
    );
  });

  it("is another one for other fields", () => {
    fc.assert(
      fc.property(key, fields, fields, (k, a, b) => {
        fc.pre(JSON.stringify(sorted(a)) !== JSON.stringify(sorted(b)));
        expect(poolName(k, a, rules)).not.toBe(poolName(k, b, rules));
      }),
    );
  });

  it("is another one for another key, even where keys are cut alike", () => {
    fc.assert(
      fc.property(key, key, fields, (a, b, immutable) => {
        fc.pre(a !== b);
        expect(poolName(a, immutable, rules)).not.toBe(poolName(b, immutable, rules));
      }),
    );
  });
});

it("begins with the key, and stays what it is from release to release", () => {
  const immutable = { machine: "g6.2xlarge", zones: ["a"], purchase: { kind: "spot" } };
  expect(clouds.map(([, rules]) => poolName("l4-shared", immutable, rules))).toEqual([
    "l4-shared-jabdm2",
    "l4sharjabdm2",
    "l4-shared-jabdm2",
  ]);
});

it("keeps apart a list's order, which means something", () => {
  const rules = { maxLength: 63 };
  expect(poolName("l4", ["a", "b"], rules)).not.toBe(poolName("l4", ["b", "a"], rules));
});

function sorted(fields: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
}

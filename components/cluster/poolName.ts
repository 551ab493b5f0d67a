import { base36Hash } from "../core/names.ts";

/** 6 digits of base 36: 31 bits, against the dozen pools of a cluster. */
const hashLength = 6;

/** What a cloud accepts as the name of a node pool. */
export interface PoolNameRules {
  readonly maxLength: number;
  /** Only a-z and 0-9 (AKS). Absent: `-`, too. */
  readonly alphanumeric?: true;
}

/**
 * The physical name of a pool: its key, cut where it must be, and a hash of the key and of what the cloud cannot change
 * in place. A change of those makes a pool of another name, so the new pool is there before the old one goes; anything
 * else keeps the name. `immutable` is plain data; the order of its keys does not matter.
 */
export function poolName(key: string, immutable: unknown, rules: PoolNameRules): string {
  const hash = base36Hash(canonical([key, immutable]), hashLength);
  if (rules.alphanumeric) return `${key.replaceAll("-", "").slice(0, rules.maxLength - hashLength)}${hash}`;
  return `${key.slice(0, rules.maxLength - hashLength - 1).replace(/-+$/, "")}-${hash}`;
}

/** JSON with every object's keys in order; what is undefined is left out, as if never written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

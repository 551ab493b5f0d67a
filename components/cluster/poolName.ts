import { base36Hash } from "../core/names.ts";

/** 6 digits of base 36 are 31 bits: a collision among the dozen pools of a cluster is improbable. */
const hashLength = 6;

/** What a cloud accepts as the name of a node pool. */
export interface PoolNameRules {
  /** The most characters of a name, hash included; more than 7. */
  readonly maxLength: number;
  /** Only a-z and 0-9 are allowed (AKS). Absent: `-` is allowed, too. */
  readonly alphanumeric?: true;
}

/**
 * The name of a pool in the cloud: its key, shortened where it is too long, and a hash of the key and of `immutable`,
 * the arguments that the cloud cannot change in place. A change of those gives another name, so the new pool is made
 * before the old one is deleted. `immutable` is plain data; the order of its keys does not matter.
 */
export function poolName(key: string, immutable: unknown, rules: PoolNameRules): string {
  const hash = base36Hash(canonical([key, immutable]), hashLength);
  if (rules.alphanumeric) return `${key.replaceAll("-", "").slice(0, rules.maxLength - hashLength)}${hash}`;
  return `${key.slice(0, rules.maxLength - hashLength - 1).replace(/-+$/, "")}-${hash}`;
}

/** JSON with the keys of every object sorted. Keys with the value undefined are left out. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

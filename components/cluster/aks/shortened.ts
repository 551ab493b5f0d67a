import { createHash } from "node:crypto";

/** The name where it is short enough, else its beginning and a hash, so that two long names stay two. */
export function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `${name.slice(0, most - hash.length - 1)}-${hash}`;
}

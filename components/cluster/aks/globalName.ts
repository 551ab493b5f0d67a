import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { AksScope } from "./aksScope.ts";

/** Storage accounts and vaults share one name space with all of Azure: 3 to 24 of a-z and 0-9 is legal for both. */
const longest = 24;
const hashLength = 10;

/** The cluster's key, what the resource is for, and a hash of both and of the subscription: 51 bits that no one else's name has. */
export function globalName({ cluster, subscription }: AksScope, purpose: string): pulumi.Output<string> {
  const letters = cluster.replaceAll("-", "").slice(0, longest - hashLength - purpose.length);
  return pulumi.output(subscription).apply((id) => `${letters}${purpose}${hash([id.toLowerCase(), cluster, purpose])}`);
}

function hash(parts: readonly string[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return BigInt(`0x${digest}`).toString(36).slice(-hashLength);
}

import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { base36Hash } from "../../core/names.ts";
import type { AksScope } from "./aksScope.ts";

/** Storage accounts and vaults share one name space with all of Azure: 3 to 24 of a-z and 0-9 is legal for both. */
const longest = 24;
const hashLength = 10;

/**
 * The cluster's key, what the resource is for, and a hash of both and of the subscription: 51 bits that no one else's
 * name has.
 */
export function globalName({ cluster, subscription }: AksScope, purpose: string): pulumi.Output<string> {
  const letters = cluster.replaceAll("-", "").slice(0, longest - hashLength - purpose.length);
  return pulumi
    .output(subscription)
    .apply(
      (id) => `${letters}${purpose}${base36Hash(JSON.stringify([id.toLowerCase(), cluster, purpose]), hashLength)}`,
    );
}

/** A UUID of version 8 (RFC 9562) that is the same for the same parts, for what Azure wants to be named by one. */
export function stableUuid(...parts: readonly string[]): string {
  const bytes = createHash("sha256").update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The name we gave a resource, with the resource as a dependency. Its own `name` output is known only once it exists,
 * so a plan would show nothing but unknown names.
 */
export function knownName(resource: pulumi.Resource, name: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.all([resource.urn, name]).apply(([, known]) => known);
}

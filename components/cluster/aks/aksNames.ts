import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { base36Hash } from "../../core/names.ts";
import type { AksScope } from "./aksScope.ts";

/**
 * Most characters of a storage account's or a vault's name. Both are unique in all of Azure; 3 to 24 of a-z and 0-9 are
 * valid for both.
 */
const longest = 24;
const hashLength = 10;

/**
 * A name that is unique in all of Azure: the cluster's name without `-`, cut to fit, then `purpose`, then a hash of
 * both and the subscription's id (51 bits).
 */
export function globalName({ cluster, subscription }: AksScope, purpose: string): pulumi.Output<string> {
  const letters = cluster.replaceAll("-", "").slice(0, longest - hashLength - purpose.length);
  return pulumi
    .output(subscription)
    .apply(
      (id) => `${letters}${purpose}${base36Hash(JSON.stringify([id.toLowerCase(), cluster, purpose]), hashLength)}`,
    );
}

/** A UUID (RFC 9562, version 8) of a hash of `parts`, the same in every run: the name of a role or role assignment. */
export function stableUuid(...parts: readonly string[]): string {
  const bytes = createHash("sha256").update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The name that a resource was given, as an output that depends on the resource. The resource's own `name` output is
 * known only once it exists, so a plan would show unknown names only.
 */
export function knownName(resource: pulumi.Resource, name: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.all([resource.urn, name]).apply(([, known]) => known);
}

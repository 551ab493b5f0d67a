import type { StorePermission } from "../workloadIdentity.ts";

const containers = "Microsoft.Storage/storageAccounts/blobServices/containers";
const read = `${containers}/blobs/read`;

/** What a writer does besides reading. */
export const writeActions = ["write", "add/action", "delete"].map((action) => `${containers}/blobs/${action}`);
export const readActions = [read];

/**
 * Limits a role on a container to the blobs below a prefix, in the language of role assignment conditions: each line is "this action is
 * not asked for, or the path is right". Listing is part of reading but names a prefix, not a path, so it has a line of its own
 * (MicrosoftDocs/azure-docs `articles/storage/blobs/storage-auth-abac-attributes.md`).
 */
export function prefixCondition({ access, prefix }: StorePermission): string {
  const below = `StringStartsWith '${prefix}/'`;
  const pathBelow = `@Resource[${containers}/blobs:path] ${below}`;
  const listBelow = `@Request[${containers}/blobs:prefix] ${below}`;
  return [
    unless(`ActionMatches{'${read}'} AND NOT SubOperationMatches{'Blob.List'}`, pathBelow),
    unless(`ActionMatches{'${read}'} AND SubOperationMatches{'Blob.List'}`, listBelow),
    ...(access === "write" ? writeActions.map((action) => unless(`ActionMatches{'${action}'}`, pathBelow)) : []),
  ].join("\nAND\n");
}

function unless(asked: string, allowed: string): string {
  return `((!(${asked})) OR (${allowed}))`;
}

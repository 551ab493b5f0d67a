import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { shortened } from "../../core/names.ts";
import { stableUuid } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";

/**
 * Ids of the built-in roles that are granted here: MicrosoftDocs/azure-docs
 * `articles/role-based-access-control/built-in-roles.md`.
 */
const builtInRoles = {
  Contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  "Key Vault Contributor": "f25e0fa2-a7c8-4377-a976-54943a77a395",
  "Key Vault Crypto Service Encryption User": "e147488a-f6f5-4113-8e2d-b22465e65bf6",
  "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
  "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
  "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
} as const;

/** A role for an identity on one resource. */
export interface Grant {
  /** A built-in role by its name, or a custom role. A change replaces the assignment. */
  readonly role:
    | keyof typeof builtInRoles
    | {
        /** A name that is the same in every run. The assignment's own name depends on it. */
        readonly name: string;
        /** ARM id of the role definition. */
        readonly id: pulumi.Input<string>;
      };
  /** `principalId`: the managed identity that gets the role. A change replaces the assignment. */
  readonly identity: UserAssignedIdentity;
  /** `scope`: ARM id of the one resource that the role is granted on. A change replaces the assignment. */
  readonly on: pulumi.Input<string>;
  /** Limits the role to part of the resource, in the language of role assignment conditions. Absent: all of it. */
  readonly condition?: string;
}

/**
 * Grants a role to an identity. The assignment's UUID is a hash of the subscription, its name and the role: the same in
 * every run, and another one for another role, since Azure changes neither role nor principal of an assignment.
 */
export function assignRole(
  name: string,
  { role, identity, on, condition }: Grant,
  { subscription }: AksScope,
  opts: pulumi.CustomResourceOptions,
): RoleAssignment {
  const roleName = typeof role === "string" ? role : role.name;
  return new RoleAssignment(
    name,
    {
      roleAssignmentName: pulumi.output(subscription).apply((id) => stableUuid(id, name, roleName)),
      roleDefinitionId:
        typeof role === "string"
          ? pulumi.interpolate`/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${builtInRoles[role]}`
          : role.id,
      principalId: identity.principalId,
      // Otherwise Azure looks the principal up, and does not find an identity that was made a second ago.
      principalType: "ServicePrincipal",
      scope: on,
      ...(condition === undefined ? {} : { condition, conditionVersion: "2.0" }),
    },
    // For another principal the UUID stays the same, so the old assignment must be deleted first.
    { ...opts, deleteBeforeReplace: true },
  );
}

/**
 * A user-assigned managed identity, which has no secret. It has no tags: in the preview of a change of tags,
 * azure-native does not know `principalId` (pulumi-azure-native `provider/pkg/provider/provider.go`, `Update`), so the
 * preview would show each of its role assignments as replaced.
 */
export function managedIdentity(
  name: string,
  { resourceGroupName, location }: AksScope,
  opts: pulumi.CustomResourceOptions,
): UserAssignedIdentity {
  return new UserAssignedIdentity(name, { resourceName: shortened(name, 128), resourceGroupName, location }, opts);
}

import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { shortened } from "../../core/names.ts";
import { stableUuid } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";

/**
 * Azure's own roles that are granted, by name: MicrosoftDocs/azure-docs
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

export interface Grant {
  /** One of Azure's own roles, or a definition of ours. */
  readonly role: keyof typeof builtInRoles | { readonly name: string; readonly id: pulumi.Input<string> };
  readonly identity: UserAssignedIdentity;
  /** The id of the one resource that it is granted on. */
  readonly on: pulumi.Input<string>;
  /** Limits the role to some of what is there, in the language of role assignment conditions. */
  readonly condition?: string;
}

/**
 * Grants a role to an identity. The assignment's UUID comes from its name and role, so that it is the same in every
 * run, and another one when the role changes: Azure changes neither role nor principal of an assignment.
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
      // Without it Azure looks the principal up, and an identity of a second ago is not found.
      principalType: "ServicePrincipal",
      scope: on,
      ...(condition === undefined ? {} : { condition, conditionVersion: "2.0" }),
    },
    // A new principal takes over the same UUID, which Azure allows only once the old assignment is gone.
    { ...opts, deleteBeforeReplace: true },
  );
}

/**
 * An identity without a secret. It has no tags: while they change, azure-native does not know `principalId` in a
 * preview (pulumi-azure-native `provider/pkg/provider/provider.go`, `Update`), and each of its role assignments would
 * look replaced.
 */
export function managedIdentity(
  name: string,
  { resourceGroupName, location }: AksScope,
  opts: pulumi.CustomResourceOptions,
): UserAssignedIdentity {
  return new UserAssignedIdentity(name, { resourceName: shortened(name, 128), resourceGroupName, location }, opts);
}

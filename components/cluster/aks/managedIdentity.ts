import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AksScope } from "./aksScope.ts";
import { shortened } from "./shortened.ts";

/**
 * An identity without a secret. It has no tags: while they change, azure-native does not know `principalId` in a preview
 * (pulumi-azure-native `provider/pkg/provider/provider.go`, `Update`), and each of its role assignments would look replaced.
 */
export function managedIdentity(
  name: string,
  { resourceGroupName, location }: AksScope,
  opts: pulumi.CustomResourceOptions,
): UserAssignedIdentity {
  return new UserAssignedIdentity(name, { resourceName: shortened(name, 128), resourceGroupName, location }, opts);
}

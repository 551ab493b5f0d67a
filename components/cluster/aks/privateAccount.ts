import type { StorageAccountArgs } from "@pulumi/azure-native/storage/storageAccount.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AksScope } from "./aksScope.ts";

/** What every storage account of a cluster is: in three zones, over TLS, for nobody without a role in this tenant. */
export function privateAccount(
  { resourceGroupName, location, tags }: AksScope,
  accountName: pulumi.Input<string>,
): Omit<StorageAccountArgs, "networkRuleSet" | "identity" | "encryption"> {
  return {
    accountName,
    resourceGroupName,
    location,
    kind: "StorageV2",
    sku: { name: "Standard_ZRS" },
    minimumTlsVersion: "TLS1_2",
    enableHttpsTrafficOnly: true,
    allowBlobPublicAccess: false,
    allowCrossTenantReplication: false,
    isLocalUserEnabled: false,
    tags,
  };
}

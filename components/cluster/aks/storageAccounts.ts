import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { ManagementPolicy } from "@pulumi/azure-native/storage/managementPolicy.js";
import { StorageAccount, type StorageAccountArgs } from "@pulumi/azure-native/storage/storageAccount.js";
import type * as pulumi from "@pulumi/pulumi";
import { globalName, knownName } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";
import { ContainerImmutabilityPolicy } from "./classicAzure.ts";

export interface LogAccountArgs {
  /** Part of the account's name: at most 6 of a-z. */
  readonly purpose: string;
  /** Categories of logs, as Azure Monitor names them. */
  readonly categories: readonly string[];
  readonly retentionDays: number;
  readonly locked: boolean;
}

/** A storage account for logs, and what must be there before the first of them arrives. */
export interface LogAccount {
  readonly id: pulumi.Output<string>;
  readonly ready: readonly pulumi.Resource[];
}

/**
 * A storage account that keeps logs: what Azure Monitor appended cannot be changed or deleted before its time, and is
 * deleted after it.
 *
 * Encrypted by Azure's key, on purpose: whoever can destroy a customer's key could destroy the records with it. Account
 * keys are left on, since Microsoft does not say that Azure Monitor can write without; the policy binds who has one,
 * too. The firewall lets in Azure Monitor and nobody else: to read, an auditor's address is added to it, which the
 * activity log records.
 */
export function logAccount(
  name: string,
  { purpose, categories, retentionDays, locked }: LogAccountArgs,
  scope: AksScope,
  opts: pulumi.CustomResourceOptions,
): LogAccount {
  const { resourceGroupName, protect } = scope;
  const given = globalName(scope, purpose);
  const account = new StorageAccount(
    name,
    {
      ...privateAccount(scope, given),
      networkRuleSet: { defaultAction: "Deny", bypass: "AzureServices" },
    },
    { ...opts, protect },
  );
  const accountName = knownName(account, given);
  const policies = categories.map((category) => {
    const containerName = `insights-logs-${category.toLowerCase()}`;
    const container = new BlobContainer(
      `${name}-${category.toLowerCase()}`,
      { containerName, accountName, resourceGroupName, publicAccess: "None" },
      { ...opts, protect },
    );
    return new ContainerImmutabilityPolicy(
      `${name}-${category.toLowerCase()}-retention`,
      {
        storageContainerResourceManagerId: container.id,
        immutabilityPeriodInDays: retentionDays,
        locked,
        protectedAppendWritesEnabled: true,
      },
      { ...opts, protect },
    );
  });
  new ManagementPolicy(
    `${name}-expiry`,
    { managementPolicyName: "default", accountName, resourceGroupName, policy: { rules: [expiry(retentionDays)] } },
    opts,
  );
  return { id: account.id, ready: policies };
}

/** Nothing is kept for longer than it must: a day after its time, because a policy's day ends when the blob's does. */
function expiry(retentionDays: number) {
  return {
    name: "expiry",
    type: "Lifecycle",
    enabled: true,
    definition: {
      filters: { blobTypes: ["appendBlob"] },
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: retentionDays + 1 } } },
    },
  };
}

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

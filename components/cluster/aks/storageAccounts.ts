import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { ManagementPolicy } from "@pulumi/azure-native/storage/managementPolicy.js";
import { StorageAccount, type StorageAccountArgs } from "@pulumi/azure-native/storage/storageAccount.js";
import type * as pulumi from "@pulumi/pulumi";
import { globalName, knownName } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";
import { ContainerImmutabilityPolicy } from "./classicAzure.ts";

/** Which logs an account keeps, and for how long. */
export interface LogAccountArgs {
  /** What the account is for, part of its name: 1 to 6 of a-z. A change replaces the account. */
  readonly purpose: string;
  /** Categories of logs, as Azure Monitor names them. Each gets a container `insights-logs-<category>`. */
  readonly categories: readonly string[];
  /**
   * Days that a record is kept, from 1: `immutabilityPeriodInDays` of each container. Records are deleted a day later.
   * A change updates the policies in place; locked ones can be raised only, five times at most.
   */
  readonly retentionDays: number;
  /** Whether nobody can shorten or delete the policies. From false to true in place; the way back is refused. */
  readonly locked: boolean;
}

/** A storage account for logs, and what must be there before the first of them arrives. */
export interface LogAccount {
  /** ARM id of the account: `storageAccountId` of a diagnostic setting. */
  readonly id: pulumi.Output<string>;
  /** Immutability policies of all containers. A diagnostic setting depends on them. */
  readonly ready: readonly pulumi.Resource[];
}

/**
 * A storage account that keeps logs. Nobody can change or delete what Azure Monitor appended before its time; after
 * that it is deleted.
 *
 * Azure's key encrypts the account, not a customer's: whoever destroys a customer's key would destroy the records.
 * Account keys stay on, since Microsoft does not say that Azure Monitor can write without them; the policies bind their
 * holders, too. The firewall admits Azure Monitor only. For an auditor to read, the auditor's address is added to it,
 * which the activity log records.
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

/** Deletes records a day after their time, since the immutability policy still holds on the last day. */
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

/** What all storage accounts of a cluster have in common: three zones, TLS only, no public blobs, no other tenant. */
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

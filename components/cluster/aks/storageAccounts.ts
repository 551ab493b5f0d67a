import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { ManagementPolicy } from "@pulumi/azure-native/storage/managementPolicy.js";
import { StorageAccount, type StorageAccountArgs } from "@pulumi/azure-native/storage/storageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import { ignoreChanges } from "../../core/driftRules.ts";
import type { Problem } from "../../core/problem.ts";
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
   * A change updates unlocked policies in place. Locked ones are raised by hand (see `lockedProblems`).
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
  /** Locked policies that hold for other days than declared, with what to do. Empty: all is as declared. */
  readonly problems: pulumi.Output<readonly Problem[]>;
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
  const containers = categories.map((category) => `insights-logs-${category.toLowerCase()}`);
  const policies = containers.map((containerName) => {
    const category = containerName.slice("insights-logs-".length);
    const container = new BlobContainer(
      `${name}-${category}`,
      { containerName, accountName, resourceGroupName, publicAccess: "None" },
      { ...opts, protect },
    );
    return new ContainerImmutabilityPolicy(
      `${name}-${category}-retention`,
      {
        storageContainerResourceManagerId: container.id,
        immutabilityPeriodInDays: retentionDays,
        locked,
        protectedAppendWritesEnabled: true,
      },
      { ...opts, protect, ...(locked ? ignoreChanges("aksLockedRecords") : {}) },
    );
  });
  new ManagementPolicy(
    `${name}-expiry`,
    { managementPolicyName: "default", accountName, resourceGroupName, policy: { rules: [expiry(retentionDays)] } },
    opts,
  );
  const kept = locked ? policies : [];
  const problems = pulumi
    .all([resourceGroupName, accountName, kept.map(({ immutabilityPeriodInDays: days }) => days)])
    .apply(([group, known, days]) =>
      containers.flatMap((container, index) =>
        lockedProblems({ group, account: known, container }, days[index] ?? retentionDays, retentionDays),
      ),
    );
  return { id: account.id, ready: policies, problems };
}

/** A container of an account, as the Azure CLI names it. */
interface ContainerPlace {
  readonly group: string;
  readonly account: string;
  readonly container: string;
}

/**
 * Azure raises a locked policy by a request of its own. The classic provider sends none, and refuses to raise with the
 * words of lowering (hashicorp/terraform-provider-azurerm #28660). So it is told to leave the days of a locked policy
 * alone, and those in its state are compared here.
 */
function lockedProblems({ group, account, container }: ContainerPlace, days: number, declared: number): Problem[] {
  if (days === declared) return [];
  const path = "auditStore.retentionDays";
  const reason = `the state has ${container} of ${account} kept for ${days} days, and ${declared} are declared.`;
  if (days > declared) return [{ path, reason, fix: `Write ${days}: nobody can lower it.` }];
  const where = `--resource-group ${group} --account-name ${account} --container-name ${container}`;
  const etag = `$(az storage container immutability-policy show ${where} --query etag -o tsv)`;
  return [
    {
      path,
      reason,
      fix:
        `Run az storage container immutability-policy extend ${where} --period ${declared} --if-match "${etag}" ` +
        'and then pulumi refresh. Of what is not locked yet: bring it up with mode: "removable" first.',
    },
  ];
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

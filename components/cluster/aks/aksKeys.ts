import { Key } from "@pulumi/azure-native/keyvault/key.js";
import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import * as pulumi from "@pulumi/pulumi";
import { globalName, knownName } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";

export interface CustomerKeyArgs {
  readonly tenant: pulumi.Input<string>;
  /** Part of the vault's name: at most 6 of a-z. */
  readonly purpose: string;
  /** Who reaches the vault: services that Azure trusts, such as Storage, or only who has a private link to it. */
  readonly reachedBy: "azureServices" | "privateLink";
  /** A new version of the key every year. Only where its user follows by itself. */
  readonly rotated: boolean;
}

export interface CustomerKey {
  readonly vaultId: pulumi.Output<string>;
  /** `https://<vault>.vault.azure.net` */
  readonly vaultUri: pulumi.Output<string>;
  readonly keyName: pulumi.Output<string>;
  /** With the version it had when it was made. */
  readonly keyUriWithVersion: pulumi.Output<string>;
}

/**
 * A key in a vault of its own, so that a right on the vault is a right on one key. Nobody can purge it before 90 days
 * are over: without it, what it encrypted is lost. The key has no tags, since azure-native cannot update a key.
 */
export function customerKey(
  name: string,
  args: CustomerKeyArgs,
  scope: AksScope,
  opts: pulumi.CustomResourceOptions,
): CustomerKey {
  const { resourceGroupName, location, tags, protect } = scope;
  const given = globalName(scope, args.purpose);
  const vault = new Vault(
    `${name}-vault`,
    {
      vaultName: given,
      resourceGroupName,
      location,
      properties: {
        tenantId: args.tenant,
        sku: { family: "A", name: "standard" },
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        enablePurgeProtection: true,
        publicNetworkAccess: "Disabled",
        networkAcls: {
          defaultAction: "Deny",
          bypass: args.reachedBy === "azureServices" ? "AzureServices" : "None",
        },
      },
      tags,
    },
    { ...opts, protect },
  );
  const vaultName = knownName(vault, given);
  const keyName = "key";
  const key = new Key(
    name,
    {
      keyName,
      vaultName,
      resourceGroupName,
      properties: {
        kty: "RSA",
        keySize: 3072,
        ...(args.rotated
          ? {
              rotationPolicy: {
                lifetimeActions: [{ action: { type: "rotate" }, trigger: { timeAfterCreate: "P1Y" } }],
              },
            }
          : {}),
      },
    },
    { ...opts, protect },
  );
  return {
    vaultId: vault.id,
    vaultUri: pulumi.interpolate`https://${vaultName}.vault.azure.net`,
    keyName: knownName(key, keyName),
    keyUriWithVersion: key.keyUriWithVersion,
  };
}

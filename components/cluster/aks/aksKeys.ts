import { Key } from "@pulumi/azure-native/keyvault/key.js";
import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import * as pulumi from "@pulumi/pulumi";
import { globalName, knownName } from "./aksNames.ts";
import type { AksScope } from "./aksScope.ts";

/** What a key is for, and who uses it. */
export interface CustomerKeyArgs {
  /** `tenantId` of the vault: the Entra tenant whose identities may use the key. */
  readonly tenant: pulumi.Input<string>;
  /** What the key encrypts, part of the vault's name: 1 to 6 of a-z. A change replaces vault and key. */
  readonly purpose: string;
  /**
   * `networkAcls.bypass` of the vault. `azureServices`: services that Azure trusts, such as Storage, reach it.
   * `privateLink`: only who has a private endpoint to it, as AKS makes one.
   */
  readonly reachedBy: "azureServices" | "privateLink";
  /** Whether Key Vault makes a new version of the key every year. Only where the key's user follows by itself. */
  readonly rotated: boolean;
}

/** A key in its vault, as its users address it. */
export interface CustomerKey {
  /** ARM id of the vault, on which roles are granted. */
  readonly vaultId: pulumi.Output<string>;
  /** `https://<vault>.vault.azure.net` */
  readonly vaultUri: pulumi.Output<string>;
  /** Name of the key in the vault. With `vaultUri` it means the newest version of the key. */
  readonly keyName: pulumi.Output<string>;
  /** `https://<vault>.vault.azure.net/keys/<key>/<version>`, for a user that does not follow new versions. */
  readonly keyUriWithVersion: pulumi.Output<string>;
}

/**
 * An RSA key in a vault of its own, so that a right on the vault is a right on one key. A deleted key can be recovered
 * for 90 days, and nobody can purge it earlier: without the key, what it encrypted is lost. The key has no tags, since
 * azure-native cannot update a key.
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

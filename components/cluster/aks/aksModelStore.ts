import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { BlobServiceProperties } from "@pulumi/azure-native/storage/blobServiceProperties.js";
import { ManagementPolicy } from "@pulumi/azure-native/storage/managementPolicy.js";
import { StorageAccount } from "@pulumi/azure-native/storage/storageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import type { CustomerKey } from "./aksKeys.ts";
import { globalName, knownName } from "./aksNames.ts";
import type { AksNetwork } from "./aksNetwork.ts";
import { assignRole, managedIdentity } from "./aksRoles.ts";
import type { AksScope } from "./aksScope.ts";
import { privateAccount } from "./storageAccounts.ts";

/** Which key encrypts the models, and who reaches them. */
export interface AksModelStoreArgs {
  /** `encryption.keyVaultProperties`, without a version, so that Storage follows its rotation. */
  readonly key: CustomerKey;
  /**
   * The network whose nodes read models (`networkRuleSet.virtualNetworkRules`). All of it is made before the account:
   * Storage refuses a rule for a subnet while another subnet of its network changes (Azure/azure-rest-api-specs
   * #11143).
   */
  readonly network: AksNetwork;
  /** `networkRuleSet.ipRules`: public addresses that reach the account, too. A change updates it in place. */
  readonly uploadCidrs: pulumi.Input<readonly string[]>;
}

/** Days in which a blob can be restored after it was overwritten or deleted. */
const recoverableDays = 30;

/**
 * A container for models. Only identities of Entra have access, and only from the cluster's nodes and `uploadCidrs`.
 * Blobs are stored in three zones and encrypted with a customer-managed key. A blob that was overwritten or deleted can
 * be restored for at least 30 days.
 */
export class AksModelStore extends Component {
  /** `as://<account>/models` */
  readonly url: pulumi.Output<string>;
  /** ARM id of the storage account. */
  readonly accountId: pulumi.Output<string>;
  /** ARM id of the container, on which roles are granted. */
  readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: AksModelStoreArgs, scope: AksScope, opts: pulumi.ComponentResourceOptions) {
    super("cluster:AksModelStore", name, { uploadCidrs: args.uploadCidrs }, opts);
    const { resourceGroupName, protect } = scope;
    const { key, network, uploadCidrs } = args;

    const identity = managedIdentity(this.childName("identity"), scope, { parent: this });
    const mayUseKey = assignRole(
      this.childName("key-access"),
      { role: "Key Vault Crypto Service Encryption User", identity, on: key.vaultId },
      scope,
      { parent: this },
    );

    const given = globalName(scope, "models");
    const account = new StorageAccount(
      name,
      {
        ...privateAccount(scope, given),
        identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
        encryption: {
          keySource: "Microsoft.Keyvault",
          // Without a version in it, Storage takes each new version within a day.
          keyVaultProperties: { keyVaultUri: key.vaultUri, keyName: key.keyName },
          encryptionIdentity: { encryptionUserAssignedIdentity: identity.id },
        },
        allowSharedKeyAccess: false,
        networkRuleSet: {
          defaultAction: "Deny",
          bypass: "None",
          virtualNetworkRules: [{ virtualNetworkResourceId: network.nodeSubnetId }],
          ipRules: pulumi
            .output(uploadCidrs)
            .apply((addresses) => addresses.map((iPAddressOrRange) => ({ iPAddressOrRange }))),
        },
      },
      { parent: this, dependsOn: [mayUseKey, network], protect },
    );
    const accountName = knownName(account, given);
    const recoverable = { enabled: true, days: recoverableDays };
    const blobs = new BlobServiceProperties(
      this.childName("recovery"),
      {
        blobServicesName: "default",
        accountName,
        resourceGroupName,
        isVersioningEnabled: true,
        deleteRetentionPolicy: recoverable,
        containerDeleteRetentionPolicy: recoverable,
      },
      { parent: this },
    );
    new ManagementPolicy(
      this.childName("expiry"),
      { managementPolicyName: "default", accountName, resourceGroupName, policy: { rules: [expiryOfVersions] } },
      { parent: this, dependsOn: blobs },
    );
    const container = new BlobContainer(
      this.childName("container"),
      { containerName: "models", accountName, resourceGroupName, publicAccess: "None" },
      { parent: this, dependsOn: blobs, protect },
    );

    this.accountId = account.id;
    this.containerId = container.id;
    this.url = pulumi.interpolate`as://${accountName}/${knownName(container, "models")}`;
    this.registerOutputs({ url: this.url });
  }
}

const expiryOfVersions = {
  name: "replaced-versions",
  type: "Lifecycle",
  enabled: true,
  definition: {
    filters: { blobTypes: ["blockBlob"] },
    actions: { version: { delete: { daysAfterCreationGreaterThan: recoverableDays } } },
  },
};

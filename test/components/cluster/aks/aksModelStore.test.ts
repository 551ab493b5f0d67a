import { expect, it } from "vitest";
import { shown } from "../../../../plan/shownValues.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build } from "./sample.ts";

const sample = await recorded(() => ({ modelStore: build().modelStore }), answers);

it("is addressed as Triton writes it", () => {
  expect(shown(sample.outputs)).toEqual({
    modelStore: { kind: "azureBlob", url: expect.stringMatching(/^as:\/\/prodazurmodels[a-z0-9]{10}\/models$/) },
  });
});

it("lets nobody in by key or anonymously, and only from the nodes and the named addresses", () => {
  expect(inputsOf(sample, "azure-native:storage:StorageAccount", "weu-models")).toMatchObject({
    allowBlobPublicAccess: false,
    allowSharedKeyAccess: false,
    isLocalUserEnabled: false,
    enableHttpsTrafficOnly: true,
    minimumTlsVersion: "TLS1_2",
    networkRuleSet: {
      defaultAction: "Deny",
      bypass: "None",
      virtualNetworkRules: [{ virtualNetworkResourceId: "prod-azure-weu-network-nodes-id" }],
      ipRules: [{ iPAddressOrRange: "203.0.113.0/24" }],
    },
  });
  expect(inputsOf(sample, "azure-native:storage:BlobContainer", "models-container").publicAccess).toBe("None");
});

it("keeps what was overwritten or deleted for 30 days", () => {
  expect(inputsOf(sample, "azure-native:storage:BlobServiceProperties")).toMatchObject({
    isVersioningEnabled: true,
    deleteRetentionPolicy: { enabled: true, days: 30 },
    containerDeleteRetentionPolicy: { enabled: true, days: 30 },
  });
});

it("is encrypted by a customer key that is rotated, which it may use and nothing more", () => {
  const { encryption } = inputsOf(sample, "azure-native:storage:StorageAccount", "weu-models");
  expect(encryption).toMatchObject({
    keySource: "Microsoft.Keyvault",
    keyVaultProperties: {
      keyName: "key",
      keyVaultUri: expect.stringMatching(/^https:\/\/[a-z0-9]{3,24}\.vault\.azure\.net$/),
    },
    encryptionIdentity: { encryptionUserAssignedIdentity: "prod-azure-weu-models-identity-id" },
  });
  expect((encryption as { keyVaultProperties: object }).keyVaultProperties).not.toHaveProperty("keyVersion");
  expect(inputsOf(sample, "azure-native:keyvault:Key", "models-key").properties).toMatchObject({
    rotationPolicy: { lifetimeActions: [{ action: { type: "rotate" }, trigger: { timeAfterCreate: "P1Y" } }] },
  });
  expect(inputsOf(sample, "azure-native:authorization:RoleAssignment", "models-key-access")).toMatchObject({
    scope: "prod-azure-weu-models-key-vault-id",
    principalId: "principal-of-prod-azure-weu-models-identity",
    roleDefinitionId: expect.stringMatching(/e147488a-f6f5-4113-8e2d-b22465e65bf6$/),
  });
});

import { expect, it } from "vitest";
import type { AksClusterArgs } from "../../../../components/cluster/aks/aksArgs.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

const policy = "azure:storage/containerImmutabilityPolicy:ContainerImmutabilityPolicy";

/** `lockedDays`: what the state has, where it is not what is declared. */
const run = (args: AksClusterArgs = sampleArgs, lockedDays?: number) =>
  recorded(
    () => {
      build(args);
      return {};
    },
    lockedDays === undefined
      ? answers
      : {
          ...answers,
          outputs: { ...answers.outputs, [policy]: () => ({ immutabilityPeriodInDays: lockedDays }) },
        },
  );
const sample = await run();
const setting = "azure-native:monitor:DiagnosticSetting";

it("locks a container for each category of logs before Azure Monitor writes to it", () => {
  const { resources } = sample;
  const containers = resources.filter(
    ({ type, name }) => type === "azure-native:storage:BlobContainer" && name.startsWith("prod-azure-weu-audit-"),
  );
  const policies = resources.filter(({ type }) => type === policy);
  expect(containers.map(({ props }) => props.containerName).sort()).toEqual(
    [
      ...["insights-logs-auditevent", "insights-logs-guard", "insights-logs-kube-audit-admin"],
      ...["insights-logs-storagedelete", "insights-logs-storageread", "insights-logs-storagewrite"].flatMap((name) => [
        name,
        name,
      ]),
    ].sort(),
  );
  expect(policies).toHaveLength(containers.length);
  for (const { props } of policies) {
    expect(props).toMatchObject({ immutabilityPeriodInDays: 730, locked: true, protectedAppendWritesEnabled: true });
  }
  const locked = policies.filter(({ name }) => !name.includes("-access-")).map(({ urn }) => urn);
  const log = resources.find(({ type, name }) => type === setting && name === "prod-azure-weu-log");
  expect(log?.dependencies).toEqual(expect.arrayContaining(locked));
});

it("is made by the provider whose version is fixed, since there is no package of it", () => {
  const { resources } = sample;
  expect(new Set(resources.filter(({ type }) => type === policy).map(({ provider }) => provider?.type))).toEqual(
    new Set(["pulumi:providers:azure"]),
  );
  expect(inputsOf({ resources, outputs: {} }, "pulumi:providers:azure")).toMatchObject({
    resourceProviderRegistrations: "none",
    subscriptionId: sampleArgs.subscription,
  });
});

it("is kept for a year and locked when nothing is said, and can be removable", async () => {
  const { auditStore: _, ...plain } = sampleArgs;
  expect(inputsOf(await run(plain), policy, "audit-guard-retention")).toMatchObject({
    immutabilityPeriodInDays: 365,
    locked: true,
  });
  const removable = await run({ ...sampleArgs, auditStore: { mode: "removable", retentionDays: 1 } });
  expect(inputsOf(removable, policy, "audit-guard-retention")).toMatchObject({
    immutabilityPeriodInDays: 1,
    locked: false,
  });
});

it.each([
  ["log", "prod-azure-weu-cluster-id", ["kube-audit-admin", "guard"]],
  ["etcd-key-log", "prod-azure-weu-etcd-key-vault-id", ["AuditEvent"]],
  ["models-key-log", "prod-azure-weu-models-key-vault-id", ["AuditEvent"]],
  ["models-log", "prod-azure-weu-models-id/blobServices/default", ["StorageRead", "StorageWrite", "StorageDelete"]],
])("records by %s what happens to %s", (name, resourceUri, categories) => {
  expect(inputsOf(sample, setting, `prod-azure-weu-${name}`)).toMatchObject({
    resourceUri,
    storageAccountId: "prod-azure-weu-audit-id",
    logs: categories.map((category) => ({ category, enabled: true })),
  });
});

it("records access to the records in another account", () => {
  expect(inputsOf(sample, setting, "audit-access-log")).toMatchObject({
    resourceUri: "prod-azure-weu-audit-id/blobServices/default",
    storageAccountId: "prod-azure-weu-audit-access-id",
    logs: ["StorageRead", "StorageWrite", "StorageDelete"].map((category) => ({ category, enabled: true })),
  });
});

it("lets in Azure Monitor and nobody else, and deletes what is past its time", () => {
  expect(inputsOf(sample, "azure-native:storage:StorageAccount", "weu-audit")).toMatchObject({
    networkRuleSet: { defaultAction: "Deny", bypass: "AzureServices" },
    allowBlobPublicAccess: false,
    minimumTlsVersion: "TLS1_2",
  });
  expect(inputsOf(sample, "azure-native:storage:ManagementPolicy", "audit-expiry").policy).toMatchObject({
    rules: [{ definition: { actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 731 } } } } }],
  });
});

it("says how to raise what is locked, which no provider raises, and changes nothing (terraform-provider-azurerm #28660)", async () => {
  const raised = run({ ...sampleArgs, auditStore: { retentionDays: 1095 } }, 730);
  await expect(raised).rejects.toThrow(
    /auditStore\.retentionDays: the state has insights-logs-guard of prodazureaudit\w+ kept for 730 days, and 1095 are declared\. Run az storage container immutability-policy extend --resource-group prod-azure-weu --account-name prodazur\w+ --container-name insights-logs-guard --period 1095 --if-match "\$\(az storage .* and then pulumi refresh/,
  );
  const policies = sample.resources.filter(({ type }) => type === policy);
  for (const { ignoreChanges } of policies) expect(ignoreChanges).toEqual(["immutabilityPeriodInDays"]);
});

it("refuses to lower what is locked, which nobody can", async () => {
  const lowered = run({ ...sampleArgs, auditStore: { retentionDays: 365 } }, 730);
  await expect(lowered).rejects.toThrow("kept for 730 days, and 365 are declared. Write 730: nobody can lower it.");
});

it("is locked once it has its time, since the time of what is locked is the provider's no more", async () => {
  const both = run({ ...sampleArgs, auditStore: { retentionDays: 365 } }, 30);
  await expect(both).rejects.toThrow('Of what is not locked yet: bring it up with mode: "removable" first.');
});

it("leaves an unlocked time to the provider", async () => {
  const unlocked = { ...sampleArgs, auditStore: { mode: "removable", retentionDays: 30 } } as const;
  const { resources } = await run(unlocked, 730);
  const policies = resources.filter(({ type }) => type === policy);
  expect(policies.length).toBeGreaterThan(0);
  for (const { ignoreChanges } of policies) expect(ignoreChanges).toBeUndefined();
});

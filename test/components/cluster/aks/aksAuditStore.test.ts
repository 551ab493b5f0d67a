import { expect, it } from "vitest";
import type { AksClusterArgs } from "../../../../components/cluster/aks/aksArgs.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build, keptFor, sampleArgs } from "./sample.ts";

const run = (args: AksClusterArgs = sampleArgs, lockedDays = 730, state: "Locked" | "Unlocked" = "Locked") =>
  recorded(
    () => {
      build(args);
      return {};
    },
    { ...answers, functions: { ...answers.functions, ...keptFor(lockedDays, state) } },
  );
const sample = await run();
const policy = "azure:storage/containerImmutabilityPolicy:ContainerImmutabilityPolicy";
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
  expect(inputsOf(await run(plain, 365), policy, "audit-guard-retention")).toMatchObject({
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
    /auditStore\.retentionDays: Azure keeps insights-logs-guard of prodazureaudit\w+ for 730 days, and 1095 are declared\. Run az storage container immutability-policy extend --resource-group prod-azure-weu --account-name prodazur\w+ --container-name insights-logs-guard --period 1095 --if-match '"8d59f830cb130e5"'/,
  );
  const policies = sample.resources.filter(({ type }) => type === policy);
  for (const { ignoreChanges } of policies) expect(ignoreChanges).toEqual(["immutabilityPeriodInDays"]);
});

it("refuses to lower what is locked, which nobody can", async () => {
  const lowered = run({ ...sampleArgs, auditStore: { retentionDays: 365 } }, 730);
  await expect(lowered).rejects.toThrow("for 730 days, and 365 are declared. Write 730: nobody can lower it.");
});

it("is locked once it has its time, since the time of what is locked is the provider's no more", async () => {
  const both = run({ ...sampleArgs, auditStore: { retentionDays: 365 } }, 30, "Unlocked");
  await expect(both).rejects.toThrow(
    'for 30 days, and 365 are declared. Bring them up with mode: "removable" first, and lock them then.',
  );
});

it("leaves an unlocked time to the provider, and asks Azure nothing of it", async () => {
  const unlocked = { ...sampleArgs, auditStore: { mode: "removable", retentionDays: 30 } } as const;
  const { resources } = await run(unlocked, 730);
  const policies = resources.filter(({ type }) => type === policy);
  expect(policies.length).toBeGreaterThan(0);
  for (const { ignoreChanges } of policies) expect(ignoreChanges).toBeUndefined();
});

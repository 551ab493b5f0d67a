import { expect, it } from "vitest";
import type { AksClusterArgs } from "../../../../components/cluster/aks/aksArgs.ts";
import { inputsOf, recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

const run = (args: AksClusterArgs = sampleArgs) =>
  recorded(() => {
    build(args);
    return {};
  }, answers);
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

import { expect, it } from "vitest";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { Recorder, recordStack } from "../../engine/recorder/recorder.ts";
import { runProgram } from "../../engine/runProgram.ts";
import { prod } from "../../stacks/environments/prod.ts";
import program from "../../stacks/index.ts";
import { record } from "./record.ts";

const up = (stack: string, config: Record<string, string>) =>
  runProgram(program, { project: "serin", stack, config, monitor: new Recorder(), preview: false });

it("names every key that is not set, once, and how to set it", async () => {
  await expect(
    up("prod-cluster", { "serin:awsAccount": "123456789012", "serin:dcFraStoreKey": "x" }),
  ).rejects.toMatchObject({
    subject: "Configuration is missing",
    exitCode: 2,
    problems: [
      ...["azureSubscription", "azureTenant", "azureUploadCidrs", "gcpProject", "gcpProjectNumber"].map((key) => ({
        path: `serin:${key}`,
        reason: "it is not set, and a cluster needs it (a value that is not secret).",
        fix: `Run: pulumi config set ${key} -s prod-cluster`,
      })),
      ...["dcFraKubeconfig", "dcFraStoreKeyId"].map((key) => ({
        path: `serin:${key}`,
        reason: "it is not set, and a cluster needs it (a secret).",
        fix: `Run: pulumi config set --secret ${key} -s prod-cluster`,
      })),
    ],
  });
});

it("checks a declared value that comes from configuration, and uses it", async () => {
  const id = "6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a01";
  const clouds = { "serin:azureSubscription": id, "serin:azureTenant": id };
  const cidrs = (value: string) => ({ ...clouds, "serin:azureUploadCidrs": value });
  await expect(up("prod-cluster-azure-weu", cidrs("203.0.113.7, 10.0.0.0/16,office"))).rejects.toMatchObject({
    problems: [
      { path: "serin:azureUploadCidrs[1]", reason: '"10.0.0.0/16" is private, but is seen from outside.' },
      { path: "serin:azureUploadCidrs[2]", reason: '"office" is not an IPv4 address or a block of them.' },
    ],
  });
  const config = cidrs("203.0.113.7, 198.51.100.0/24");
  const { resources } = await recordStack("prod-cluster-azure-weu", { project: "serin", program, config });
  expect(resources.find(({ type }) => type.endsWith(":AksModelStore"))?.props).toEqual({
    uploadCidrs: ["203.0.113.7", "198.51.100.0/24"],
  });
});

it.each([
  ["aws-use1", { awsAccount: "prod-account" }, ['"prod-account" is not the id of an account of AWS: 12 digits.']],
  [
    "azure-weu",
    { azureSubscription: "Pay as you go", azureTenant: "example.com", azureUploadCidrs: "203.0.113.7" },
    [
      '"Pay as you go" is not the id of a subscription, a UUID.',
      '"example.com" is not the id of a tenant of Entra, a UUID.',
    ],
  ],
  [
    "gcp-euw4",
    { gcpProject: "123456789", gcpProjectNumber: "shop-1" },
    [
      '"123456789" is not the id of a project: 6 to 30 of a-z, 0-9 and "-", first a letter.',
      '"shop-1" is not the number of a project.',
    ],
  ],
])("checks the form of the account of %s before anything is made in it", async (cluster, values, reasons) => {
  const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`serin:${key}`, value]));
  await expect(up(`prod-cluster-${cluster}`, config)).rejects.toMatchObject({
    subject: "Configuration is wrong",
    problems: reasons.map((reason) => ({ reason, fix: expect.stringContaining("prints.") })),
  });
});

it("finds an administrator who is named by the whole ARN, too, once the account is known", () => {
  const admins = ["role/platform-admin", "arn:aws:iam::123456789012:role/platform-admin"];
  const aws: ClusterSpec = { ...prod.clusters["aws-use1"], admins };
  const [key] = cloudOf(aws).configuration(aws).values;
  expect(key?.problems?.("serin:awsAccount", "210987654321")).toEqual([]);
  expect(key?.problems?.("serin:awsAccount", "123456789012")).toEqual([
    {
      path: "serin:awsAccount",
      reason:
        'with this account, admins has "role/platform-admin" twice: it is "arn:aws:iam::123456789012:role/platform-admin".',
      fix: "Name it once.",
    },
  ]);
});

it("asks a stack of one cluster for what that cluster needs", async () => {
  await expect(up("prod-cluster-gcp-euw4", {})).rejects.toMatchObject({
    problems: [{ path: "serin:gcpProject" }, { path: "serin:gcpProjectNumber" }],
  });
});

it("takes a version that pulumi config set --path has written as a number", async () => {
  const resources = (await record("dev", { "serin:versions": '{"fraud":7}' })).flatMap((stack) => stack.resources);
  const rollout = resources.find(({ name }) => name === "dc-lab-fraud-rollout");
  expect(rollout?.props.spec).toMatchObject({ template: { metadata: { labels: { version: "7" } } } });
});

it("refuses a configured version that is no text", async () => {
  await expect(up("dev-models-dc-lab", { "serin:versions": '{"fraud":true,"resnet50":["2"]}' })).rejects.toMatchObject({
    subject: "Configuration is wrong",
    problems: [
      { path: "serin:versions.fraud", reason: "true is not a version." },
      { path: "serin:versions.resnet50", reason: '["2"] is not a version.' },
    ],
  });
});

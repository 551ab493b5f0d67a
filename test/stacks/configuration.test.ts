import { expect, it } from "vitest";
import { Recorder, recordStack } from "../../engine/recorder/recorder.ts";
import { runProgram } from "../../engine/runProgram.ts";
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
  const clouds = { "serin:azureSubscription": "a", "serin:azureTenant": "b" };
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

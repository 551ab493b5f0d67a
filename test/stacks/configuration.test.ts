import { expect, it } from "vitest";
import { Recorder } from "../../engine/recorder/recorder.ts";
import { runProgram } from "../../engine/runProgram.ts";
import program from "../../stacks/index.ts";

const up = (stack: string, config: Record<string, string>) =>
  runProgram(program, { project: "serin", stack, config, monitor: new Recorder(), preview: false });

it("names every key that is not set, once, and how to set it", async () => {
  await expect(
    up("prod-cluster", { "serin:awsAccount": "123456789012", "serin:dcFraStoreKey": "x" }),
  ).rejects.toMatchObject({
    subject: "Configuration is missing",
    exitCode: 2,
    problems: [
      ...["azureSubscription", "azureTenant", "gcpProject", "gcpProjectNumber"].map((key) => ({
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

it("asks a stack of one cluster for what that cluster needs", async () => {
  await expect(up("prod-cluster-gcp-euw4", {})).rejects.toMatchObject({
    problems: [{ path: "serin:gcpProject" }, { path: "serin:gcpProjectNumber" }],
  });
});

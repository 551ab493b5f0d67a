import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deployedKubeconfigs } from "../../preflight/deployedKubeconfigs.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { test as testing } from "../../stacks/environments/test.ts";

/** Stands for the CLI; what it knows is in the environment. */
const fakeCli = `#!${process.execPath}
const knows = JSON.parse(process.env.FAKE_PULUMI);
const args = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const fail = (message) => { console.error("error: " + message); process.exit(255); };
if (args[0] === "version") console.log("v3.100.0");
if (args[0] === "stack" && args[1] === "select") {
  if (knows.login === false) fail("PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions");
  if (knows.stack === false) fail("no stack named '" + args[2] + "' found");
}
if (args[0] === "config" && args[1] === "get") {
  const value = (knows.config ?? {})[args[2]];
  if (value === undefined) fail("configuration key '" + args[2] + "' not found for stack 'prod-cluster'");
  console.log(JSON.stringify({ value, secret: true }));
}
if (args[0] === "stack" && args[1] === "output") {
  const secrets = process.argv.includes("--show-secrets");
  console.log(JSON.stringify({ kubeconfigs: secrets ? (knows.outputs ?? {}) : "[secret]" }));
}
`;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "serin-fake-cli-"));
  await writeFile(join(directory, "pulumi"), fakeCli);
  await chmod(join(directory, "pulumi"), 0o755);
  vi.stubEnv("PATH", `${directory}${delimiter}${process.env.PATH}`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

function known(environment: Environment, knows: object) {
  vi.stubEnv("FAKE_PULUMI", JSON.stringify(knows));
  return deployedKubeconfigs(environment, { workDir: directory });
}

const site = Object.entries(prod.clusters).find(([, { cloud }]) => cloud === "onPrem");
if (site === undefined || !("kubeconfig" in site[1])) throw new Error("prod is expected to have a site");
const [siteName, { kubeconfig: siteKubeconfig }] = site;

describe("kubeconfigs that Pulumi knows", () => {
  it("are a cloud's from the stack's outputs, and a site's from its configuration", async () => {
    const all = await known(prod, {
      config: { [`serin:${siteKubeconfig.secret}`]: "site" },
      outputs: { "aws-use1": "aws", [siteName]: "site" },
    });
    expect(all).toMatchObject({
      "aws-use1": { kubeconfig: "aws" },
      "gcp-euw4": { unknown: "stack prod-cluster has not made it yet", later: true },
      [siteName]: { kubeconfig: "site" },
    });
  });

  it("lack those that are not configured, with the way to do it", async () => {
    const key = `serin:${siteKubeconfig.secret}`;
    expect((await known(prod, {}))[siteName]).toEqual({
      unknown: `its kubeconfig is not set: pulumi config set --secret ${key} --stack prod-cluster`,
    });
  });

  it("are none before the stack is there, and that is as it should be", async () => {
    expect((await known(prod, { stack: false }))["aws-use1"]).toEqual({
      unknown: "stack prod-cluster is not there yet",
      later: true,
    });
  });

  it("are none without a login, and that is not", async () => {
    expect((await known(prod, { login: false }))["aws-use1"]).toEqual({
      unknown: "the Pulumi CLI says: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
    });
  });

  it("are none without the CLI, which is not installed for a question", async () => {
    vi.stubEnv("PATH", "/nowhere");
    expect((await known(prod, {}))["aws-use1"]).toEqual({ unknown: "the Pulumi CLI is not on PATH" });
  });

  it("are none of sites that manifests are rendered for", async () => {
    const rendered = Object.entries((testing as Environment).clusters).filter(
      ([, spec]) => spec.cloud === "onPrem" && spec.settings?.access?.kind === "rendered",
    );
    expect(rendered.length).toBeGreaterThan(0);
    for (const knows of [{}, { stack: false }]) {
      const all = await known(testing, knows);
      for (const [name] of rendered) {
        expect(all[name]).toEqual({
          unknown: "manifests are rendered for it, and nothing here reaches it",
          later: true,
        });
      }
    }
  });
});

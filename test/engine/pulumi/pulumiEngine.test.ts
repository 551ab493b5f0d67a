import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes, ProblemError } from "../../../components/core/problem.ts";
import { PulumiEngine, pulumiCommand } from "../../../engine/pulumi/pulumiEngine.ts";

/** Stands for the CLI: notes how it is called, knows one stack, and tells of two resources in its event log. */
const fakeCli = `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = process.getBuiltinModule("node:fs");
const args = process.argv.slice(2);
const note = { args };
if (args[0] === "config") note.input = readFileSync(0, "utf8");
appendFileSync(process.env.FAKE_LOG, JSON.stringify(note) + "\\n");
const command = args.filter((arg) => !arg.startsWith("-"));
if (command[0] === "version") console.log("v3.100.0");
if (command[0] === "stack" && command[1] === "select" && args.includes("dev-new")) {
  console.error("error: no stack named 'dev-new' found");
  process.exit(255);
}
if (command[0] === "stack" && command[1] === "select" && args.includes("dev-closed")) {
  console.error("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions");
  process.exit(255);
}
if (command[0] === "up" || command[0] === "destroy") {
  const urn = "urn:pulumi:dev-models::serin::serin:model:Model$kubernetes:core/v1:ConfigMap::fraud";
  const step = (op, custom) => ({ resOutputsEvent: { metadata: { op, urn, type: "kubernetes:core/v1:ConfigMap", new: { custom } } } });
  const failed = { diagnosticEvent: { severity: "error", message: "configmaps \\"fraud\\" is invalid\\n", urn } };
  const say = (severity, message) => ({ diagnosticEvent: { severity, message, urn } });
  const said = [say("debug", "kubeconfig: token-of-the-cluster\\n"), say("info#err", "to standard error\\n")];
  const events = [...said, step("create", true), step("same", false), ...(args.includes("dev-broken") ? [failed] : []), { cancelEvent: {} }];
  const log = args[args.indexOf("--event-log") + 1];
  writeFileSync(log, events.map((event) => JSON.stringify(event) + "\\n").join(""));
  // The Automation API looks at the log every 200 ms, and not once more when the CLI has ended.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  if (args.includes("dev-broken")) process.exit(255);
}
if (command[0] === "stack" && command[1] === "output") {
  const secrets = args.includes("--show-secrets");
  console.log(JSON.stringify({ url: "http://x", token: secrets ? "t" : "[secret]" }));
}
if (command[0] === "stack" && command[1] === "ls") {
  const held = (name, resourceCount) => ({ name, current: false, lastUpdate: "2026-11-01T00:00:00Z", resourceCount });
  const list = [held("dev-cluster", 3), held("acme/dev-models", 1), held("dev-gone", 0), { name: "dev-new", current: false }];
  console.log(JSON.stringify([...list, { name: "dev-counted-by-nobody", current: false, lastUpdate: "2026-11-01T00:00:00Z" }]));
}
if (command[0] === "stack" && command[1] === "history") console.log("[]");
if (command[0] === "stack" && command[1] === "export") {
  const urn = "urn:pulumi:dev-cluster::serin::aws:eks/cluster:Cluster::aws-use1-cluster";
  const resources = [{ urn, protect: args.includes("dev-cluster") }];
  const text = JSON.stringify({ version: 3, deployment: { resources } });
  const file = args.includes("--file") ? args[args.indexOf("--file") + 1] : undefined;
  if (file === undefined) console.log(text); else writeFileSync(file, text);
}
`;

let directory: string;
let path: string | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "serin-fake-cli-"));
  await writeFile(join(directory, "pulumi"), fakeCli);
  await chmod(join(directory, "pulumi"), 0o755);
  path = process.env.PATH;
  process.env.PATH = `${directory}${delimiter}${path}`;
  process.env.FAKE_LOG = join(directory, "calls");
});

afterEach(async () => {
  process.env.PATH = path;
  delete process.env.FAKE_LOG;
  await rm(directory, { recursive: true, force: true });
});

async function calls(): Promise<{ args: string[]; input?: string }[]> {
  const text = await readFile(join(directory, "calls"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const engine = (options = {}) => new PulumiEngine({ projectDirectory: directory, ...options });

describe("PulumiEngine", () => {
  it("deploys stack after stack with the policy pack, and returns outputs with their secrets named", async () => {
    const seen: string[] = [];
    const results = await engine().up(["dev-cluster", "dev-models"], {
      onStack: (stack, state) => seen.push(`${stack} ${state}`),
      onResource: ({ action, name }) => seen.push(`${action} ${name}`),
    });
    expect(results[1]).toEqual({
      stack: "dev-models",
      outputs: { url: "http://x", token: "t" },
      secretOutputs: ["token"],
      changes: { created: 1 },
    });
    expect(seen).toEqual([
      ...["dev-cluster started", "created fraud", "dev-cluster done"],
      ...["dev-models started", "created fraud", "dev-models done"],
    ]);
    const ups = (await calls()).filter(({ args }) => args[0] === "up").map(({ args }) => args.join(" "));
    expect(ups).toHaveLength(2);
    expect(ups[0]).toContain(`--policy-pack ${fileURLToPath(new URL("../../../policies", import.meta.url))}`);
    expect(ups[0]).toContain("--stack dev-cluster");
  });

  it("tells what the engine says to people, and not its debug messages, which hold secrets in plain text", async () => {
    const said: string[] = [];
    await engine().up(["dev-models"], { onLog: (severity, message) => said.push(`${severity} ${message}`) });
    expect(said).toEqual(["info to standard error"]);
  });

  it("deploys chains side by side, none before all are selected; one that fails ends, and the others go on", async () => {
    const seen: string[] = [];
    const chains = [["dev-broken", "dev-never"], ["dev-new", "dev-a"], ["dev-b"]];
    const onStack = (stack: string, state: string) => void seen.push(`${stack} ${state}`);
    const { results, failures } = await engine().upSideBySide(chains, { onStack }, 2);
    expect(results.map(({ stack }) => stack).sort()).toEqual(["dev-a", "dev-b", "dev-new"]);
    expect(failures.map(({ stack, error }) => [stack, error.message])).toEqual([
      ["dev-broken", expect.stringContaining("dev-broken was not deployed")],
    ]);
    expect(seen.slice(0, 2)).toEqual(["dev-broken started", "dev-new started"]);
    expect(seen).not.toContain("dev-never started");
    const commands = (await calls()).map(({ args }) => args.slice(0, 2).join(" "));
    const first = commands.findIndex((command) => command.startsWith("up "));
    expect(commands.slice(first).filter((command) => /stack (select|init)|^config/.test(command))).toEqual([]);
  });

  it("changes nothing side by side where one of the stacks cannot be selected", async () => {
    await expect(engine().upSideBySide([["dev-a"], ["dev-closed"]])).rejects.toThrow(/Run `pulumi login`/);
    expect((await calls()).filter(({ args }) => args[0] === "up")).toEqual([]);
  });

  it("lists the stacks that hold resources, without their organisation", async () => {
    expect(await engine().holding()).toEqual(["dev-cluster", "dev-models", "dev-counted-by-nobody"]);
  });

  it("makes a stack that is not there yet", async () => {
    await engine().up(["dev-new"]);
    expect((await calls()).some(({ args }) => args.slice(0, 3).join(" ") === "stack init dev-new")).toBe(true);
  });

  it("makes a stack whose secrets are encrypted as it is told", async () => {
    await engine({ secretsProvider: () => "awskms://alias/pulumi" }).up(["dev-new", "dev-models"]);
    const made = (await calls()).filter(({ args }) => args.includes("--secrets-provider"));
    expect(made.map(({ args }) => args.slice(0, 5).join(" "))).toEqual([
      "stack init dev-new --secrets-provider awskms://alias/pulumi",
    ]);
  });

  it("hands configuration over by standard input, secrets as secrets", async () => {
    const config = () => ({
      config: { "serin:kubeconfig": "k1\nk2", "serin:level": "1" },
      secretKeys: ["serin:kubeconfig"],
    });
    await engine({ config }).up(["dev-models"]);
    const set = (await calls()).filter(({ args }) => args[0] === "config");
    expect(set.map(({ args, input }) => [args.slice(1, 4), input])).toEqual([
      [["set", "serin:kubeconfig", "--secret"], "k1\nk2"],
      [["set", "serin:level", "--plaintext"], "1"],
    ]);
  });

  it("turns the engine's own diagnostics into one error", async () => {
    const error = await engine()
      .up(["dev-broken"])
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as Error).message).toBe(
      'dev-broken was not deployed:\n  - kubernetes:core/v1:ConfigMap "fraud": configmaps "fraud" is invalid',
    );
  });

  it("says what to do where nobody is logged in", async () => {
    await expect(engine().up(["dev-closed"])).rejects.toThrow(/PULUMI_ACCESS_TOKEN must be set.*Run `pulumi login`/);
  });

  it("destroys from the last stack to the first and skips those that are not there", async () => {
    await engine().destroy(["dev-cluster", "dev-new", "dev-models"]);
    const destroyed = (await calls()).filter(({ args }) => args[0] === "destroy");
    expect(destroyed.map(({ args }) => args[args.indexOf("--stack") + 1])).toEqual(["dev-models", "dev-cluster"]);
  });
});

describe("protection", () => {
  it("has its say before anything is destroyed, with the stack and what is protected in it", async () => {
    const error = await engine()
      .refuseProtected(["dev-cluster", "dev-new", "dev-models"])
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problems).toEqual([
      {
        path: "dev-cluster",
        reason: "aws-use1-cluster are protected, and everything before them would be gone by then.",
        fix: "Declare protect: false for the cluster, bring the environment up once, then take it down.",
      },
    ]);
    expect((await calls()).filter(({ args }) => args[0] === "destroy")).toEqual([]);
  });

  it("lets a removal go on where nothing is protected", async () => {
    await engine().refuseProtected(["dev-new", "dev-models"]);
  });
});

describe("pulumiCommand", () => {
  const missing = () => Promise.reject(new Error("spawn pulumi ENOENT"));

  it("uses the CLI on PATH", async () => {
    const command = await pulumiCommand({ get: PulumiCommand.get, install: missing });
    expect(command.command).toBe("pulumi");
  });

  it("installs the CLI where there is none", async () => {
    const installed = await PulumiCommand.get();
    expect(await pulumiCommand({ get: missing, install: () => Promise.resolve(installed) })).toBe(installed);
  });

  it("ends in one sentence where it cannot be had", async () => {
    const install = () => Promise.reject(new Error("\n stderr: getaddrinfo ENOTFOUND get.pulumi.com\n more"));
    const error = await pulumiCommand({ get: missing, install }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ exitCode: exitCodes.unavailable });
    expect((error as Error).message.split("\n")).toHaveLength(2);
    expect((error as Error).message).toContain("it is not on PATH and could not be installed");
  });
});

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Answer, Invocation } from "../../cli/run.ts";
import { preflight } from "../../cli/verbs/preflight.ts";
import { up } from "../../cli/verbs/up.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type * as ImageAccess from "../../preflight/imageAccess.ts";

// A unit test asks no registry.
// The path is an import, so that the compiler finds it when the file moves.
const imageAccess = vi.hoisted(() => vi.fn<typeof ImageAccess.imageAccess>(() => Promise.resolve([])));
vi.mock(import("../../preflight/imageAccess.ts"), () => ({ imageAccess }));
// What never answers is given up in a moment; the tests look at what is said then.
vi.mock(import("../../engine/kubernetes/patience.ts"), () => ({ patience: { known: 300, unknown: 300 } }));

const invocation: Invocation = { signal: new AbortController().signal, json: true };
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "serin-preflight-"));
});
// An empty home, so that no environment of this machine is seen.
beforeEach(() => void vi.stubEnv("SERIN_HOME", home));
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function refusal(answer: Promise<Answer>): Promise<ProblemError> {
  const error = await answer.catch((reason: unknown) => reason);
  if (error instanceof ProblemError) return error;
  throw new Error(`expected a problem, got ${JSON.stringify(error)}`);
}

describe("wrong input is refused", () => {
  const file = (name: string, text: string) => {
    const path = join(home, name);
    writeFileSync(path, text);
    return path;
  };

  it.each<[string, () => Promise<Answer>, string]>([
    ["an unknown environment", () => preflight("prd", {}, invocation), 'Did you mean "prod"?'],
    [
      "an unknown cluster",
      () => preflight("prod", { cluster: "aws-use2" }, invocation),
      '--cluster: "aws-use2" is not one of',
    ],
    [
      "a kubeconfig for one of several clusters",
      () => preflight("prod", { kubeconfig: "/nowhere" }, invocation),
      '--cluster: it is not given, and environment "prod" has',
    ],
    [
      "a kubeconfig that is not there",
      () => preflight("prod", { kubeconfig: "/nowhere", cluster: "aws-use1" }, invocation),
      "--kubeconfig: /nowhere",
    ],
    [
      "credentials that are not there",
      () => preflight("prod", { registryCredentials: "/nowhere" }, invocation),
      "--registry-credentials: ENOENT",
    ],
    [
      "credentials that are none",
      () => up("dev", { registryCredentials: file("config.json", "hunter2") }, invocation),
      "--registry-credentials: it has no auths.",
    ],
  ])("%s", async (_, answer, message) => {
    const error = await refusal(answer());
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("hunter2");
    expect(error.exitCode).toBe(exitCodes.badInput);
  });
});

it.each([true, undefined])("asks no registry where it is told not to: %s", async (skipRegistries) => {
  const options = { kubeconfig: join(home, "site"), ...(skipRegistries === undefined ? {} : { skipRegistries }) };
  writeFileSync(options.kubeconfig, kubeconfig(await closedPort()));
  imageAccess.mockClear();
  await preflight("dev", options, invocation);
  expect(imageAccess.mock.calls.map(([, , { skip }]) => skip)).toEqual([skipRegistries ?? false]);
});

it("cannot look at an environment that is not up", async () => {
  const error = await refusal(preflight("local", {}, invocation));
  expect(error.message).toContain("it is not up. Run: npx serin up local");
  expect(error.exitCode).toBe(exitCodes.unavailable);
});

/** Stands for the CLI: notes how it is called, and has the kubeconfig of dc-lab where it is told to. */
const fakeCli = `#!${process.execPath}
const { appendFileSync, writeFileSync } = process.getBuiltinModule("node:fs");
const args = process.argv.slice(2);
const words = args.filter((arg) => !arg.startsWith("-"));
appendFileSync(process.env.FAKE_LOG, words.slice(0, 2).join(" ") + " " + (args[args.indexOf("--stack") + 1] ?? "") + "\\n");
const { configured, published } = JSON.parse(process.env.FAKE_PULUMI);
if (words[0] === "version") console.log("v3.100.0");
if (words[0] === "config" && words[1] === "get") {
  if (configured === undefined) {
    console.error("error: configuration key '" + words[2] + "' not found for stack");
    process.exit(255);
  }
  console.log(JSON.stringify({ value: configured, secret: true }));
}
if (words[0] === "up") {
  writeFileSync(args[args.indexOf("--event-log") + 1], JSON.stringify({ cancelEvent: {} }) + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
}
if (words[0] === "stack" && words[1] === "output") console.log(JSON.stringify({ kubeconfigs: { "dc-lab": published } }));
if (words[0] === "stack" && words[1] === "ls") console.log("[]");
if (words[0] === "stack" && words[1] === "history") console.log("[]");
`;

describe("up of declared clusters", () => {
  let log: string;

  beforeEach(() => {
    writeFileSync(join(home, "pulumi"), fakeCli);
    chmodSync(join(home, "pulumi"), 0o755);
    log = join(home, "calls");
    writeFileSync(log, "");
    vi.stubEnv("PATH", `${home}${delimiter}${process.env.PATH}`);
    vi.stubEnv("FAKE_LOG", log);
  });

  async function upWith(pulumi: { configured?: string; published?: string }): Promise<ProblemError> {
    vi.stubEnv("FAKE_PULUMI", JSON.stringify(pulumi));
    return refusal(up("dev", {}, invocation));
  }
  const ups = () =>
    readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("up "));

  it("looks at a cluster that is known before anything is brought up", { timeout: 60_000 }, async () => {
    const port = await closedPort();
    const error = await upWith({ configured: kubeconfig(port) });
    expect(error.exitCode).toBe(exitCodes.preflight);
    expect(error.message).toContain('Nothing was changed: clusters of environment "dev" do not pass the preflight');
    expect(error.message).toContain(`dc-lab, API server: https://127.0.0.1:${port}: connect ECONNREFUSED`);
    expect(ups()).toEqual([]);
  });

  it("looks at a cluster that the cluster layer has just made before it installs anything", {
    timeout: 60_000,
  }, async () => {
    const error = await upWith({ published: kubeconfig(await closedPort()) });
    expect(error.message).toContain("The cluster layer is up and the rest was left alone");
    expect(error.exitCode).toBe(exitCodes.preflight);
    expect(ups()).toEqual([expect.stringContaining("dev-cluster")]);
  });
});

function kubeconfig(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server: `https://127.0.0.1:${port}` } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
  });
}

/** A port nobody listens on: it was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

import { mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa, type Options } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodes } from "../../components/core/problem.ts";

const command = fileURLToPath(new URL("../../bin/serin.js", import.meta.url));
let folder: string;
const serin = (args: readonly string[], options: Options = {}) =>
  execa(process.execPath, [command, ...args], {
    reject: false,
    timeout: 60_000,
    ...options,
    env: { NO_COLOR: "1", SERIN_HOME: join(folder, "home"), ...options.env },
  });
const noTrace = /^\s+at .+:\d+/m;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-exit-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("every end is one of the table, without a stack trace", () => {
  // What else is wrong input is told without a process of its own: test/cli/verbs.test.ts, and arguments.test.ts.
  it.each<[string, readonly string[], number, RegExp]>([
    [
      "an earlier plan that is not there",
      ["plan", "dev", "--against", "/nowhere/gone.json"],
      exitCodes.badInput,
      /--against: .*gone\.json/,
    ],
    ["a removal without a terminal", ["down", "dev"], exitCodes.badInput, /--yes: it removes stacks dev-models/],
  ])("%s", async (_, args, code, message) => {
    const { exitCode, stderr } = await serin(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(noTrace);
    expect(exitCode).toBe(code);
  });

  it("a document for programs, also when the arguments are wrong", async () => {
    const { stdout, exitCode } = await serin(["plan", "--json"]);
    expect(JSON.parse(String(stdout))).toMatchObject({ error: { exitCode: exitCodes.badInput } });
    expect(exitCode).toBe(exitCodes.badInput);
  });

  it("a full disk under the answer", async () => {
    const { exitCode, stderr } = await serin(["plan", "dev", "--json"], {
      // Any descriptor works; the type names only 1 and 2.
      stdout: openSync("/dev/full", "w") as 1,
    });
    expect(String(stderr)).not.toMatch(noTrace);
    expect(exitCode).toBe(exitCodes.unavailable);
  });

  it.each([
    ["are on a full disk", ["-c", '"$0" "$1" plan devv 2> /dev/full']],
    ["nobody reads", ["-c", '("$0" "$1" plan devv; echo $?) 2>&1 >&3 | true']],
  ])("what is wrong, though its messages %s", async (_, args) => {
    const { exitCode, stdio } = await execa("bash", [...args, process.execPath, command], {
      reject: false,
      stdio: ["ignore", "pipe", "ignore", "pipe"],
    });
    expect(stdio[3] === "" ? exitCode : Number(stdio[3])).toBe(exitCodes.badInput);
  });

  it("a folder for temporary files that is not there", async () => {
    const { exitCode, stderr } = await serin(["plan", "dev"], { env: { TMPDIR: join(folder, "missing") } });
    expect(stderr).toMatch(/missing/);
    expect(stderr).not.toMatch(noTrace);
    expect(exitCode).toBe(exitCodes.unavailable);
  });

  it("a reader that has read enough", async () => {
    const { exitCode, stderr } = await execa(
      "bash",
      ["-c", `"${process.execPath}" "${command}" preflight dev --skip-registries | true; exit \${PIPESTATUS[0]}`],
      {
        reject: false,
        env: { NO_COLOR: "1", PATH: process.env.PATH ?? "" },
      },
    );
    expect(stderr).not.toMatch(noTrace);
    expect([exitCodes.ok, exitCodes.unavailable, exitCodes.preflight]).toContain(exitCode);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s, which leaves no temporary folder", async (signal) => {
    const temporary = mkdtempSync(join(folder, "tmp-"));
    const running = serin(["plan", "prod"], { env: { TMPDIR: temporary } });
    await expect.poll(() => readdirSync(temporary).length, { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
    running.kill(signal);
    expect((await running).exitCode).toBe(exitCodes.interrupted);
    expect(readdirSync(temporary).filter((name) => name.startsWith("serin-plan-"))).toEqual([]);
  });

  it("an empty HOME puts nothing into the working directory", async () => {
    const work = mkdtempSync(join(folder, "work-"));
    const { exitCode } = await serin(["plan", "local"], { cwd: work, env: { HOME: "" } });
    expect(exitCode).toBe(exitCodes.ok);
    expect(readdirSync(work)).toEqual([]);
  });
});

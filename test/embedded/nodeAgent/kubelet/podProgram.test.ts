import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runProgram } from "../../../../embedded/nodeAgent/kubelet/podProgram.ts";
import type { ServedProcess } from "../../../../embedded/nodeAgent/kubelet/servedPod.ts";
import { identityOf, isAlive, type ProcessIdentity } from "../../../../embedded/process/processIdentity.ts";

let directory: string;
let pod: AbortController;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "serin-program-")));
  pod = new AbortController();
});
afterEach(() => {
  pod.abort();
  rmSync(directory, { recursive: true, force: true });
});

const never = new AbortController().signal;
const server = (): ServedProcess => ({
  container: "triton",
  processGroup: 1,
  directory,
  env: { MODEL: "fraud" },
  address: "127.0.0.1",
  ports: new Map(),
  ended: pod.signal,
});

function start(
  command: string[],
  { input, tty = false, gone = never }: { input?: string; tty?: boolean; gone?: AbortSignal } = {},
) {
  const [stdin, stdout, stderr, sizes] = [new PassThrough(), new PassThrough(), new PassThrough(), new PassThrough()];
  if (input !== undefined) stdin.write(input);
  if (!tty) stdin.end();
  const streams = { ...(input === undefined ? {} : { stdin }), stdout, stderr, ...(tty ? { sizes } : {}) };
  const exitCode = runProgram(command, server(), streams, { python: "python3", gone }).finally(() => {
    stdout.end();
    stderr.end();
  });
  return { exitCode, stdin, sizes, out: text(stdout), err: text(stderr), stdout };
}

describe("a program in a pod", () => {
  it("runs in the pod's folder with the pod's variables, as the same user", async () => {
    const { exitCode, out, err } = start(["sh", "-c", "pwd; echo $MODEL; id -u; echo problem >&2; exit 3"]);
    expect([await exitCode, await out, await err]).toEqual([
      3,
      `${directory}\nfraud\n${process.getuid?.()}\n`,
      "problem\n",
    ]);
  });

  it("gets the input, and its end", async () => {
    const { exitCode, out } = start(["cat"], { input: "typed" });
    expect([await exitCode, await out]).toEqual([0, "typed"]);
  });

  it("without input does not wait for any", async () => {
    const { exitCode, out } = start(["cat"]);
    expect([await exitCode, await out]).toEqual([0, ""]);
  });

  it("that is killed has 128 and the number of the signal", async () => {
    expect(await start(["sh", "-c", "kill -TERM $$"]).exitCode).toBe(143);
  });

  it.each([
    [["lz"], 'exec: "lz": executable file not found in $PATH'],
    [["/no/such"], 'exec: "/no/such": no such file'],
    [[""], "executable file not found"],
    [["/etc"], 'exec: "/etc": no such file, or it is not executable'],
  ])("that is not there is refused in the words of container runtimes: %s", async (command, expected) => {
    await expect(start(command).exitCode).rejects.toThrow(expected);
  });

  it("ends with the server of the pod, and when its caller goes, and leaves no process", async () => {
    for (const who of ["caller", "server"]) {
      const end = who === "server" ? pod : new AbortController();
      const gone = who === "server" ? never : end.signal;
      const { exitCode, stdout } = start(["sh", "-c", "sleep 60 & echo $! $$; wait"], { gone });
      const [first] = (await new Promise<[Buffer]>((resolve) => stdout.once("data", (data) => resolve([data])))) ?? [];
      const processes = first
        .toString()
        .trim()
        .split(" ")
        .map((pid) => identityOf(Number(pid)) as ProcessIdentity);
      end.abort();
      expect(await exitCode).toBe(137);
      await vi.waitFor(() => expect(processes.filter(isAlive)).toEqual([]));
    }
  });
});

describe("a program with a terminal", () => {
  it("has one, of the size of the caller's", async () => {
    const { exitCode, stdin, sizes, out } = start(["sh", "-c", "read line; tty; stty size"], { input: "", tty: true });
    sizes.write('{"Width":100,"Height":30}{"width":132,"height":43}');
    await sleep(300);
    stdin.write("go\n");
    expect(await exitCode).toBe(0);
    expect((await out).replaceAll("\r", "")).toMatch(/^go\n\/dev\/pts\/\d+\n43 132\n$/);
  });

  it("is interrupted by Ctrl-C, and ended by Ctrl-D", async () => {
    const { exitCode, stdin, stdout, out } = start(["cat"], { input: "line\n", tty: true });
    await new Promise((resolve) => stdout.once("data", resolve));
    stdin.write("\u0004");
    expect(await exitCode).toBe(0);
    expect((await out).replaceAll("\r", "")).toContain("line\nline\n");
    const sleeping = start(["sh", "-c", "echo ready; exec sleep 60"], { input: "", tty: true });
    await new Promise((resolve) => sleeping.stdout.once("data", resolve));
    sleeping.stdin.write("\u0003");
    expect(await sleeping.exitCode).toBe(130);
  });

  it("ends when its caller goes, and leaves no process", async () => {
    const end = new AbortController();
    const { exitCode, stdout } = start(["sh", "-c", "echo $$; sleep 60"], { input: "", tty: true, gone: end.signal });
    const [first] = (await new Promise<[Buffer]>((resolve) => stdout.once("data", (data) => resolve([data])))) ?? [];
    const program = identityOf(Number(first.toString())) as ProcessIdentity;
    expect(isAlive(program)).toBe(true);
    end.abort();
    expect(await exitCode).toBe(137);
    await vi.waitFor(() => expect(isAlive(program)).toBe(false));
  });

  it("that lets go of it is not hung up before it has ended", async () => {
    const script = "exec <&- >&- 2>&-; sleep 0.3; exit 5";
    expect(await start(["sh", "-c", script], { input: "", tty: true }).exitCode).toBe(5);
  });

  it("has its own exit code", async () => {
    expect(await start(["sh", "-c", "exit 9"], { input: "", tty: true }).exitCode).toBe(9);
    expect(await start(["sh", "-c", "kill -KILL $$"], { input: "", tty: true }).exitCode).toBe(137);
  });
});

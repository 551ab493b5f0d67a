import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { endProcesses, findLeftovers, markerVariable } from "../../../embedded/process/leftovers.ts";
import {
  identityOf,
  isAlive,
  type ProcessIdentity,
  parseIdentity,
  parseStat,
  signalProcess,
} from "../../../embedded/process/processIdentity.ts";

const started: ChildProcess[] = [];

function start(env: NodeJS.ProcessEnv = {}, program = "setInterval(() => {}, 1000)"): ProcessIdentity {
  const child = spawn(process.execPath, ["-e", program], { env, stdio: ["ignore", "pipe", "ignore"] });
  started.push(child);
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity === undefined) throw new Error("The test process did not start.");
  return identity;
}

function spoken(child: ChildProcess | undefined): Promise<void> {
  return new Promise((resolve) => child?.stdout?.once("data", () => resolve()));
}

afterEach(async () => {
  const gone = started.splice(0).map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  });
  await Promise.all(gone);
});

describe("the identity of a process", () => {
  it("is alive as long as its process runs, and not afterwards", async () => {
    const identity = start();
    expect(isAlive(identity)).toBe(true);
    expect(await endProcesses([identity], 1_000)).toEqual([]);
    expect(isAlive(identity)).toBe(false);
    expect(identityOf(identity.pid)).toBeUndefined();
  });

  it("differs from a later process with the same pid, and from the same pid in another boot", () => {
    const stranger = start();
    for (const recorded of [
      { ...stranger, startTicks: stranger.startTicks - 1 },
      { ...stranger, bootId: "00000000-0000-0000-0000-000000000000" },
    ]) {
      expect(isAlive(recorded)).toBe(false);
      expect(signalProcess(recorded, "SIGKILL")).toBe(false);
    }
    expect(isAlive(stranger)).toBe(true);
  });

  it("is read correctly if the command name contains spaces and parentheses", () => {
    const fields = ["S", "41", ...Array.from({ length: 17 }, () => "0"), "987654", "0"];
    expect(parseStat(`42 (a) b (c)) ${fields.join(" ")}\n`)).toEqual({
      state: "S",
      parentPid: 41,
      startTicks: 987_654,
    });
    expect(parseStat("42 (cut sh")).toBeUndefined();
  });

  it.each([
    undefined,
    null,
    {},
    { pid: 1, startTicks: 1, bootId: "" },
    { pid: 9, startTicks: 1 },
    { pid: "9", startTicks: 1, bootId: "" },
  ])("is not read from %j", (value) => {
    expect(parseIdentity(value)).toBeUndefined();
  });
});

describe("leftovers", () => {
  const dataDir = `/nowhere/serin-test-${process.pid}`;

  it("include the recorded processes that still run", () => {
    const left = start();
    const stranger = start();
    const recorded = [left, { ...stranger, startTicks: stranger.startTicks + 7 }];
    expect(findLeftovers(dataDir, recorded)).toEqual([left]);
  });

  it("include unrecorded processes with the inherited marker of the same environment only", async () => {
    const marked = start({ [markerVariable]: dataDir });
    start({ [markerVariable]: `${dataDir}-2` });
    expect(findLeftovers(dataDir, [])).toEqual([marked]);
  });

  it("never include this process or its ancestors", () => {
    const own = [process.pid, process.ppid].flatMap((pid) => identityOf(pid) ?? []);
    expect(own).toHaveLength(2);
    expect(findLeftovers(dataDir, own)).toEqual([]);
  });

  it("are ended even if they ignore SIGTERM", async () => {
    const deaf = start({}, "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)");
    await spoken(started.at(-1));
    const began = performance.now();
    expect(await endProcesses([deaf], 300)).toEqual([]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(300);
    expect(isAlive(deaf)).toBe(false);
  });
});

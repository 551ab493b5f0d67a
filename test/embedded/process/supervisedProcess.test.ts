import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BoundedLog } from "../../../embedded/process/boundedLog.ts";
import { isAlive, signalProcess } from "../../../embedded/process/processIdentity.ts";
import { SupervisedProcess } from "../../../embedded/process/supervisedProcess.ts";

let folder = "";
const running: SupervisedProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-process-"));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.stop(500)));
  rmSync(folder, { recursive: true, force: true });
});

function supervise(program: string): SupervisedProcess {
  const spec = { name: "sample", command: process.execPath, args: ["-e", program], ready: { logLine: /I am up/ } };
  const supervised = new SupervisedProcess(spec, new BoundedLog(join(folder, "sample.log")), folder, () => {});
  running.push(supervised);
  supervised.start();
  return supervised;
}

const server = "console.log('I am up'); setInterval(() => {}, 1000)";

describe("SupervisedProcess", () => {
  it("restarts a program that is killed, and logs the restart", async () => {
    const supervised = supervise(server);
    await supervised.whenReady(10_000);
    const first = supervised.status.identity;
    if (first === undefined) throw new Error("A ready process has an identity.");
    signalProcess(first, "SIGKILL");
    while (supervised.status.restarts === 0) await sleep(10);
    await supervised.whenReady(10_000);
    const { identity, restarts, lastExit, ready } = supervised.status;
    expect(identity?.pid).not.toBe(first.pid);
    expect({ restarts, lastExit, ready }).toEqual({ restarts: 1, lastExit: "SIGKILL", ready: true });
    expect(readFileSync(join(folder, "sample.log"), "utf8")).toContain("ended (SIGKILL) and is restarted");
  });

  it("finds the readiness line even if the program logs much more at the same moment", async () => {
    const supervised = supervise(
      `process.stdout.write('I am up\\n' + 'a long story\\n'.repeat(2000)); setInterval(() => {}, 1000)`,
    );
    await supervised.whenReady(10_000);
    expect(supervised.status.ready).toBe(true);
  });

  it("does not restart a program that it stops, even if the program ignores SIGTERM", async () => {
    const supervised = supervise(`process.on('SIGTERM', () => {}); ${server}`);
    await supervised.whenReady(10_000);
    const { identity } = supervised.status;
    await supervised.stop(200);
    await sleep(300);
    expect(identity !== undefined && isAlive(identity)).toBe(false);
    expect(supervised.status).toMatchObject({ restarts: 0, ready: false, lastExit: "SIGKILL" });
  });

  it("gives up on a program that keeps ending, and reports its last log line and its log file", async () => {
    const supervised = supervise("console.error('no such flag: --colour'); process.exit(3)");
    await expect(supervised.whenReady(60_000)).rejects.toMatchObject({
      exitCode: 4,
      problems: [
        {
          path: "sample",
          reason: expect.stringMatching(/ended 6 times, last with exit 3\..*no such flag: --colour/),
          fix: expect.stringContaining("sample.log"),
        },
      ],
    });
  });

  it("reports a program that cannot be started in the same way as one that keeps ending", async () => {
    const spec = { name: "absent", command: join(folder, "absent"), args: [], ready: { logLine: /never/ } };
    const supervised = new SupervisedProcess(spec, new BoundedLog(join(folder, "absent.log")), folder, () => {});
    running.push(supervised);
    supervised.start();
    await expect(supervised.whenReady(60_000)).rejects.toThrow(/absent: it did not become ready/);
  });
});

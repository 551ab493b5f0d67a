import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLog, type LogQuery } from "../../../../embedded/nodeAgent/kubelet/containerLog.ts";

let folder: string;
let log: ContainerLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-container-log-"));
  log = new ContainerLog(join(folder, "triton"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const plain: LogQuery = { follow: false, timestamps: false };

async function read(previous = false, query: Partial<LogQuery> = {}, signal = never): Promise<string | undefined> {
  const texts = log.read(previous, { ...plain, ...query }, signal);
  if (texts === undefined) return undefined;
  let all = "";
  for await (const text of texts) all += text;
  return all;
}

describe("the log of a container", () => {
  it("is there from its first run on, line by line in the format of container runtimes", async () => {
    expect(await read()).toBeUndefined();
    const run = log.start();
    run.write("stdout", Buffer.from("one\ntw"));
    run.write("stderr", Buffer.from("problem\n"));
    run.write("stdout", Buffer.from("o\nthree"));
    expect(await read()).toBe("one\nproblem\ntwo\n");
    run.end();
    expect(await read()).toBe("one\nproblem\ntwo\nthree\n");
    const lines = readFileSync(join(folder, "triton/0.log"), "utf8").split("\n");
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z stderr F problem$/);
  });

  it("splits a line without an end, and keeps a letter whole that comes in two parts", async () => {
    const run = log.start();
    run.write("stdout", Buffer.from("x".repeat(20_000)));
    const letter = Buffer.from("é\n");
    run.write("stdout", letter.subarray(0, 1));
    run.write("stdout", letter.subarray(1));
    expect(await read()).toBe(`${"x".repeat(16_384)}\n${"x".repeat(20_000 - 16_384)}é\n`);
  });

  it("is read from the end, from a time on, with times, and up to a size", async () => {
    const run = log.start();
    run.write("stdout", Buffer.from("one\ntwo\nthree\n"));
    expect(await read(false, { tailLines: 2 })).toBe("two\nthree\n");
    expect(await read(false, { tailLines: 0 })).toBe("");
    expect(await read(false, { tailLines: 9 })).toBe("one\ntwo\nthree\n");
    expect(await read(false, { since: Date.now() + 1_000 })).toBe("");
    expect(await read(false, { since: Date.now() - 60_000 })).toBe("one\ntwo\nthree\n");
    expect(await read(false, { limitBytes: 6 })).toBe("one\ntw");
    expect(await read(false, { timestamps: true, tailLines: 1 })).toMatch(/^\d{4}-\d\d-\d\dT\S+Z three\n$/);
  });

  it("of the run before is kept, and no earlier one", async () => {
    for (const word of ["first", "second", "third"]) log.start().write("stdout", Buffer.from(`${word}\n`));
    expect([await read(), await read(true)]).toEqual(["third\n", "second\n"]);
    expect(readdirSync(join(folder, "triton")).sort()).toEqual(["1.log", "2.log"]);
  });

  it("that has not been restarted has no run before; after the end the last run is that", async () => {
    log.start().write("stdout", Buffer.from("only\n"));
    expect(await read(true)).toBeUndefined();
    log.end();
    expect([await read(), await read(true)]).toEqual(["only\n", "only\n"]);
  });

  it("goes on after a restart of the node agent with the run before", async () => {
    log.start().write("stdout", Buffer.from("before\n"));
    log.end();
    log = new ContainerLog(join(folder, "triton"));
    log.start().write("stdout", Buffer.from("after\n"));
    expect([await read(), await read(true)]).toEqual(["after\n", "before\n"]);
  });

  it("is followed until the run ends, without a line lost or said twice", async () => {
    const run = log.start();
    run.write("stdout", Buffer.from("one\n"));
    const following = read(false, { follow: true });
    run.write("stdout", Buffer.from("two\n"));
    const late = log.read(false, { ...plain, follow: true }, never);
    run.write("stderr", Buffer.from("three\n"));
    run.end();
    expect(await following).toBe("one\ntwo\nthree\n");
    let all = "";
    for await (const text of late ?? []) all += text;
    expect(all).toBe("one\ntwo\nthree\n");
  });

  it("is no longer followed when the reader goes", async () => {
    log.start().write("stdout", Buffer.from("one\n"));
    const gone = new AbortController();
    const following = read(false, { follow: true }, gone.signal);
    gone.abort();
    expect(await following).toBe("one\n");
  });

  it("stays below its limit, however much is written", async () => {
    const run = log.start();
    const chunk = Buffer.from(`${"x".repeat(1_000)}\n`.repeat(1_000));
    for (let n = 0; n < 12; n += 1) run.write("stdout", chunk);
    run.write("stdout", Buffer.from("last\n"));
    const bytes = Buffer.byteLength((await read()) ?? "");
    expect(bytes).toBeGreaterThan(3 * 1024 ** 2);
    expect(bytes).toBeLessThan(8 * 1024 ** 2);
    expect(await read(false, { tailLines: 1 })).toBe("last\n");
  });
});

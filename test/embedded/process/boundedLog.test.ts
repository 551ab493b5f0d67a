import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BoundedLog } from "../../../embedded/process/boundedLog.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("BoundedLog", () => {
  it("keeps the newest lines in two files of bounded size", () => {
    const log = new BoundedLog(join(folder, "logs", "etcd.log"), 1_000);
    for (let line = 0; line < 500; line += 1) log.write(`line ${line}\n`);
    log.close();
    const names = readdirSync(join(folder, "logs"));
    expect(names.sort()).toEqual(["etcd.log", "etcd.log.1"]);
    for (const name of names) expect(statSync(join(folder, "logs", name)).size).toBeLessThanOrEqual(1_000);
    expect(readFileSync(join(folder, "logs", "etcd.log"), "utf8")).toMatch(/line 499\n$/);
  });

  it("appends to the file of the last run, and counts its size", () => {
    const file = join(folder, "a.log");
    const first = new BoundedLog(file, 20);
    first.write("0123456789\n");
    first.close();
    const second = new BoundedLog(file, 20);
    second.write("9876543210\n");
    second.close();
    expect(readFileSync(`${file}.1`, "utf8")).toBe("0123456789\n");
    expect(readFileSync(file, "utf8")).toBe("9876543210\n");
  });

  it("cuts a chunk that is larger than the whole file may be", () => {
    const log = new BoundedLog(join(folder, "b.log"), 100);
    log.write(Buffer.alloc(10_000, "x"));
    log.close();
    expect(statSync(join(folder, "b.log")).size).toBe(100);
  });
});

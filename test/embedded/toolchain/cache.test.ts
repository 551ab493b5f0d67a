import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cacheDirectory, makeScratch, removeAbandonedScratch, removeTree } from "../../../embedded/toolchain/cache.ts";
import { temporaryFolder } from "./fixtures.ts";

const deadPid = spawnSync("true").pid;
const host = hostname().replaceAll(/[^A-Za-z0-9.]/g, "_");

describe("the cache directory", () => {
  it("is where SERIN_CACHE says, and the user's own cache otherwise", () => {
    expect(cacheDirectory({ SERIN_CACHE: "/large/disk" })).toBe("/large/disk");
    expect(cacheDirectory({ SERIN_CACHE: "" })).toMatch(/\/serin$/);
  });
});

describe("scratch directories", () => {
  it("of runs that were killed are removed, those of running ones and of other machines stay", async () => {
    const cache = temporaryFolder();
    const own = await makeScratch(cache);
    for (const name of [`${host}-${deadPid}-abc`, `elsewhere-${deadPid}-abc`]) mkdirSync(join(cache, "scratch", name));
    await removeAbandonedScratch(cache);
    expect(readdirSync(join(cache, "scratch")).sort()).toEqual(
      [`elsewhere-${deadPid}-abc`, own.slice(join(cache, "scratch/").length)].sort(),
    );
  });

  it("a day old are removed whoever made them", async () => {
    const cache = temporaryFolder();
    const old = join(cache, "scratch/elsewhere-1-abc");
    mkdirSync(old, { recursive: true });
    const yesterday = Date.now() / 1000 - 25 * 60 * 60;
    utimesSync(old, yesterday, yesterday);
    await removeAbandonedScratch(cache);
    expect(existsSync(old)).toBe(false);
  });

  it("are removed even where they are read-only", async () => {
    const folder = join(temporaryFolder(), "modules");
    mkdirSync(join(folder, "a/b"), { recursive: true });
    writeFileSync(join(folder, "a/b/file"), "");
    for (const path of ["a/b/file", "a/b", "a"]) chmodSync(join(folder, path), 0o500);
    await removeTree(folder);
    expect(existsSync(folder)).toBe(false);
  });
});

import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newestSave, type SavedFiles, savedFiles, saves } from "../../../embedded/dev/savedFiles.ts";

let folder: string;
let ending: AbortController;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-saved-"));
  mkdirSync(join(folder, "1"));
  writeFileSync(join(folder, "1/model.py"), "first");
  ending = new AbortController();
});
afterEach(() => {
  ending.abort();
  rmSync(folder, { recursive: true, force: true });
});

const watch = () => saves(folder, { everyMs: 10, signal: ending.signal });
/** What comes within a time; `undefined` if nothing does. */
const within = (next: Promise<IteratorResult<SavedFiles, void>>, ms: number) =>
  Promise.race([next, sleep(ms).then(() => undefined)]);

describe("a folder that is watched", () => {
  it("is shown at once as it is", async () => {
    const { value } = await watch().next();
    expect([...(value as SavedFiles).keys()]).toEqual(["1/model.py"]);
  });

  it("is shown again after a save, and not before", async () => {
    const changes = watch();
    await changes.next();
    const next = changes.next();
    expect(await within(next, 100)).toBeUndefined();
    writeFileSync(join(folder, "1/model.py"), "second");
    expect(await within(next, 2_000)).toMatchObject({ done: false });
  });

  it("is shown after a save by a file that takes the place of another, of the same size", async () => {
    const changes = watch();
    await changes.next();
    const next = changes.next();
    writeFileSync(join(folder, "1/.model.py.new"), "third");
    utimesSync(join(folder, "1/.model.py.new"), new Date(), new Date(Date.now() + 1_000));
    expect(await within(next, 100)).toBeUndefined();
    renameSync(join(folder, "1/.model.py.new"), join(folder, "1/model.py"));
    expect(await within(next, 2_000)).toMatchObject({ done: false });
  });

  it("is shown once for several files that are saved while nobody waits", async () => {
    const changes = watch();
    await changes.next();
    for (const name of ["a", "b", "c"]) writeFileSync(join(folder, "1", name), name);
    const { value } = await changes.next();
    expect((value as SavedFiles).size).toBe(4);
    expect(await within(changes.next(), 150)).toBeUndefined();
  });

  it("is looked at soon after somebody who took long with the save before", async () => {
    const changes = watch();
    await changes.next();
    await sleep(300);
    const next = changes.next();
    writeFileSync(join(folder, "1/model.py"), "second");
    expect(await within(next, 500)).toMatchObject({ done: false });
  });

  it("is shown while it is not there, and ends with the signal", async () => {
    const changes = watch();
    await changes.next();
    rmSync(folder, { recursive: true });
    expect(((await changes.next()).value as SavedFiles).size).toBe(0);
    const next = changes.next();
    ending.abort();
    expect(await next).toMatchObject({ done: true });
  });
});

it("the newest save is the latest time of a file", () => {
  utimesSync(join(folder, "1/model.py"), 1, 7);
  expect(newestSave(savedFiles(folder))).toBe(7_000);
  expect(newestSave(new Map())).toBe(Number.NEGATIVE_INFINITY);
});

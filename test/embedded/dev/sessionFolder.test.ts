import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeSessionFolder } from "../../../embedded/dev/sessionFolder.ts";

let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "serin-sessions-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(parent, { recursive: true, force: true });
});

it("a session's folder goes with its files and its shared memory", async () => {
  const folder = await makeSessionFolder(parent);
  const memory = `/dev/shm/${folder.sharedMemoryPrefix}x`;
  writeFileSync(join(folder.path, "triton.log"), "");
  writeFileSync(memory, "");
  await folder.remove();
  expect([existsSync(folder.path), existsSync(memory)]).toEqual([false, false]);
});

it("what a session left that was killed goes with the next one, and what another has stays", async () => {
  const running = await makeSessionFolder(parent);
  mkdirSync(join(parent, "serin-dev-killed"));
  mkdirSync(join(parent, "other"));
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
  const next = await makeSessionFolder(parent);
  expect(readdirSync(parent).sort()).toEqual(
    ["other", ...[running, next].map(({ path }) => path.slice(parent.length + 1))].sort(),
  );
  await running.remove();
  await next.remove();
});

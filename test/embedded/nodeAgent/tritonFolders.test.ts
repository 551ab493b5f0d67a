import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { oldestTriton, removeFoldersOf, removeTritonFolders } from "../../../embedded/nodeAgent/tritonFolders.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-triton-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A folder that was made so many seconds after the environment. */
function made(name: string, after: number): string {
  const path = join(folder, name);
  mkdirSync(path);
  utimesSync(path, 1_000 + after, 1_000 + after);
  return path;
}
const remove = (oldest: number | undefined) => removeTritonFolders({ since: 1_000_000, folder, oldest });

it("removes what a Triton of the environment left when it was killed, and nothing else", () => {
  made("python_env_killed", 5);
  made("python_env_before", -5);
  made("python_envelope_x", 5);
  writeFileSync(join(made("python_env_filled", 5), "0"), "");
  writeFileSync(join(folder, "python_env_a_file"), "");
  remove(undefined);
  expect(readdirSync(folder).sort()).toEqual([
    "python_env_a_file",
    "python_env_before",
    "python_env_filled",
    "python_envelope_x",
  ]);
});

it("leaves the folder of a Triton that still runs", () => {
  made("python_env_killed", 5);
  made("python_env_living", 61);
  remove(1_060_000);
  expect(readdirSync(folder)).toEqual(["python_env_living"]);
});

it("knows when the oldest living Triton of this user was started", async () => {
  const program = join(folder, "tritonserver");
  copyFileSync("/bin/sleep", program);
  const before = Date.now();
  const child = spawn(program, ["60"]);
  await once(child, "spawn");
  // Another environment of this machine may have an older one.
  await expect.poll(() => oldestTriton()).toBeLessThanOrEqual(before + 1_000);
  child.kill("SIGKILL");
  await once(child, "exit");
});

it("removes the folder that one Triton has made, unless another that runs was started in the same time", () => {
  made("python_env_own", 5);
  made("python_env_other", 5);
  const names = ["python_env_own", "python_env_gone"];
  removeFoldersOf(names, { from: 1_000_000, to: 1_005_000, starts: [1_003_000], folder });
  expect(readdirSync(folder)).toContain("python_env_own");
  removeFoldersOf(names, { from: 1_000_000, to: 1_005_000, starts: [900_000, 1_020_000], folder });
  expect(readdirSync(folder)).toEqual(["python_env_other"]);
});

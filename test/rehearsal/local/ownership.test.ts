import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { requireOwn } from "../../../rehearsal/local/ownership.ts";
import { projectDirectory } from "../../../stacks/project.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "serin-own-"));
  vi.stubEnv("SERIN_HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

function broughtUpBy(owner: string | undefined): void {
  const folder = join(home, "environments", "local");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "environment.json"),
    JSON.stringify({ name: "local", modelStore: "/m", owner, askedPorts: {}, tools: {} }),
  );
}

it("refuses to change the embedded environment of another checkout, and says whose it is", () => {
  broughtUpBy("/home/ada/serin");
  expect(() => requireOwn("local")).toThrow(
    `it was brought up from /home/ada/serin, and this is ${projectDirectory}. Run the command there, write --yes to take it over`,
  );
});

it.each([
  ["there is none", () => undefined],
  ["it is this checkout's", () => broughtUpBy(projectDirectory)],
  ["an older version brought it up", () => broughtUpBy(undefined)],
])("goes on where %s", (_, before) => {
  before();
  expect(() => requireOwn("local")).not.toThrow();
});

it("takes over what it is told to", () => {
  broughtUpBy("/home/ada/serin");
  expect(() => requireOwn("local", { takeOver: true })).not.toThrow();
});

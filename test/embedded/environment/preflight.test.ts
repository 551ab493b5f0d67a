import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProblemError } from "../../../components/core/problem.ts";
import { checkRequest, checkSpace, spaceProblems } from "../../../embedded/environment/preflight.ts";
import { validateEnvironmentName } from "../../../embedded/machine/paths.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-preflight-"));
  writeFileSync(join(folder, "file"), "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problemPaths(act: () => void): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ProblemError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

describe("checkRequest", () => {
  it("accepts a folder and a port a person may use", () => {
    expect(problemPaths(() => checkRequest("local", { modelStore: folder, gatewayPort: 8080 }))).toEqual([]);
  });

  it("names everything that is wrong at once", () => {
    const act = () => checkRequest("../etc", { modelStore: join(folder, "nothing"), gatewayPort: 80 });
    expect(problemPaths(act)).toEqual(["environment", "modelStore", "gatewayPort"]);
  });

  it("does not take a file for a model store", () => {
    expect(problemPaths(() => checkRequest("local", { modelStore: join(folder, "file") }))).toEqual(["modelStore"]);
  });
});

describe("environment names", () => {
  it.each(["local", "a", "team-1", "x".repeat(40)])("accepts %s", (name) => {
    expect(validateEnvironmentName(name)).toEqual([]);
  });

  it.each(["", "-a", "a-", "Local", "a.b", "a/b", "..", "x".repeat(41), "a\nb"])("refuses %j", (name) => {
    expect(validateEnvironmentName(name)).toHaveLength(1);
  });
});

describe("disk space", () => {
  it("is looked for on the disk a folder will be on, before the folder exists", () => {
    expect(() => checkSpace(join(folder, "not", "yet", "there"))).not.toThrow();
  });

  it("is missing below one GiB, with both figures in the message", () => {
    const [problem] = spaceProblems("/data", { bavail: 10, bsize: 1024 ** 2 });
    expect(problem?.path).toBe("/data");
    expect(problem?.reason).toContain("10 MiB are free");
    expect(problem?.reason).toContain("1024 MiB are needed");
    expect(spaceProblems("/data", { bavail: 1024, bsize: 1024 ** 2 })).toEqual([]);
  });
});

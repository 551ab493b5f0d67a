import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { starterEnvironment } from "../../cli/init/starter.ts";
import { init } from "../../cli/verbs/init.ts";
import { clouds } from "../../components/cluster/clouds.ts";
import { ProblemError } from "../../components/core/problem.ts";
import { environmentProblems } from "../../stacks/environments/environmentProblems.ts";
import { recordLayers } from "../recordLayers.ts";

const invocation = { signal: new AbortController().signal, json: false };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-init-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("serin init", () => {
  it.each(Object.keys(clouds))("writes an environment on %s that is right and plans", async (cloud) => {
    const { result } = await init(
      join(folder, "p"),
      { cloud, yes: true, name: "eu-dev", model: "my-model" },
      invocation,
    );
    expect(result).toMatchObject({ environment: "eu-dev" });
    const declared = starterEnvironment({
      environment: "eu-dev",
      cloud,
      region: clouds[cloud]?.starter.region ?? "",
      domain: "models.example.com",
      model: "my-model",
      backend: "python",
    });
    expect(environmentProblems("eu-dev", declared)).toEqual([]);
    const types = (await recordLayers(declared)).map(({ type }) => type);
    expect(types).toContain("serin:model:ModelDeployment");
    const text = readFileSync(join(folder, "p/stacks/environments/eu-dev.ts"), "utf8");
    expect(text).toContain('models: { "my-model": { ...myModel, version: "1" } }');
  });

  it("overwrites nothing", async () => {
    writeFileSync(join(folder, "notes.txt"), "mine");
    await expect(init(folder, { yes: true }, invocation)).rejects.toThrow(/is not empty, and nothing is overwritten/);
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
  });

  it("begins in a repository that is empty", async () => {
    mkdirSync(join(folder, ".git"));
    await init(folder, { yes: true }, invocation);
    expect(readdirSync(folder)).toContain("Pulumi.yaml");
  });

  it("names every wrong answer by its option, and writes nothing", async () => {
    const wrong = {
      name: "prod-models",
      region: "us-esat-1",
      model: "Bad_",
      domain: "10.0.0.1",
      backend: "tf",
      yes: true,
    };
    const error = await init(join(folder, "p"), wrong, invocation).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["--name", "--region", "--model", "--domain", "--backend"]),
    );
    expect(readdirSync(folder)).toEqual([]);
    await expect(init(join(folder, "p"), { cloud: "awz", yes: true }, invocation)).rejects.toThrow(
      /--cloud: "awz" is not one of "aws", "azure", "gcp", "onPrem".*\. Did you mean "aws"\?/,
    );
  });
});

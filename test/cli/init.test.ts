import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execa } from "execa";
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

  it.each([
    ["a model by a word of TypeScript", { model: "class" }],
    ["an environment by a word of TypeScript", { name: "new" }],
    ["a model by the name of a function that its file uses", { model: "define-model" }],
    ["an environment by the name of the record", { name: "environments" }],
    ["a model by the name of its environment", { name: "fraud", model: "fraud" }],
    ["both by words", { name: "import", model: "default" }],
  ])("declares %s", async (_title, names) => {
    const target = join(folder, "p");
    const { name = "dev", model = "classifier" }: { name?: string; model?: string } = names;
    await init(target, { yes: true, ...names }, invocation);
    // The project's own packages in the place of the installed one.
    const source = new URL("../..", import.meta.url).href;
    for (const file of [`environments/${name}.ts`, "environments/index.ts", `models/${model}.ts`]) {
      const path = join(target, "stacks", file);
      writeFileSync(
        path,
        readFileSync(path, "utf8").replace('"serin/model"', JSON.stringify(`${source}components/model/index.ts`)),
      );
    }
    // By Node itself: a bundler lets some words and doubles pass.
    const index = pathToFileURL(join(target, "stacks/environments/index.ts")).href;
    const print = `console.log(JSON.stringify((await import(${JSON.stringify(index)})).environments))`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", print]);
    const environments = JSON.parse(stdout) as Record<string, { models: object }>;
    expect(Object.keys(environments)).toEqual([name]);
    expect(environmentProblems(name, environments[name])).toEqual([]);
    expect(Object.keys(environments[name]?.models ?? {})).toEqual([model]);
  });

  it.each<[string, string, object, string]>([
    ["the name of the file that registers environments", "p", { name: "index" }, '--name: "index" is the name of'],
    ["a cloud by a key of every object", "p", { cloud: "constructor" }, '--cloud: "constructor" is not one of "aws"'],
  ])("refuses %s, and writes nothing", async (_title, name, options, problem) => {
    await expect(init(join(folder, name), { yes: true, ...options }, invocation)).rejects.toThrow(problem);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a folder without a name", async () => {
    await expect(init("", { yes: true }, invocation)).rejects.toThrow("folder: it has no name.");
  });

  it("says how the project gets serin from a checkout, and Node 24 from npm", async () => {
    const { text } = await init(join(folder, "p"), { yes: true }, invocation);
    const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
    expect(text).toContain(`npm pack --silent --pack-destination . ${checkout}\n`);
    expect(text).toMatch(/npm install \.\/serin-\d+\.\d+\.\d+\.tgz /);
    const manifest = JSON.parse(readFileSync(join(folder, "p/package.json"), "utf8"));
    expect(manifest.devDependencies.node).toMatch(/^\^24\./);
    expect(manifest.allowScripts.node).toBe(true);
    const pulumiYaml = readFileSync(join(folder, "p/Pulumi.yaml"), "utf8");
    expect(pulumiYaml).toContain("\nmain: stacks/index.ts\n");
    expect(pulumiYaml).toContain("nodeargs: --max-semi-space-size=8");
  });

  it("asks for the Pulumi SDK in serin's own range, so that npm installs one and not two", async () => {
    await init(join(folder, "p"), { yes: true }, invocation);
    const [project, serin] = [join(folder, "p"), fileURLToPath(new URL("../..", import.meta.url))].map(
      (of) => JSON.parse(readFileSync(join(of, "package.json"), "utf8")).dependencies["@pulumi/pulumi"] as string,
    );
    expect(serin).toMatch(/^~3\./);
    expect(project).toBe(serin);
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

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../../components/core/problem.ts";
import { shop } from "../fixtures/shop.ts";

const command = fileURLToPath(new URL("../../bin/serin.js", import.meta.url));
const declarations = (environments: string) =>
  `const shop = ${JSON.stringify(shop)};\nexport const environments = ${environments};\n`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-declared-"));
  mkdirSync(join(folder, "stacks/environments"), { recursive: true });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: store\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

function declare(text: string): void {
  writeFileSync(join(folder, "stacks/environments/index.ts"), text);
}

function serin(...args: string[]) {
  const env = { NO_COLOR: "1", SERIN_HOME: join(folder, "home") };
  return execa(process.execPath, [command, ...args], { cwd: folder, reject: false, env });
}

describe("serin plan names", () => {
  it.each([
    ["an environment that is nothing", "{ shop: undefined }", 'environments["shop"]: it is undefined, not an object.'],
    [
      "a name that is not the key",
      '{ shop: { ...shop, name: "prod" } }',
      'name: "prod" is not "shop", the key of the environment',
    ],
    [
      "a field that throws",
      '{ shop: { ...shop, get domain() { throw new Error("no domain today") } } }',
      "domain: it cannot be read: no domain today.",
    ],
    [
      "an environment that throws",
      '{ get shop() { throw new Error("no shop today") } }',
      'environments["shop"]: it cannot be read: no shop today.',
    ],
    [
      "an error where the environments are made",
      "{ shop: shop.models.nowhere.version }",
      "stacks/environments/index.ts:2:",
    ],
  ])("%s", async (_title, environments, problem) => {
    declare(declarations(environments));
    const { exitCode, stderr } = await serin("plan", "shop");
    expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(exitCodes.badInput);
  });

  it("nothing on standard output but the answer, whatever a project's files print", async () => {
    declare(`console.log("loading");\n${declarations("{ shop: undefined }")}`);
    const { stdout, stderr } = await serin("plan", "shop", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ error: { exitCode: exitCodes.badInput } });
    expect(stderr).toContain("loading");
  });

  it("the file to register an environment in, when it has a file that is not registered", async () => {
    declare(declarations("{ shop }"));
    writeFileSync(join(folder, "stacks/environments/staging.ts"), "export const staging = {};\n");
    const { exitCode, stderr } = await serin("plan", "staging");
    expect(stderr).toContain(
      'stacks/environments/staging.ts is there, but it is not registered. Import it in stacks/environments/index.ts and add it to environments, under the key "staging".',
    );
    expect(exitCode).toBe(exitCodes.badInput);
  });

  it("how to name an environment, when the project has no `local` and none was named", async () => {
    declare(declarations("{ shop }"));
    const { exitCode, stderr } = await serin("release", "plan", "fraud");
    expect(stderr).toContain('There is no environment "local"');
    expect(stderr).toContain("It is the default of verbs about a model. Write, for example, --environment shop.");
    expect(exitCode).toBe(exitCodes.badInput);
  });

  it.each([
    ["a file that is no TypeScript", "export const environments = {", /index\.ts:1: /],
    [
      "a name that is not imported",
      "export const environments = { shop: blueGreen() };",
      /not defined\. Import it, or/,
    ],
    [
      "a file that is missing",
      'import "./staging.ts";\nexport const environments = {};',
      /Cannot find module .*staging\.ts/,
    ],
  ])("%s", async (_title, text, problem) => {
    declare(text);
    const { exitCode, stderr } = await serin("plan", "shop");
    expect(stderr).toMatch(problem);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(exitCodes.badInput);
  });
});

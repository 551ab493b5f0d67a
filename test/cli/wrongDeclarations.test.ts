import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { down } from "../../cli/verbs/down.ts";
import { plan } from "../../cli/verbs/plan.ts";
import { predict } from "../../cli/verbs/predict.ts";
import { preflight } from "../../cli/verbs/preflight.ts";
import { rehearse } from "../../cli/verbs/rehearse.ts";
import { status } from "../../cli/verbs/status.ts";
import { up } from "../../cli/verbs/up.ts";
import { exitCodes } from "../../components/core/problem.ts";
import { program } from "../../stacks/program.ts";
import { shop } from "../fixtures/shop.ts";
import { wrongShop } from "./wrongShop.fixture.ts";

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

vi.mock(import("../../stacks/project.ts"), async (original) => ({
  ...(await original()),
  environments: { shop: (await import("./wrongShop.fixture.ts")).wrongShop },
}));

describe("a wrong declaration is refused before anything is done, by", () => {
  const invocation = { signal: new AbortController().signal, json: true };
  const rehearsal = { to: "2", fault: "", timeout: "15m", report: "rehearsals", environment: "shop" };

  it.each<[string, () => unknown]>([
    ["serin plan", () => plan("shop", {}, invocation)],
    ["serin up", () => up("shop", {}, invocation)],
    ["serin preflight", () => preflight("shop", {}, invocation)],
    ["serin status", () => status("shop", {}, invocation)],
    ["serin down", () => down("shop", { yes: true }, invocation)],
    ["serin predict", () => predict("fraud", { environment: "shop" }, invocation)],
    ["serin rehearse", () => rehearse("fraud", rehearsal, invocation)],
    ["pulumi preview", () => program("shop-cluster", { shop: wrongShop })],
  ])("%s", async (_title, refuse) => {
    await expect((async () => refuse())()).rejects.toMatchObject({
      subject: 'Environment "shop" is invalid',
      problems: [
        {
          path: 'clusters["aws"].gpuPools["l4"].purchaze',
          reason: "there is no such key.",
          fix: 'Did you mean "purchase"?',
        },
        { path: "models.fraud.version", reason: "it is missing." },
      ],
      exitCode: exitCodes.badInput,
    });
  });
});

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

  it.each([
    ["a file that is no TypeScript", "export const environments = {", /index\.ts:1: /],
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

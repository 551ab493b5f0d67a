import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let project: string;

/** Node 24 comes before whatever the machine has. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
const run = (cwd: string, command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 240_000 });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-package-"));
  project = join(folder, "project");
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root, env });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  const made = run(folder, process.execPath, join(root, "bin/serin.js"), "init", project, "--yes", "--name", "play");
  expect(made.stderr).toBe("");
  // As `serin init` says, with the archive that is there already.
  const installed = run(project, "npm", "install", "--no-audit", "--no-fund", join(folder, tarball));
  expect(installed.status, installed.stderr).toBe(0);
}, 300_000);

// 65,000 files: on a busy machine that takes longer than a minute.
afterAll(() => rmSync(folder, { recursive: true, force: true }), 300_000);

describe("the package, installed in another project", () => {
  it("holds JavaScript and types, and no source, test or environment of ours", () => {
    const files = readdirSync(join(project, "node_modules/serin"), { recursive: true, encoding: "utf8" });
    expect(files).toEqual(expect.arrayContaining(["dist/components/index.js", "dist/components/index.d.ts"]));
    const sources = files.filter((file) => /(?<!\.d)\.ts$/.test(file));
    expect(sources).toEqual([]);
    expect(files.filter((file) => /environments\/(prod|dev|local)|^test\//.test(file))).toEqual([]);
  });

  it("has the pages that a plan names", () => {
    const { stdout } = run(project, "npx", "serin", "plan", "play");
    const [first] = /\S+\/first-day\.md/.exec(stdout) ?? [];
    expect(first).toBe("node_modules/serin/docs/how-to/first-day.md");
    const named = new Set(stdout.match(/(?<![\w/])docs\/[\w/-]+\.md/g));
    expect(named.size).toBeGreaterThan(1);
    for (const page of named) expect(existsSync(join(project, "node_modules/serin", page)), page).toBe(true);
    expect(existsSync(join(project, first ?? ""))).toBe(true);
  });

  it("brings one Pulumi SDK, and no second one of another version", () => {
    const copies = readdirSync(join(project, "node_modules"), { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith("@pulumi/pulumi/package.json"),
    );
    expect(copies).toEqual(["@pulumi/pulumi/package.json"]);
  });

  it("plans the environment that serin init wrote", () => {
    const planned = run(project, "npx", "serin", "plan", "play");
    expect(planned.stderr).toBe("");
    expect(planned.stdout).toMatch(/play: 3 layers, \d+ resources\n\d+ policies: 0 violations/);
    expect(planned.status).toBe(0);
  });

  it("gives types that a project of its own compiles with", () => {
    const checked = run(project, "npx", "tsc");
    expect(checked.stdout).toBe("");
    expect(checked.status).toBe(0);
  });

  it("is a library: components are built by a program that knows no environment", () => {
    writeFileSync(
      join(project, "library.ts"),
      `import * as pulumi from "@pulumi/pulumi";
const made: string[] = [];
await pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => { made.push(type); return { id: name, state: inputs }; },
  call: ({ inputs }) => inputs,
});
const { ArgoRollouts, OnPremCluster } = await import("serin");
const cluster = new OnPremCluster("lab", { kubeconfig: "{}", clusterIdentifier: "lab" });
new ArgoRollouts("lab-rollouts", { install: {} }, { providers: [cluster.provider] });
await new Promise((resolve) => setTimeout(resolve, 500));
console.log(made.filter((type) => type.startsWith("serin:")).join(" "));
`,
    );
    const ran = run(project, process.execPath, "library.ts");
    expect(ran.stderr).not.toMatch(/Error/);
    expect(ran.stdout.trim()).toBe("serin:cluster:OnPremCluster serin:platform:ArgoRollouts");
  });

  it("names the file to register an environment in, and refuses a wrong declaration by its path", () => {
    writeFileSync(join(project, "stacks/environments/staging.ts"), "export const staging = {};\n");
    const unknown = run(project, "npx", "serin", "plan", "staging");
    expect(unknown.stderr).toContain("stacks/environments/staging.ts is there, but it is not registered. Import it in");
    const file = join(project, "stacks/environments/play.ts");
    writeFileSync(file, readFileSync(file, "utf8").replace('version: "1"', 'versoin: "1"'));
    const wrong = run(project, "npx", "serin", "plan", "play");
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('models.classifier.versoin: there is no such key. Did you mean "version"?');
  });
});

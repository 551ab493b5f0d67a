import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { recordStack } from "../../engine/recorder/recorder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "examples");
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const ofEnvironments = examples.filter((name) => existsSync(join(folder, name, "stacks/environments")));

/** A stack of a plan, as far as this file reads it. */
interface Planned {
  readonly resources: readonly { readonly type: string }[];
  readonly policies: { readonly findings: readonly unknown[] };
}

describe("the examples", () => {
  it("stand in the list, each with the command that plans it", () => {
    const listed = [...readFileSync(join(folder, "README.md"), "utf8").matchAll(/^\| \[([\w-]+)\]\((\S+)\)/gm)];
    expect(listed.map(([, name]) => name).sort()).toEqual(examples.sort());
    for (const [, , link] of listed) expect(existsSync(join(folder, link ?? "")), link).toBe(true);
  });

  it.each(ofEnvironments)("%s plans where it lies, and no policy objects", async (name) => {
    const project = join(folder, name);
    const { environments } = await import(pathToFileURL(join(project, "stacks/environments/index.ts")).href);
    for (const environment of Object.keys(environments)) {
      const { stdout } = await execa(process.execPath, [join(root, "bin/serin.js"), "plan", environment, "--json"], {
        cwd: project,
      });
      const { stacks }: { stacks: Planned[] } = JSON.parse(stdout);
      expect(stacks.flatMap(({ policies }) => policies.findings)).toEqual([]);
      expect(stacks.flatMap(({ resources }) => resources.map(({ type }) => type))).toContain(
        "serin:model:ModelDeployment",
      );
    }
  });

  it("library-use declares a cluster, a platform and a model in one stack", async () => {
    const { default: program } = await import(pathToFileURL(join(folder, "library-use/index.ts")).href);
    const { resources, outputs, missingConfig } = await recordStack("dev", { project: "own-program", program });
    const components = resources.filter(({ type }) => type.startsWith("serin:")).map(({ type }) => type);
    expect(components).toEqual([
      "serin:cluster:OnPremCluster",
      "serin:platform:Prometheus",
      "serin:platform:Istio",
      "serin:platform:ArgoRollouts",
      "serin:platform:ModelNamespace",
      "serin:model:ModelDeployment",
    ]);
    expect(outputs.host).toBe("score.models.lab.example.com");
    expect(missingConfig).toEqual(["own-program:kubeconfig"]);
  });
});

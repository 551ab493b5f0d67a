import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { recordStack } from "../../engine/recorder/recorder.ts";
import { planEnvironment } from "../../plan/plan.ts";
import { planSummary } from "../../plan/planText.ts";
import { environments } from "../../stacks/environments/index.ts";
import type { Environment } from "../../stacks/program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "examples");
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const ofEnvironments = examples.filter((name) => existsSync(join(folder, name, "stacks/environments")));

const environmentsOf = (name: string): Promise<{ environments: Readonly<Record<string, Environment>> }> =>
  import(pathToFileURL(join(folder, name, "stacks/environments/index.ts")).href);

describe("the environments of this project", () => {
  it.each(Object.values(environments))(
    "$name has no violation of a policy: it can be deployed as it is",
    async (one) => {
      const plan = await planEnvironment(one, new AbortController().signal);
      const violations = plan.stacks
        .flatMap(({ policies }) => policies.findings)
        .filter(({ status, enforcement }) => status === "violation" && enforcement === "mandatory");
      plan.remove();
      expect(violations).toEqual([]);
    },
  );
});

describe("the examples", () => {
  it("stand in the list, each with the command that plans it", () => {
    const listed = [...readFileSync(join(folder, "README.md"), "utf8").matchAll(/^\| \[([\w-]+)\]\((\S+)\)/gm)];
    expect(listed.map(([, name]) => name).sort()).toEqual(examples.sort());
    for (const [, , link] of listed) expect(existsSync(join(folder, link ?? "")), link).toBe(true);
  });

  it.each(ofEnvironments)(
    "%s plans, and no policy objects: one advises a digest for a model without files",
    async (name) => {
      const example = await environmentsOf(name);
      for (const environment of Object.values(example.environments)) {
        const plan = await planEnvironment(environment, new AbortController().signal);
        const findings = plan.stacks.flatMap(({ policies }) => policies.findings);
        const withoutFiles = Object.keys(environment.models).filter(
          (model) => !existsSync(join(folder, name, "stacks/models/repository", model)),
        );
        const advised = withoutFiles.length * Object.keys(environment.clusters).length;
        expect(findings.map(({ policy, enforcement }) => `${policy} ${enforcement}`)).toEqual(
          Array<string>(advised).fill("model-require-digest advisory"),
        );
        expect(planSummary(plan)).toMatch(new RegExp(`^${environment.name}: 3 layers, \\d+ resources`, "m"));
        plan.remove();
      }
    },
  );

  it("plan where they lie, as the list says", async () => {
    const [, example = "", environment = ""] =
      /cd examples\/(\S+) && npx serin plan (\S+)/.exec(readFileSync(join(folder, "README.md"), "utf8")) ?? [];
    const { stdout } = await execa(process.execPath, [join(root, "bin/serin.js"), "plan", environment], {
      cwd: join(folder, example),
    });
    expect(stdout).toContain(`${environment}: 3 layers`);
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

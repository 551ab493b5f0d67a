import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ciFiles, ciSystems } from "../../cli/init/ciFiles.ts";
import { init } from "../../cli/verbs/init.ts";
import { listStacks } from "../../cli/verbs/stacks.ts";

const invocation = { signal: new AbortController().signal, json: false };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serin-ci-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A folder that is a project already. */
function project(): string {
  mkdirSync(join(folder, "stacks/environments"), { recursive: true });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: serin\n");
  return folder;
}

describe("serin init --ci", () => {
  it.each(ciSystems)("writes the files of %s into a project, and nothing else", async (ci) => {
    await init(project(), { ci }, invocation);
    for (const [name, text] of Object.entries(ciFiles(ci))) expect(readFileSync(join(folder, name), "utf8")).toBe(text);
    expect(existsSync(join(folder, "package.json"))).toBe(false);
    expect(statSync(join(folder, "ci/plan.sh")).mode & 0o100).toBe(0o100);
  });

  it("writes them beside a new project", async () => {
    const { result } = await init(join(folder, "p"), { ci: "github", yes: true }, invocation);
    expect((result as { files: string[] }).files).toEqual(
      expect.arrayContaining(["stacks/index.ts", ".github/workflows/serin-plan.yml", "ci/plan.sh"]),
    );
    expect(readFileSync(join(folder, "p/.gitignore"), "utf8")).toContain("plans/\n");
  });

  it("shares the scripts of two systems, and writes what is missing when it runs again", async () => {
    await init(project(), { ci: "github" }, invocation);
    await init(folder, { ci: "gitlab" }, invocation);
    rmSync(join(folder, ".gitlab-ci.yml"));
    const { text } = await init(folder, { ci: "gitlab" }, invocation);
    expect(existsSync(join(folder, ".gitlab-ci.yml"))).toBe(true);
    expect(text).toContain("plan.sh  (as it was)");
  });

  it("overwrites no file, and writes none of the others then", async () => {
    writeFileSync(join(project(), "Jenkinsfile"), "mine");
    await expect(init(folder, { ci: "jenkins" }, invocation)).rejects.toThrow(
      "Jenkinsfile: it is there, with another text",
    );
    expect(readFileSync(join(folder, "Jenkinsfile"), "utf8")).toBe("mine");
    expect(existsSync(join(folder, "ci"))).toBe(false);
  });

  it("refuses another system, and answers about a project that is there", async () => {
    await expect(init(folder, { ci: "gitlap" }, invocation)).rejects.toThrow('Did you mean "gitlab"?');
    await expect(init(project(), { ci: "github", cloud: "aws", name: "dev" }, invocation)).rejects.toThrow(
      /--name: [\s\S]*--cloud: /,
    );
  });
});

interface Job {
  readonly permissions?: Record<string, string>;
  readonly environment?: string;
  readonly if?: string;
  readonly steps?: readonly { uses?: string; with?: Record<string, unknown>; run?: string }[];
}
interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions: unknown;
  readonly jobs: Record<string, Job>;
}

const expression = (inner: string) => `$${`{{ ${inner} }}`}`;
const workflows = Object.entries(ciFiles("github")).filter(([name]) => name.endsWith(".yml"));
const workflow = (name: string) => parse(ciFiles("github")[`.github/workflows/serin-${name}.yml`] ?? "") as Workflow;

describe("the workflows of GitHub", () => {
  it.each(workflows)(
    "%s uses actions by commit, with their version, and keeps no token in the checkout",
    (_name, text) => {
      const uses = text.match(/^.*\buses:.*$/gm) ?? [];
      expect(uses.length).toBeGreaterThan(2);
      for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      const { jobs, permissions } = parse(text) as Workflow;
      expect(permissions).toEqual({});
      const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);
      for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")))
        expect(step.with?.["persist-credentials"]).toBe(false);
      // What a matrix, a branch or a pull request says is a variable of a script, never a part of it.
      for (const { run = "" } of steps) expect(run).not.toContain("${{");
    },
  );

  it("give each job the rights that it needs, and no other", () => {
    const rights = workflows.flatMap(([, text]) =>
      Object.entries((parse(text) as Workflow).jobs).map(([job, { permissions }]) => [job, permissions]),
    );
    const [read, cloud] = [{ contents: "read" }, { contents: "read", "id-token": "write" }];
    expect(rights).toEqual([
      ["plan", read],
      ["comment", { actions: "read", contents: "read", "pull-requests": "write" }],
      ["stacks", read],
      ["preflight", cloud],
      ["preview", cloud],
      ["stacks", read],
      ["deploy", cloud],
    ]);
  });

  it("plan the pull requests of forks without a secret or a token", () => {
    const text = ciFiles("github")[".github/workflows/serin-plan.yml"] ?? "";
    expect(Object.keys(workflow("plan").on)).toEqual(["pull_request"]);
    expect(text).not.toMatch(/secrets\.|github\.token|id-token|environment:/);
  });

  it("comment after the run, from the default branch, without a line of the pull request", () => {
    const { on, jobs } = workflow("comment");
    expect(Object.keys(on)).toEqual(["workflow_run"]);
    const checkouts = jobs.comment?.steps?.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts?.map((step) => step.with?.ref)).toEqual([expression("github.event.repository.default_branch")]);
    // Artifacts lie outside the checkout, where nothing that they are called is found by npm or node.
    const download = jobs.comment?.steps?.find(({ uses }) => uses?.startsWith("actions/download-artifact@"));
    expect(download?.with?.path).toBe(`${expression("runner.temp")}/plans`);
  });

  it("take names of roles and tokens from environments alone, whose rules protect them", () => {
    for (const [, text] of workflows) {
      for (const [name, job] of Object.entries((parse(text) as Workflow).jobs)) {
        const named = JSON.stringify(job);
        if (/secrets\.|id-token|vars\./.test(named)) expect(job.environment, name).toContain("matrix.environment");
      }
    }
    expect(workflow("deploy").jobs.deploy?.environment).toBe(expression("matrix.environment"));
    expect(workflow("preview").jobs.stacks?.if).toContain("head.repo.full_name == github.repository");
  });

  it.skipIf(tool("actionlint") === undefined)("pass actionlint (npm run lint:ci installs it)", () => {
    expect(
      checked(
        "actionlint",
        workflows.map(([name]) => name),
      ),
    ).toEqual({ status: 0, said: "" });
  });

  it.skipIf(tool("zizmor") === undefined)("pass zizmor (npm run lint:ci installs it)", () => {
    expect(checked("zizmor", ["--offline", "--quiet", "--persona", "auditor", "."]).status).toBe(0);
  });
});

/** Where a tool is on PATH. */
function tool(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(":")
    .map((at) => join(at, name))
    .find((file) => existsSync(file));
}

function checked(name: string, args: readonly string[]): { status: number | null; said: string } {
  for (const [file, text] of workflows) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const { status, stdout, stderr } = spawnSync(tool(name) ?? "", args, { cwd: folder, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

describe("the pipeline of GitLab", () => {
  const file = (name: string) => parse(ciFiles("gitlab")[name] ?? "") as Record<string, Record<string, unknown>>;

  it("has a template for each job that serin stacks writes, and rules that keep forks from credentials", () => {
    const written = JSON.parse(listStacks({ gitlab: true }).text ?? "") as Record<
      string,
      { extends?: string; needs?: string[] }
    >;
    const templates = file("ci/gitlab-jobs.yml");
    const jobs = Object.entries(written).filter(([name]) => name !== "include");
    expect(jobs.length).toBeGreaterThan(10);
    for (const [, job] of jobs) expect(templates).toHaveProperty([job.extends ?? ""]);
    expect(written["deploy prod"]?.needs).toEqual(["deploy test"]);
    const { comment, stacks, cloud, plan } = file(".gitlab-ci.yml");
    for (const job of [comment, stacks, cloud])
      expect(JSON.stringify(job?.rules)).toContain("$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID");
    expect(JSON.stringify(plan)).not.toMatch(/id_tokens|TOKEN|environment/);
  });
});

describe("serin stacks", () => {
  it("lists a stack of each cluster for platform and models, so that a fleet is previewed side by side", () => {
    const { environments, stacks } = listStacks({}).result as {
      environments: string[];
      stacks: { environment: string; stack: string }[];
    };
    expect(environments).toEqual(["dev", "test", "prod"]);
    const prod = stacks.filter(({ environment }) => environment === "prod").map(({ stack }) => stack);
    expect(prod[0]).toBe("prod-cluster");
    expect(prod).toContain("prod-platform-aws-use1");
    expect(prod).toContain("prod-models-aws-use1");
    expect(listStacks({ environments: true }).text).toBe("dev\ntest\nprod");
  });
});

describe("ci/plan.sh and ci/preview.sh", () => {
  /** Runs a script with no variable but PATH, with stand-ins that do what these lines of shell say. */
  function run(script: string, args: readonly string[], stands: Readonly<Record<string, string>>) {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    for (const [name, lines] of Object.entries(stands)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${lines}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    writeFileSync(join(folder, "script.sh"), ciFiles("github")[script] ?? "");
    const { status, stdout } = spawnSync("/bin/sh", ["script.sh", ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: `${bin}:/usr/bin:/bin` },
    });
    const plans = join(folder, "plans");
    const files = Object.fromEntries(readdirSync(plans).map((name) => [name, readFileSync(join(plans, name), "utf8")]));
    return { status, stdout, files };
  }

  // `npx --no -- serin <verb> …`
  const npx = `shift 3
case "$1 $2" in
  "stacks --environments") printf 'dev\\ntest\\nprod\\n' ;;
  "plan "*) [ -n "$(env | grep -v '^PATH=\\|^PWD=\\|^OLDPWD=\\|^SHLVL=\\|^_=')" ] && echo "a variable is set"
    case "$2 $(basename "$PWD")" in "test base" | "test bad") echo "$2 is wrong"; exit 2 ;; esac
    for last; do :; done
    case "$*" in *--output*) echo "\${*%% --format*}" >"$last" ;; *) echo '{}' ;; esac
    case "$2" in test) exit 3 ;; esac ;;
esac`;

  it("plan every environment with no variable set, and end with the largest exit code", () => {
    const { status, files } = run("ci/plan.sh", [], { npx });
    expect(status).toBe(3);
    expect(files).toEqual({
      "plan-dev.md": "plan dev\n",
      "plan-test.md": "plan test\n",
      "plan-prod.md": "plan prod\n",
    });
  });

  it("compare with the base, also one that a policy objects to, but not with one that has no plan", () => {
    mkdirSync(join(folder, "base"));
    const { files } = run("ci/plan.sh", ["base"], { npx });
    expect(files).toEqual({
      "plan-dev.md": "plan dev --against plans/before.json\n",
      "plan-test.md": "plan test\n",
      "plan-prod.md": "plan prod --against plans/before.json\n",
    });
  });

  it("keep what is said of an environment that cannot be planned", () => {
    const { status, files } = run("ci/plan.sh", [], { npx: npx.replace("test bad", "test $(basename $PWD)") });
    expect(status).toBe(2);
    expect(files["plan-test.txt"]).toBe("test is wrong\n");
    expect(files["plan-prod.md"]).toBe("plan prod\n");
  });

  it("end with what serin stacks ends with", () => {
    expect(run("ci/plan.sh", [], { npx: "exit 2" }).status).toBe(2);
  });

  it.each([
    [
      "a preview, with the policies",
      'case $1 in preview) echo "$*"; exit 1 ;; esac',
      1,
      "--policy-pack node_modules/serin/dist/policies",
    ],
    ["a stack that is not deployed", "exit 6", 0, "Stack dev-cluster is not there yet"],
    ["a backend that refuses", "echo no access; exit 3", 3, "no access"],
  ])("show %s", (_title, pulumi, code, text) => {
    const { status, files } = run("ci/preview.sh", ["dev-cluster"], { pulumi });
    expect(status).toBe(code);
    expect(Object.keys(files)).toEqual(["preview-dev-cluster.txt"]);
    expect(files["preview-dev-cluster.txt"]).toContain(text);
  });
});

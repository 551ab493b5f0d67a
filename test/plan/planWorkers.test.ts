import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { type Plan, planEnvironment } from "../../plan/plan.ts";
import { planJson } from "../../plan/planJson.ts";
import { planText } from "../../plan/planText.ts";
import { planInWorkers } from "../../plan/planWorkers.ts";
import { Spool } from "../../plan/spool.ts";
import { dev } from "../../stacks/environments/dev.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { environments } from "../../stacks/environments/index.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { textOf } from "./memoryPlan.ts";
import { expectChildToEndWithParent } from "./orphans.ts";

// Each worker and each policy pack takes a second to start; a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const temporary = mkdtempSync(join(tmpdir(), "serin-test-"));
beforeAll(() => void vi.stubEnv("TMPDIR", temporary));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true });
});

const lab = dev.clusters["dc-lab"];
const several: Environment = {
  ...dev,
  name: "several",
  clusters: { second: lab, "aws-use1": prod.clusters["aws-use1"], first: { ...lab, labels: { region: "elsewhere" } } },
};
const never = new AbortController().signal;

const planned = (environment: Environment, processes: number) => planEnvironment(environment, never, { processes });

/** What goes wrong, as a person would see it. */
async function failure(plan: Promise<unknown>): Promise<ProblemError> {
  const error = await plan.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemError) return error;
  throw new Error(`expected a problem, got ${error}`);
}

describe("a plan made in several processes", () => {
  it("is the plan made in one, to the letter, for people and for programs", async () => {
    const [alone, together] = [await planned(several, 1), await planned(several, 2)];
    expect(await textOf(planJson(together))).toBe(await textOf(planJson(alone)));
    expect(await textOf(planText(together))).toBe(await textOf(planText(alone)));
    const clusterStack = await urns(together, 0);
    alone.remove();
    together.remove();
    expect(clusterStack.findIndex((urn) => urn.endsWith("::first"))).toBeGreaterThan(
      clusterStack.findIndex((urn) => urn.endsWith("::several-aws-use1")),
    );
  });

  it("finds what two clusters declare under one name", async () => {
    const models = { "x-fraud": dev.models.fraud, fraud: dev.models.fraud };
    const alike = { ...dev, name: "alike", clusters: { a: lab, "a-x": lab }, models };
    const error = await failure(planned(alike, 1));
    expect(error.problems[0]).toEqual({
      path: "urn:pulumi:alike-models::serin::serin:model:ModelDeployment::a-x-fraud",
      reason: 'clusters "a" and "a-x" both have a resource of this URN.',
      fix: "Give one of the clusters, or what it names, another name.",
    });
  });

  it("fails with the problems that one process would have, all of them", async () => {
    const gpuPools = { l4: { ...lab.gpuPools.l4, gpusPerNode: 0, nodes: -1 } };
    const wrong = { ...dev, name: "wrong", clusters: { good: lab, bad: { ...lab, gpuPools } } };
    const [alone, together] = [await failure(planned(wrong, 1)), await failure(planned(wrong, 2))];
    expect(together.message).toBe(alone.message);
    expect(together.problems).toEqual(alone.problems);
    expect(together.exitCode).toBe(alone.exitCode);
    expect(together.message).toMatch(/gpusPerNode.*\n.*nodes/);
  });

  it("fails with the stack trace of a defect", async () => {
    const defective = { ...several, platform: { ...dev.platform, prometheus: null } } as unknown as Environment;
    const error = await planned(defective, 2).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(ProblemError);
    expect((error as Error).stack).toMatch(/Cannot read properties of null.*\n\s+at .*\.ts:\d+/);
  });

  it("says which clusters were being planned when a process died, how, and its last words without the secrets", async () => {
    const spool = Spool.create();
    const entry = new URL("./endingWorker.ts", import.meta.url);
    const config = { config: { "serin:dcLabKubeconfig": "hush-hush" }, secretKeys: ["serin:dcLabKubeconfig"] };
    const error = await failure(planInWorkers(several, { processes: 1, spool, signal: never, entry, config }));
    spool.remove();
    expect(error.message).toBe(
      'Environment "several" could not be planned:\n' +
        '  - clusters["second"], clusters["aws-use1"]: the process that planned it ended with code 9.\nthe heap is full of [secret]',
    );
    expect(error.exitCode).toBe(exitCodes.unavailable);
  });

  it("ends when it is interrupted, and leaves nothing on disk", async () => {
    const before = spools();
    const interruption = new AbortController();
    const plan = planEnvironment(several, interruption.signal, { processes: 2 });
    setTimeout(() => interruption.abort(new Error("Interrupted.")), 300);
    await expect(plan).rejects.toThrow("Interrupted.");
    expect(spools()).toEqual(before);
  });

  it("leaves no worker behind when its parent is killed outright", async () => {
    const module = fileURLToPath(new URL("../../plan/planWorkers.ts", import.meta.url));
    // A worker that is given no cluster waits.
    const program = `
      import childProcess from "node:child_process";
      import { syncBuiltinESMExports } from "node:module";
      const { fork } = childProcess;
      childProcess.fork = (...args) => {
        const worker = fork(...args);
        worker.once("spawn", () => console.log(worker.pid));
        worker.send = () => true;
        return worker;
      };
      syncBuiltinESMExports();
      const { planInWorkers } = await import(${JSON.stringify(module)});
      await planInWorkers({ name: "a", clusters: { b: {} } }, {
        processes: 1,
        spool: { folder: "/nowhere" },
        signal: new AbortController().signal,
      });`;
    await expectChildToEndWithParent(program);
  });
});

it("removes the resources from disk when it is told to", async () => {
  const before = spools();
  const plan = await planned({ ...dev, models: {} }, 1);
  expect(spools()).toHaveLength(before.length + 1);
  plan.remove();
  expect(spools()).toEqual(before);
});

it.each(Object.entries(environments))(
  "environment %s is plain data, which a worker gets as it is",
  (_, environment) => {
    expect(structuredClone(environment)).toStrictEqual(environment);
  },
);

async function urns(plan: Plan, stack: number): Promise<string[]> {
  const all: string[] = [];
  for await (const resources of plan.stacks[stack]?.resources() ?? []) all.push(...resources.map(({ urn }) => urn));
  return all;
}

/** The folders of plans that are on disk now. Other tests make plans at the same time, elsewhere. */
function spools(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("serin-plan-") && !name.includes("test"));
}

import { beforeEach, describe, expect, it, vi } from "vitest";
import { up } from "../../cli/verbs/up.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type * as Known from "../../preflight/deployedKubeconfigs.ts";
import type * as Examination from "../../preflight/preflight.ts";
import { prod } from "../../stacks/environments/prod.ts";

/** What stands for Pulumi, and for what the preflight finds. */
const fake = vi.hoisted(() => ({
  calls: [] as string[],
  configured: {} as Record<string, unknown>,
  holding: [] as string[],
  /** Clusters that fail the preflight: `before` the cluster layer, or after it. */
  failing: { before: [] as string[], after: [] as string[] },
  /** A stack that the engine cannot deploy. */
  broken: "",
}));

vi.mock(import("../../engine/pulumi/pulumiEngine.ts"), async (original) => {
  class Fake {
    readonly #config: (stack: string) => unknown;
    constructor({ config }: { config: (stack: string) => unknown }) {
      this.#config = config;
    }
    holding = () => Promise.resolve(fake.holding);
    async up(stacks: readonly string[]) {
      return stacks.map((stack) => this.#one(stack));
    }
    async upSideBySide(chains: readonly (readonly string[])[]) {
      const stacks = chains.flat();
      const failing = stacks.filter((stack) => stack === fake.broken);
      const error = new ProblemError("it was not deployed", [{ path: "ConfigMap a/b", reason: "it is invalid." }]);
      return {
        results: stacks.filter((stack) => stack !== fake.broken).map((stack) => this.#one(stack)),
        failures: failing.map((stack) => ({ stack, error })),
      };
    }
    #one(stack: string) {
      fake.calls.push(stack);
      fake.configured[stack] = this.#config(stack);
      const kubeconfigs = Object.fromEntries(Object.keys(prod.clusters).map((key) => [key, "after"]));
      return { stack, outputs: { kubeconfigs }, secretOutputs: [], changes: {} };
    }
  }
  return { ...(await original()), PulumiEngine: Fake as never };
});
vi.mock(import("../../preflight/deployedKubeconfigs.ts"), () => ({
  deployedKubeconfigs: (async () => ({ "dc-fra": { kubeconfig: "before" } })) as typeof Known.deployedKubeconfigs,
}));
vi.mock(import("../../preflight/preflight.ts"), async (original) => {
  class Fake {
    examine = async (clusters: Record<string, { kubeconfig: string }>): Promise<Examination.ClusterReport[]> =>
      Object.entries(clusters).map(([cluster, { kubeconfig }]) => {
        const fails = fake.failing[kubeconfig as "before" | "after"].includes(cluster);
        const check = { check: "apiServer", title: "API server", found: "timeout", needed: "an answer" };
        const checks = [{ ...check, status: fails ? ("failed" as const) : ("passed" as const), fix: "Connect" }];
        return { cluster, checks, ...(fails ? {} : { version: "v1.35.1" }) };
      });
  }
  return { ...(await original()), Preflight: Fake as never };
});

vi.mock(import("../../rehearsal/cluster/modelStates.ts"), async (original) => ({
  ...(await original()),
  modelStates: (kubeconfigs) => {
    const down = { version: "1", state: "progressing, 0 of 2 ready" };
    return Promise.resolve(Object.fromEntries(Object.keys(kubeconfigs).map((cluster) => [`${cluster}/fraud`, down])));
  },
}));

const invocation = { signal: new AbortController().signal, json: true };
const others = ["azure-weu", "gcp-euw4", "dc-fra"];
const chainsOf = (clusters: readonly string[]) =>
  clusters.flatMap((cluster) => [`prod-platform-${cluster}`, `prod-models-${cluster}`]);

beforeEach(() => {
  Object.assign(fake, { calls: [], configured: {}, holding: [], failing: { before: [], after: [] }, broken: "" });
});

describe("up of an environment of several clusters", { timeout: 60_000 }, () => {
  it("brings up a stack for each cluster, which reads the cluster layer of all", async () => {
    const { exitCode } = await up("prod", {}, invocation);
    expect(exitCode).toBe(exitCodes.ok);
    expect(fake.calls).toEqual(["prod-cluster", ...chainsOf(Object.keys(prod.clusters))]);
    expect(fake.configured["prod-cluster"]).toEqual({});
    expect(fake.configured["prod-models-dc-fra"]).toEqual({ config: { "serin:clusterStack": "prod-cluster" } });
  });

  it("goes on without a cluster that is not reached after the cluster layer, and says at the end that it waits", async () => {
    fake.failing.after = ["aws-use1"];
    const { exitCode, text, result } = await up("prod", {}, invocation);
    expect(fake.calls).toEqual(["prod-cluster", ...chainsOf(others)]);
    expect(text).toBe(
      [
        ...others.map((cluster) => `${cluster}/fraud version 1: progressing, 0 of 2 ready`),
        '3 of 4 clusters of environment "prod" are up; the others wait:',
        "  - aws-use1, API server: timeout. Needed: an answer. Connect.",
        "Run this again when that is done.",
      ].join("\n"),
    );
    expect(exitCode).toBe(exitCodes.preflight);
    expect(result).toMatchObject({ waiting: ["aws-use1"] });
  });

  it("goes on without a site that fails before the cluster layer", async () => {
    fake.failing.before = ["dc-fra"];
    const { exitCode } = await up("prod", {}, invocation);
    expect(fake.calls).toEqual(["prod-cluster", ...chainsOf(["aws-use1", "azure-weu", "gcp-euw4"])]);
    expect(exitCode).toBe(exitCodes.preflight);
  });

  it("names what could not be deployed, and what waits besides", async () => {
    fake.broken = "prod-platform-azure-weu";
    fake.failing.after = ["aws-use1"];
    const failed = up("prod", {}, invocation);
    await expect(failed).rejects.toMatchObject({ exitCode: exitCodes.incomplete });
    await expect(failed).rejects.toThrow(
      [
        '2 of 4 clusters of environment "prod" are up:',
        "  - prod-platform-azure-weu, ConfigMap a/b: it is invalid.",
        "  - aws-use1, API server: timeout",
      ].join("\n"),
    );
  });

  it("continues stacks of all clusters, which bring up all or none", async () => {
    fake.holding = ["prod-cluster", "prod-platform", "prod-models"];
    await up("prod", {}, invocation);
    expect(fake.calls).toEqual(["prod-cluster", "prod-platform", "prod-models"]);
    fake.calls = [];
    fake.failing.after = ["aws-use1"];
    const error = await up("prod", {}, invocation).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ exitCode: exitCodes.preflight });
    expect((error as Error).message).toContain(
      "prod-platform, prod-models: each holds all clusters, so all of them wait. So that one waits alone, divide them:",
    );
    expect(fake.calls).toEqual(["prod-cluster"]);
  });

  it("changes nothing where a cluster is no longer declared and its stacks still hold something", async () => {
    fake.holding = ["prod-models-old"];
    await expect(up("prod", {}, invocation)).rejects.toThrow("pulumi destroy -s prod-models-old");
    expect(fake.calls).toEqual([]);
  });
});

describe("up of the cluster layer alone", { timeout: 60_000 }, () => {
  it("makes the clusters, touches nothing on them, and says what a person does next", async () => {
    fake.failing.after = Object.keys(prod.clusters);
    const { exitCode, text, result } = await up("prod", { layer: "cluster" }, invocation);
    expect(fake.calls).toEqual(["prod-cluster"]);
    expect(text).toBe(
      [
        'The cluster layer of environment "prod" is up; platform and models are as they were.',
        'Next: connect the networks and fill the model stores, as the end of "npx serin plan prod" has it. Then: npx serin up prod',
      ].join("\n"),
    );
    expect(exitCode).toBe(exitCodes.ok);
    expect(result).toMatchObject({ stacks: [{ stack: "prod-cluster" }], waiting: [] });
  });

  it("names a site that would wait", async () => {
    fake.failing.before = ["dc-fra"];
    const { exitCode, text } = await up("prod", { layer: "cluster" }, invocation);
    expect(fake.calls).toEqual(["prod-cluster"]);
    expect(text).toContain("Until then these clusters would wait:\n  - dc-fra, API server: timeout");
    expect(exitCode).toBe(exitCodes.preflight);
  });

  it.each(["dev", "local"])("is refused for %s, whose clusters are there already", async (name) => {
    await expect(up(name, { layer: "cluster" }, invocation)).rejects.toMatchObject({
      exitCode: exitCodes.badInput,
      problems: [
        {
          path: "--layer",
          reason: `the clusters of environment "${name}" are there already, so its cluster layer makes none.`,
          fix: "Leave it out.",
        },
      ],
    });
    expect(fake.calls).toEqual([]);
  });
});

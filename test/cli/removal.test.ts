import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { down, whatGoes } from "../../cli/verbs/down.ts";
import { rehearse } from "../../cli/verbs/rehearse.ts";
import { up } from "../../cli/verbs/up.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { dev } from "../../stacks/environments/dev.ts";
import { local } from "../../stacks/environments/local.ts";

const engine = vi.hoisted(() => ({ calls: [] as string[], isProtected: true, holding: [] as string[] }));

vi.mock(import("../../engine/pulumi/pulumiEngine.ts"), async (original) => {
  class Noting {
    async refuseProtected(stacks: readonly string[]): Promise<void> {
      engine.calls.push(`look at ${stacks.join(", ")}`);
      if (engine.isProtected) throw new ProblemError("Nothing was taken down", []);
    }
    holding = () => Promise.resolve(engine.holding);
    async destroy(stacks: readonly string[]): Promise<void> {
      engine.calls.push(`destroy ${stacks.join(", ")}`);
    }
  }
  return { ...(await original()), PulumiEngine: Noting as never };
});

const invocation = { signal: new AbortController().signal, json: true };
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "serin-removal-"));
  vi.stubEnv("SERIN_HOME", home);
  engine.calls = [];
  engine.holding = [];
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

describe("down", () => {
  it("says of a cluster that stays which definitions go, and with them everybody's objects", () => {
    expect(whatGoes(dev)).toContain(
      "what runs on cluster dc-lab, and every object of a kind of Prometheus Operator, GPU Operator, Istio, Argo Rollouts, whoever made it",
    );
    expect(whatGoes(local)).toContain("what runs on cluster embedded");
    expect(whatGoes(local, "unprepared")).toContain(
      "what runs on cluster embedded, and every object of a kind of Prometheus Operator, Istio, Argo Rollouts, whoever made it",
    );
  });

  const all = "prod-cluster, prod-platform, prod-models";

  it("destroys nothing when something is protected", async () => {
    engine.isProtected = true;
    await expect(down("prod", { yes: true }, invocation)).rejects.toThrow("Nothing was taken down");
    expect(engine.calls).toEqual([`look at ${all}`]);
  });

  it("destroys what is not protected", async () => {
    engine.isProtected = false;
    await down("prod", { yes: true }, invocation);
    expect(engine.calls).toEqual([`look at ${all}`, `destroy ${all}`]);
  });

  it("destroys the stacks of single clusters too, also of one that is declared no more, and nothing of others", async () => {
    engine.isProtected = false;
    engine.holding = [
      "prod-models-aws-use1",
      "prod-platform-aws-use1",
      "prod-platform-old",
      "prod-cluster",
      "prod-eu-models",
    ];
    await down("prod", { yes: true }, invocation);
    const narrow =
      "prod-cluster, prod-platform, prod-platform-aws-use1, prod-platform-old, prod-models, prod-models-aws-use1";
    expect(engine.calls).toEqual([`look at ${narrow}`, `destroy ${narrow}`]);
  });

  it("does not even look when nobody has confirmed", async () => {
    await expect(down("prod", {}, invocation)).rejects.toThrow(/--yes: it removes stacks prod-models/);
    expect(engine.calls).toEqual([]);
  });
});

it.each([
  ["up", () => up("local", {}, invocation)],
  ["down", () => down("local", {}, invocation)],
  [
    "rehearse",
    () => rehearse("fraud", { to: "2", fault: "", timeout: "15m", report: home, environment: "local" }, invocation),
  ],
])("%s leaves the embedded environment of another checkout alone", async (_, change) => {
  const folder = join(home, "environments", "local");
  mkdirSync(folder, { recursive: true });
  const state = { name: "local", modelStore: "/m", owner: "/home/ada/serin", askedPorts: {}, tools: {} };
  writeFileSync(join(folder, "environment.json"), JSON.stringify(state));
  await expect(change()).rejects.toMatchObject({
    message: expect.stringContaining("it was brought up from /home/ada/serin"),
    exitCode: exitCodes.badInput,
  });
});

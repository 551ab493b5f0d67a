import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { abTest } from "../../components/model/strategies/abTest/abTest.ts";
import { blueGreen } from "../../components/model/strategies/blueGreen/blueGreen.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { darkLaunch } from "../../components/model/strategies/darkLaunch/darkLaunch.ts";
import { sequence } from "../../components/model/strategies/sequence/sequence.ts";
import { shadow } from "../../components/model/strategies/shadow/shadow.ts";
import type { Release } from "../../components/model/strategies/strategies.ts";
import { shown } from "../../plan/shownValues.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { environments } from "../../stacks/environments/index.ts";
import { local } from "../../stacks/environments/local.ts";
import { recordLayers } from "../recordLayers.ts";
import { rolloutsLint } from "./rolloutsLint.ts";

type Manifest = Readonly<Record<string, unknown>> & { readonly spec?: { strategy?: { canary?: object } } };

/** What lint reads: Rollouts, and the objects that it matches with them. */
const kinds = ["Rollout", "Service", "VirtualService"];

const directory = mkdtempSync(join(tmpdir(), "serin-lint-"));
let program: string;

beforeAll(async () => {
  program = await rolloutsLint();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function manifestsOf(environment: Environment): Promise<Manifest[]> {
  const resources = await recordLayers(environment);
  return resources
    .filter(({ custom, type, urn }) => {
      const kind = type.slice(type.lastIndexOf(":") + 1);
      return custom && urn.includes("ModelDeployment$") && kinds.includes(kind);
    })
    .map(({ props, type }) => ({
      apiVersion: type.endsWith(":Service") ? "v1" : undefined,
      kind: type.slice(type.lastIndexOf(":") + 1),
      ...(shown(props) as object),
    }));
}

async function lint(manifests: readonly Manifest[]): Promise<string> {
  const file = join(directory, "manifests.yaml");
  writeFileSync(file, manifests.map((manifest) => stringify(manifest)).join("---\n"));
  const { exitCode, stdout, stderr } = await execa(program, ["lint", "-f", file], { reject: false });
  return exitCode === 0 ? "" : `${stdout}${stderr}`;
}

const metric = { successes: "checkouts_total", trials: "visits_total" };

describe("kubectl argo rollouts lint", () => {
  it.each(Object.entries(environments))("accepts what environment %s emits", async (_, environment) => {
    const manifests = await manifestsOf(environment as Environment);
    expect(manifests.filter(({ kind }) => kind === "Rollout").length).toBeGreaterThan(0);
    expect(await lint(manifests)).toBe("");
  });

  it.each<[string, Release, number]>([
    ["of one pod", canary(), 1],
    ["of many pods", canary(), 40],
    ["that bakes and keeps its old pods", canary({ weights: [1, 2, 99, 100], bake: "24h", keep: "24h" }), 3],
    ["that is dark at first", darkLaunch(), 2],
    ["of phases", sequence([darkLaunch({ gate: "manual" }), canary()]), 5],
    ["of every phase", sequence([darkLaunch(), shadow(), canary(), abTest({ metric })]), 5],
    ["that switches at once", blueGreen({ previewPods: 1, gate: "manual" }), 5],
  ])("accepts a release %s", async (_, release, replicas) => {
    const { fraud } = local.models;
    expect(
      await lint(await manifestsOf({ ...local, models: { fraud: { ...fraud, stateless: true, release, replicas } } })),
    ).toBe("");
  });

  it("would refuse a weight above all traffic and a field that does not exist", async () => {
    const manifests = await manifestsOf(local);
    const changed = (change: object) =>
      manifests.map((manifest) =>
        manifest.kind === "Rollout" ? { ...manifest, spec: { ...manifest.spec, ...change } } : manifest,
      );
    expect(await lint(changed({ replicaProgressThreshold: 50 }))).toContain("replicaProgressThreshold");
    const steps = {
      strategy: {
        canary: {
          ...manifests.find(({ kind }) => kind === "Rollout")?.spec?.strategy?.canary,
          steps: [{ setWeight: 101 }],
        },
      },
    };
    expect(await lint(changed(steps))).toContain("setWeight");
  });
});

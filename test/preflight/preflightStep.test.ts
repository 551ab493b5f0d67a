import type { ListrTaskWrapper } from "listr2";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../../components/core/problem.ts";
import type { CheckResult } from "../../preflight/check.ts";
import type { KnownKubeconfig } from "../../preflight/deployedKubeconfigs.ts";
import type { ClusterReport } from "../../preflight/preflight.ts";
import { lessMadeBy, preflightChecks } from "../../preflight/preflightChecks.ts";
import { type Examined, heldBack, type Others, preflightStep } from "../../preflight/preflightStep.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { facts, needs } from "./cluster.ts";

const environment: Environment = prod;
const result = (check: string, status: CheckResult["status"]): CheckResult => ({
  check,
  title: check,
  status,
  found: `${check} as it is`,
  needed: "more",
  fix: "Do it",
});

/** Runs the step over what an examination would have found. */
async function step(
  before: "the cluster layer" | "the platform",
  reports: readonly ClusterReport[],
  progress: Examined = { preflight: [] },
  others?: Others,
) {
  const examine = (clusters: Readonly<Record<string, KnownKubeconfig>>) =>
    Promise.resolve(reports.filter(({ cluster }) => cluster in clusters));
  const known = Object.fromEntries(reports.map(({ cluster }) => [cluster, { kubeconfig: "" }]));
  const task = { title: "", output: "" };
  const lines: string[] = [];
  Object.defineProperty(task, "output", { set: (line: string) => void lines.push(line) });
  const made = preflightStep(
    environment,
    { examine },
    before,
    () => Promise.resolve(known),
    () => others,
  );
  await made.task(progress, task as unknown as ListrTaskWrapper<Examined, never, never>);
  return { title: task.title, lines, progress };
}

const reached = { server: "https://x", version: "v1.35.1" };

it("stops before anything for a site that cannot carry what is declared", async () => {
  const failing = { cluster: "dc-fra", ...reached, checks: [result("memory", "failed")] };
  const stopped = step("the cluster layer", [failing]);
  await expect(stopped).rejects.toMatchObject({
    exitCode: exitCodes.preflight,
    message:
      'Nothing was changed: clusters of environment "prod" do not pass the preflight:\n  - dc-fra, memory: memory as it is. Needed: more. Do it.',
  });
});

it("leaves to the cluster layer what it may be about to put right in a cloud, and nothing else", async () => {
  const checks = [result("pools", "failed"), result("networkPolicy", "failed")];
  const cloud = { cluster: "aws-use1", ...reached, checks };
  expect((await step("the cluster layer", [cloud])).title).toBe("Preflight: 1 cluster can carry what is declared");
  await expect(step("the platform", [cloud])).rejects.toThrow(
    "The cluster layer is up and the rest was left alone: clusters of environment",
  );
  const denied = { ...cloud, checks: [...checks, result("permissions", "failed")] };
  await expect(step("the cluster layer", [denied])).rejects.toThrow("aws-use1, permissions");
});

it("leaves to the cluster layer what it makes: version, nodes and network", () => {
  const all = preflightChecks(facts(), needs());
  const left = lessMadeBy("cluster", all).map(({ check }) => check);
  expect(left).toEqual([
    "kubernetesUpgrade",
    "permissions",
    "systems",
    "systemUpgrades",
    "monitors",
    "podSecurity",
    "storageClass",
    "ingress",
    "clock",
    "registries",
  ]);
  expect(lessMadeBy("models", all)).toEqual(all);
});

const away = { cluster: "aws-use1", server: "https://x", checks: [result("apiServer", "failed")] };

it("warns before the cluster layer of a cloud's cluster that is not reached: its endpoint may be what changes", async () => {
  const { title, lines } = await step("the cluster layer", [away]);
  expect(title).toBe("Preflight: 1 cluster not reached yet, 1 warning");
  expect(lines).toEqual(["aws-use1, apiServer: apiServer as it is"]);
  const unpullable = { ...away, checks: [...away.checks, result("registries", "failed")] };
  await expect(step("the cluster layer", [unpullable])).rejects.toThrow(/aws-use1, registries(?!.*apiServer)/s);
});

it("stops for a site that is not reached, and after the cluster layer for a cloud's cluster too", async () => {
  await expect(step("the cluster layer", [{ ...away, cluster: "dc-fra" }])).rejects.toThrow("dc-fra, apiServer");
  await expect(step("the platform", [away])).rejects.toThrow("aws-use1, apiServer");
});

describe("where the others go on", () => {
  const goOn = (before: "the cluster layer" | "the platform", reports: ClusterReport[], progress?: Examined) =>
    step(before, reports, progress, "go on");
  const passing = { cluster: "azure-weu", ...reached, checks: [result("pools", "passed")] };
  const site = { ...away, cluster: "dc-fra" };

  it("holds back a cluster that is not reached after the cluster layer, and no other", async () => {
    const { title, lines, progress } = await goOn("the platform", [away, passing]);
    expect(title).toBe("Preflight: 1 cluster can carry what is declared, 1 cluster waits");
    expect(lines).toEqual(["aws-use1, apiServer: apiServer as it is"]);
    expect(heldBack(progress.preflight).map(({ cluster }) => cluster)).toEqual(["aws-use1"]);
  });

  it("holds back a site that fails before the cluster layer, which changes nothing on it", async () => {
    const { progress } = await goOn("the cluster layer", [site, passing]);
    expect(heldBack(progress.preflight).map(({ cluster }) => cluster)).toEqual(["dc-fra"]);
  });

  it("stops before the cluster layer would change a cluster that has failed", async () => {
    const denied = { cluster: "aws-use1", ...reached, checks: [result("permissions", "failed")] };
    await expect(goOn("the cluster layer", [denied, site])).rejects.toThrow(
      /^Nothing was changed: (?!.*dc-fra).*aws-use1, permissions/s,
    );
  });

  it("stops when no cluster is left", async () => {
    const clouds = ["aws-use1", "azure-weu", "gcp-euw4"].map((cluster) => ({ ...away, cluster }));
    const { progress } = await goOn("the cluster layer", [site]);
    await expect(goOn("the platform", clouds, progress)).rejects.toMatchObject({
      message: expect.stringContaining("The cluster layer is up and the rest was left alone"),
      problems: expect.arrayContaining([expect.objectContaining({ path: "dc-fra, apiServer" })]),
    });
  });

  it("says why all wait where they cannot go on", async () => {
    const why = { path: "prod-platform", reason: "it holds all clusters.", fix: "Move its state." };
    await expect(step("the platform", [away, passing], undefined, why)).rejects.toMatchObject({
      problems: [expect.objectContaining({ path: "aws-use1, apiServer" }), why],
    });
  });
});

it("says what is not there yet, and every warning", async () => {
  const later = {
    cluster: "aws-use1",
    notLookedAt: "stack prod-cluster is not there yet",
    later: true,
    checks: [],
  } as const;
  expect((await step("the cluster layer", [later])).title).toBe("Preflight: no cluster is there yet");
  expect((await step("the platform", [])).title).toBe("Preflight: every cluster was looked at");
  const warned = { cluster: "dc-fra", ...reached, checks: [result("clock", "warning")] };
  const { title, lines } = await step("the cluster layer", [later, warned]);
  expect(title).toBe("Preflight: 1 cluster can carry what is declared, 1 cluster not there yet, 1 warning");
  expect(lines).toEqual(["dc-fra, clock: clock as it is"]);
});

it("remembers the last that was found of each cluster", async () => {
  const first = { cluster: "dc-fra", ...reached, checks: [result("clock", "warning")] };
  const { progress } = await step("the cluster layer", [first]);
  const second = { cluster: "aws-use1", ...reached, checks: [] };
  await step("the platform", [second], progress);
  expect(progress.preflight.map(({ cluster }) => cluster)).toEqual(["dc-fra", "aws-use1"]);
});

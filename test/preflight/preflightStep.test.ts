import type { ListrTaskWrapper } from "listr2";
import { expect, it } from "vitest";
import { exitCodes } from "../../components/core/problem.ts";
import type { CheckResult } from "../../preflight/check.ts";
import type { KnownKubeconfig } from "../../preflight/deployedKubeconfigs.ts";
import type { ClusterReport } from "../../preflight/preflight.ts";
import { lessMadeBy, preflightChecks } from "../../preflight/preflightChecks.ts";
import { type Examined, preflightStep } from "../../preflight/preflightStep.ts";
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
) {
  const examine = (clusters: Readonly<Record<string, KnownKubeconfig>>) =>
    Promise.resolve(reports.filter(({ cluster }) => cluster in clusters));
  const known = Object.fromEntries(reports.map(({ cluster }) => [cluster, { kubeconfig: "" }]));
  const task = { title: "", output: "" };
  const lines: string[] = [];
  Object.defineProperty(task, "output", { set: (line: string) => void lines.push(line) });
  const made = preflightStep(environment, { examine }, before, () => Promise.resolve(known));
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
    "podSecurity",
    "storageClass",
    "ingress",
    "clock",
    "registries",
  ]);
  expect(lessMadeBy("models", all)).toEqual(all);
});

it("stops for a cluster of a cloud that is there and cannot be reached", async () => {
  const away = { cluster: "aws-use1", server: "https://x", checks: [result("apiServer", "failed")] };
  await expect(step("the cluster layer", [away])).rejects.toThrow("aws-use1, apiServer");
});

it("says what is not there yet, and every warning", async () => {
  const later = {
    cluster: "aws-use1",
    notLookedAt: "stack prod-cluster is not there yet",
    later: true,
    checks: [],
  } as const;
  expect((await step("the cluster layer", [later])).title).toBe("Preflight: no cluster is there yet");
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

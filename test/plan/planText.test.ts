import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { plannedReleases } from "../../plan/plannedReleases.ts";
import { planSummary, planText } from "../../plan/planText.ts";
import { environments } from "../../stacks/environments/index.ts";
import { memoryPlan, noPolicies, services, textOf } from "./memoryPlan.ts";

it.each(Object.values(environments))("says in 80 columns how $name releases its models", async (environment) => {
  const plan = { ...memoryPlan(services({})), releases: plannedReleases(environment) };
  const lines = stripVTControlCharacters(await textOf(planText(plan))).split("\n");
  expect(lines).toContain("  fraud version 1");
  expect(lines.find((line) => line.startsWith("    canary"))).toMatch(/^ {4}canary 5 → 20 → 50 → 100 %, each after/);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

it("says that a layer is brought up as a stack for each cluster", async () => {
  const lines = stripVTControlCharacters(await textOf(planText(memoryPlan(services({}))))).split("\n");
  expect(lines.slice(0, 2)).toEqual(["dev-models", "  serin up makes a stack for each cluster: dev-models-<cluster>"]);
});

it("says in 80 columns how a release of several phases goes", async () => {
  const phases =
    "dark launch for x-user-group: internal-testers, 10m and 20 requests; then canary 5 → 20 → 50 → 100 %, each after 2m";
  const plan = { ...memoryPlan(services({})), releases: [{ model: "fraud", version: "1", release: phases }] };
  const lines = stripVTControlCharacters(await textOf(planText(plan))).split("\n");
  expect(lines.slice(lines.indexOf("  fraud version 1") + 1, -3)).toEqual([
    "    dark launch for x-user-group: internal-testers, 10m and 20 requests; then",
    "    canary 5 → 20 → 50 → 100 %, each after 2m",
    "",
  ]);
});

it("says once what a policy finds on several clusters", () => {
  const [stack] = memoryPlan().stacks;
  if (stack === undefined) throw new Error("the plan has no stack");
  const found = (name: string, message: string) => ({
    policy: "model-require-digest",
    severity: "medium" as const,
    enforcement: "advisory" as const,
    status: "violation" as const,
    urn: `urn:pulumi:dev-models::serin::kubernetes:argoproj.io/v1alpha1:Rollout::${name}`,
    message,
  });
  const of = [found("a-fraud", "no digest"), found("b-fraud", "no digest"), found("a-toxic", "a wrong digest")];
  const plan = { ...memoryPlan(), stacks: [{ ...stack, policies: { ...noPolicies, findings: of } }] };
  expect(stripVTControlCharacters(planSummary(plan)).split("\n").slice(0, 4)).toEqual([
    "! advice  model-require-digest  a-fraud, b-fraud",
    "    no digest",
    "! advice  model-require-digest  a-toxic",
    "    a wrong digest",
  ]);
});

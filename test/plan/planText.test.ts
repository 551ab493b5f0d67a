import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { plannedReleases } from "../../plan/plannedReleases.ts";
import { planText } from "../../plan/planText.ts";
import { environments } from "../../stacks/environments/index.ts";
import { memoryPlan, services, textOf } from "./memoryPlan.ts";

it.each(Object.values(environments))("says in 80 columns how $name releases its models", async (environment) => {
  const plan = { ...memoryPlan(services({})), releases: plannedReleases(environment) };
  const lines = stripVTControlCharacters(await textOf(planText(plan))).split("\n");
  expect(lines).toContain("  fraud version 1");
  expect(lines.find((line) => line.startsWith("    canary"))).toMatch(/^ {4}canary 5 → 20 → 50 → 100 %, each after/);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

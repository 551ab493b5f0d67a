import { expect, it } from "vitest";
import { changesBetween } from "../../../cli/plan/changes.ts";
import type { Plan, PlannedStack } from "../../../cli/plan/plan.ts";
import { changesText } from "../../../cli/plan/planText.ts";

const policies = {
  findings: [],
  policies: [],
  counts: { passed: 0, mandatoryViolations: 0, advisoryViolations: 0, undetermined: 0, notApplicable: 0 },
} as unknown as PlannedStack["policies"];

const plan = (inputs: Record<string, object>): Plan => ({
  environment: "dev",
  stacks: [
    {
      stack: "dev-models",
      missingConfig: [],
      policies,
      resources: Object.entries(inputs).map(([name, one]) => ({
        urn: `urn:${name}`,
        type: "kubernetes:core/v1:Service",
        name,
        inputs: one,
      })),
    },
  ],
});

it("finds nothing between a plan and itself", () => {
  const same = plan({ fraud: { metadata: { name: "fraud" } } });
  expect(changesBetween(same, same)).toEqual([]);
  expect(changesText([], same)).toContain("Nothing changes.");
});

it("names each input that differs by its path, in lists too, and what comes and goes", () => {
  const before = plan({ fraud: { metadata: { name: "fraud" }, spec: { ports: [{ port: 8000 }] } }, old: {} });
  const after = plan({ fraud: { metadata: { name: "fraud" }, spec: { ports: [{ port: 9000 }] } }, new: {} });
  expect(changesBetween(before, after).map(({ kind, resource, inputs }) => [kind, resource.name, inputs])).toEqual([
    ["update", "fraud", [{ path: "spec.ports[0].port", before: 8000, after: 9000 }]],
    ["create", "new", []],
    ["delete", "old", []],
  ]);
  expect(changesText(changesBetween(before, after), after)).toContain("spec.ports[0].port: 8000 → 9000");
});

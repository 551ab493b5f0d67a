import { expect, it } from "vitest";
import { mergedPolicies } from "../../../plan/policies/mergedPolicies.ts";
import type { PolicyFinding, PolicyResult, PolicySummary } from "../../../plan/policies/policyResult.ts";
import { noPolicies } from "../memoryPlan.ts";

type Tallies = readonly [passed: number, violated: number, undetermined: number, notApplicable: number];

const summary = (kind: PolicySummary["kind"], [passed, violated, undetermined, notApplicable]: Tallies) =>
  ({ policy: `${kind}-policy`, kind, passed, violated, undetermined, exempted: 0, notApplicable }) as PolicySummary;

const finding = (policy: string, urn: string, status: PolicyFinding["status"]): PolicyFinding => ({
  policy,
  severity: "high",
  enforcement: "mandatory",
  status,
  urn,
  message: "a message",
});

function result(resource: Tallies, stack: Tallies, ...findings: PolicyFinding[]): PolicyResult {
  return { ...noPolicies, policies: [summary("resource", resource), summary("stack", stack)], findings };
}

function tallies({ policies }: PolicyResult) {
  return policies.map((one) => [one.passed, one.violated, one.undetermined, one.notApplicable]);
}

it("adds up what was said of resources, in the order of the clusters", () => {
  const first = finding("resource-policy", "urn:a", "violation");
  const second = finding("resource-policy", "urn:b", "undetermined");
  const merged = mergedPolicies([
    result([2, 1, 0, 3], [1, 0, 0, 0], first),
    result([1, 0, 1, 4], [1, 0, 0, 0], second),
  ]);
  expect(tallies(merged)).toEqual([
    [3, 1, 1, 7],
    [1, 0, 0, 0],
  ]);
  expect(merged.findings).toEqual([first, second]);
  expect(merged.counts).toEqual({
    passed: 4,
    mandatoryViolations: 1,
    advisoryViolations: 0,
    undetermined: 1,
    exempted: 0,
    notApplicable: 7,
  });
});

it.each<[string, Tallies, Tallies, Tallies]>([
  ["passes where it passes on one and does not apply to another", [1, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]],
  ["does not apply where it applies to none", [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]],
  ["is violated where it is on one", [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]],
  ["is undetermined where it is on one", [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]],
  ["is both where it is one here and the other there", [0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0]],
])("a policy about the stack %s", (_, one, other, merged) => {
  expect(tallies(mergedPolicies([result([0, 0, 0, 0], one), result([0, 0, 0, 0], other)]))[1]).toEqual(merged);
});

it("says once what it would say of the stack for each cluster", () => {
  const same = finding("stack-policy", "urn:stack", "undetermined");
  const merged = mergedPolicies([result([0, 0, 0, 0], [0, 0, 1, 0], same), result([0, 0, 0, 0], [0, 0, 1, 0], same)]);
  expect(merged.findings).toEqual([same]);
  expect(merged.counts.undetermined).toBe(1);
});

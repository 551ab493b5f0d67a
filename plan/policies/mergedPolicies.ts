import type { PolicyCounts, PolicyFinding, PolicyResult, PolicySummary } from "./policyResult.ts";

/**
 * The result of the policies for a stack, from their results for each cluster, in this order. A policy about the stack
 * as a whole has one result: the gravest of them.
 */
export function mergedPolicies(results: readonly [PolicyResult, ...PolicyResult[]]): PolicyResult {
  const [{ pack, stack, policies: first }] = results;
  const findings = [
    ...new Map(results.flatMap((result) => result.findings).map((one) => [identity(one), one])).values(),
  ];
  const policies = first.map((policy, index) => {
    const summaries = results.flatMap((result) => result.policies[index] ?? []);
    return { ...policy, ...(policy.kind === "stack" ? gravest(summaries) : summed(summaries)) };
  });
  return { pack, stack, findings, policies, counts: countsOf(findings, policies) };
}

type Tally = "passed" | "violated" | "undetermined" | "exempted" | "notApplicable";

function summed(summaries: readonly PolicySummary[]): Record<Tally, number> {
  const sum = (tally: Tally) => summaries.reduce((total, summary) => total + summary[tally], 0);
  return {
    passed: sum("passed"),
    violated: sum("violated"),
    undetermined: sum("undetermined"),
    exempted: sum("exempted"),
    notApplicable: sum("notApplicable"),
  };
}

function gravest(summaries: readonly PolicySummary[]): Record<Tally, number> {
  const some = (tally: Tally) => summaries.some((summary) => summary[tally] > 0);
  const objects = some("violated") || some("undetermined") || some("exempted");
  return {
    passed: Number(!objects && some("passed")),
    violated: Number(some("violated")),
    undetermined: Number(some("undetermined")),
    exempted: Number(some("exempted")),
    notApplicable: Number(!objects && !some("passed")),
  };
}

/** Totals of findings and summaries. */
export function countsOf(findings: readonly PolicyFinding[], policies: readonly PolicySummary[]): PolicyCounts {
  const total = (tally: Tally) => policies.reduce((sum, policy) => sum + policy[tally], 0);
  const found = (status: PolicyFinding["status"], enforcement?: PolicyFinding["enforcement"]) =>
    findings.filter((one) => one.status === status && (enforcement ?? one.enforcement) === one.enforcement).length;
  return {
    passed: total("passed"),
    mandatoryViolations: found("violation", "mandatory"),
    advisoryViolations: found("violation", "advisory"),
    undetermined: found("undetermined"),
    exempted: found("exempted"),
    notApplicable: total("notApplicable"),
  };
}

function identity({ policy, urn, message }: PolicyFinding): string {
  return JSON.stringify([policy, urn, message]);
}

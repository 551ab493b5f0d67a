import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import type { Exemption } from "../../components/core/exemption.ts";
import { exemptionUses, objections, type Plan, rejectMandatoryViolations } from "../../plan/plan.ts";
import { planSummary } from "../../plan/planText.ts";
import type { PolicyFinding } from "../../plan/policies/policyResult.ts";
import { memoryPlan, noPolicies } from "./memoryPlan.ts";

const urn = (name: string) => `urn:pulumi:dev-models::serin::kubernetes:core/v1:Pod::${name}`;

const exemption = (name: string, expires: string): Exemption => ({
  policy: "image-require-digest",
  resource: urn(name),
  owner: "payments",
  reason: "the vendor signs from April on",
  ticket: "OPS-7",
  expires,
});
const used = exemption("fraud", "2027-03-31");
const unused = exemption("toxic", "2027-03-31");
const expired = exemption("ranker", "2027-01-31");

const finding: PolicyFinding = {
  policy: "image-require-digest",
  severity: "high",
  enforcement: "mandatory",
  status: "exempted",
  urn: urn("fraud"),
  message: "no digest.",
  exemption: used,
};

function planWith(...exemptions: Exemption[]): Plan {
  const plan = memoryPlan();
  const [stack] = plan.stacks;
  if (stack === undefined) throw new Error("the plan has no stack");
  const counts = { ...noPolicies.counts, exempted: 1 };
  const stacks = [{ ...stack, policies: { ...noPolicies, counts, findings: [finding] } }];
  return { ...plan, stacks, exemptions: exemptionUses({ exemptions }, stacks, "2027-02-01") };
}

it("tells exemptions apart that are used, unused or expired", () => {
  expect(planWith(used, unused, expired).exemptions.map(({ use }) => use)).toEqual(["used", "unused", "expired"]);
});

it("stops at one that has expired, and at no other", () => {
  expect(objections(planWith(used, unused))).toEqual([]);
  expect(() => rejectMandatoryViolations(planWith(used, expired))).toThrow(
    "exemptions[1]: the exemption from image-require-digest (payments, OPS-7) ended with 2027-01-31.",
  );
});

it("shows each with who answers for it, until when and why", () => {
  const lines = stripVTControlCharacters(planSummary(planWith(used, unused, expired))).split("\n");
  expect(lines).toEqual([
    "= exempted  image-require-digest  fraud",
    "    no digest.",
    "    until 2027-03-31, payments, OPS-7: the vendor signs from April on",
    "! unused exemption  image-require-digest  toxic",
    "    until 2027-03-31, payments, OPS-7: the vendor signs from April on",
    "✗ expired exemption  image-require-digest  ranker",
    "    until 2027-01-31, payments, OPS-7: the vendor signs from April on",
    "",
    "dev: 1 layers, 0 resources",
    "0 policies: 0 violations, 0 advice, 0 undetermined, 1 exempted",
  ]);
});

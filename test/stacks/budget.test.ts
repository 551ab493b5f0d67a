import { expect, it } from "vitest";
import { environmentProblems } from "../../stacks/environments/environmentProblems.ts";
import { prod } from "../../stacks/environments/prod.ts";

const problems = (declared: object) =>
  environmentProblems("prod", { ...prod, ...declared }).map(({ path, reason }) => `${path}: ${reason}`);

it("takes a budget and what is known of the bill", () => {
  const spending = { egressPerMonth: "500GiB", shareOfListPrice: { spot: "35%", reserved: "100%" } };
  expect(problems({ budget: { perMonth: "12000 USD", counts: "least" }, spending })).toEqual([]);
});

it("takes dollars alone, in the form of a number and USD", () => {
  for (const perMonth of ["12000", "12000 EUR", "USD 12000", "12,000 USD", 12_000]) {
    const [problem = ""] = problems({ budget: { perMonth } });
    expect(problem, String(perMonth)).toContain("an amount of money such as");
    expect(problem).toMatch(/^budget\.perMonth: /);
  }
});

it("refuses a budget of nothing, and shares of the list price that are none", () => {
  expect(problems({ budget: { perMonth: "0 USD" } })).toEqual(['budget.perMonth: "0 USD" is nothing.']);
  expect(problems({ spending: { shareOfListPrice: { spot: "0%", reserved: "120%" } } })).toEqual([
    'spending.shareOfListPrice.spot: "0%" is not above 0% and at most 100%.',
    'spending.shareOfListPrice.reserved: "120%" is not above 0% and at most 100%.',
  ]);
});

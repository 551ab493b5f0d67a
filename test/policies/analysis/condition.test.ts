import { expect, it } from "vitest";
import { acceptsNaN, asksForData } from "../../../policies/analysis/condition.ts";

it.each([
  "len(result) > 0 && result[0] == 1",
  "len(result)>=1 && result[0] < 0.01",
  "(len(result) > 0 && result[0] < 1)",
  "len(result) > 0 and all(result, # < 1)",
  "len(result) == 1 && result[0] < {{args.limit}}",
  "len(result) > 0 && result[0] < 1 || len(result) > 0 && result[0] > 5",
  "(len(result) > 0) && (result[0] < 1 || result[0] > 5)",
  "(len(result) > 0 && result[0] < 1) && result[0] > 0",
  "true && len(result) > 0",
  "0 < len(result) && result[0] < 1",
])("sees that %s asks for data first", (condition) => {
  expect(asksForData(condition)).toBe(true);
});

it.each([
  "result[0] < 1",
  "result[0] < 1 && len(result) > 0",
  "len(result) == 0 || result[0] < 1",
  "len(result) > 0 && result[0] < 1 || true",
  "len(result) >= 0 && result[0] < 1",
  "all(result, # < 1)",
  "sum(result) < 1",
  "!(len(result) == 0 || result[0] > 1)",
  "default(result, [0])[0] < 1",
  "true",
  "",
  "')' == ')' || result[0] < 1",
])("sees that %s does not", (condition) => {
  expect(asksForData(condition)).toBe(false);
});

it("tells NaN as success from NaN as failure", () => {
  expect(acceptsNaN("len(result) > 0 && (isNaN(result[0]) || result[0] < 1)")).toBe(true);
  expect(acceptsNaN("len(result) > 0 && !isNaN(result[0]) && result[0] < 1")).toBe(false);
  expect(acceptsNaN("len(result) > 0 && not isNaN(result[0])")).toBe(false);
});

import { expect, it } from "vitest";
import { canBeNaN } from "../../../policies/analysis/query.ts";

it.each([
  "sum(rate(a[1m])) / sum(rate(b[1m]))",
  "abs(a / b - 0.5)",
  "histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
  "a % b",
  "clamp_min(a / b, 1)",
  "vector(1) or a / b",
  "a / (b > bool 0)",
])("%s can be NaN", (query) => {
  expect(canBeNaN(query)).toBe(true);
});

it.each([
  'sum(istio_requests_total{path="a/b",pod=~"fraud-{{args.canary-hash}}-.+"})',
  "a / 1000",
  "2 * (a / b >= bool 0.01) + (a / b <= bool 0.001)",
  "a / b > 0.01",
  "a / (b > 0)",
  "a and a / b",
  "x offset 5m # / comment",
])("%s cannot", (query) => {
  expect(canBeNaN(query)).toBe(false);
});

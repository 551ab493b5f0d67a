import fc from "fast-check";
import { expect, it } from "vitest";
import { dnsLabel, dnsLabelProblems } from "../../../components/core/names.ts";

it("every suggestion is itself a legal name", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), fc.integer({ min: 12, max: 63 }), (value, max) => {
      const label = dnsLabel(value, max);
      return label === "" || dnsLabelProblems("name", label, max).length === 0;
    }),
  );
});

it("two long names that differ only at the end stay two", () => {
  const long = "a".repeat(70);
  expect(dnsLabel(`${long}x`)).not.toBe(dnsLabel(`${long}y`));
});

it("refuses what Kubernetes refuses and says what to write", () => {
  expect(dnsLabelProblems("models", "fraud")).toEqual([]);
  expect(dnsLabelProblems("models", "Fraud_Model")[0]).toMatchObject({ path: "models", fix: 'Write "fraud-model".' });
  expect(dnsLabelProblems("models", "7b")[0]?.reason).toContain('"7b"');
});

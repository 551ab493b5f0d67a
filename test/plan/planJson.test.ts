import fc from "fast-check";
import { expect, it } from "vitest";
import { planJson } from "../../plan/planJson.ts";
import { memoryPlan, noPolicies, services, textOf } from "./memoryPlan.ts";

it("is written in pieces exactly as it would be at once, whatever the lists are", async () => {
  const inputs = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
  const firstDay = [{ step: "accounts", by: "person" as const, parts: [{ says: "Ask" }, { command: "az login" }] }];
  const list = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), inputs, { maxKeys: 3 }).map(services);
  await fc.assert(
    fc.asyncProperty(fc.array(list, { maxLength: 4 }), fc.boolean(), async (lists, compared) => {
      const changes = compared
        ? lists.flat().map((resource) => ({ kind: "create" as const, resource, inputs: [] }))
        : undefined;
      const document = {
        environment: "dev",
        stacks: [{ stack: "dev-models", resources: lists.flat(), missingConfig: [], policies: noPolicies }],
        releases: [{ model: "fraud", version: "1", release: "canary" }],
        exemptions: [],
        cost: memoryPlan().cost,
        ...(compared ? { costChange: { kind: "unknown" as const } } : {}),
        ...(compared ? {} : { firstDay }),
        ...(changes === undefined ? {} : { changes }),
      };
      expect(
        await textOf(
          planJson(
            memoryPlan(...lists),
            changes,
            compared ? undefined : firstDay,
            compared ? { kind: "unknown" } : undefined,
          ),
        ),
      ).toBe(`${JSON.stringify(document, undefined, 2)}\n`);
    }),
  );
});

it("is never held as a whole: a cluster's layer is the largest piece", async () => {
  const lists = Array.from({ length: 50 }, (_, index) => services({ [`model-${index}`]: { data: "x".repeat(1_000) } }));
  let largest = 0;
  for await (const piece of planJson(memoryPlan(...lists))) largest = Math.max(largest, piece.length);
  expect(largest).toBeLessThan(1_500);
});

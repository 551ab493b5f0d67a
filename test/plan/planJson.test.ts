import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, it } from "vitest";
import { planJson } from "../../plan/planJson.ts";
import { reportOf } from "./formats/formatted.ts";
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

it("is what its published schema says, with findings, exemptions and changes of every kind", async () => {
  const schema = JSON.parse(readFileSync(new URL("../../plan/plan.schema.json", import.meta.url), "utf8"));
  const validate = new Ajv.default({ strict: false, validateSchema: false }).compile(schema);
  const resource = services({ a: { spec: {} } })[0];
  if (resource === undefined) throw new Error("there is no resource");
  const changes = (["create", "update", "delete"] as const).map((kind) => ({
    kind,
    resource,
    inputs: [{ path: "spec", before: 1, after: undefined }],
  }));
  const { plan } = reportOf();
  const firstDay = [{ step: "accounts", by: "person" as const, parts: [{ says: "Ask" }, { command: "az login" }] }];
  for (const text of [planJson(plan, changes), planJson(plan, undefined, firstDay)]) {
    validate(JSON.parse(await textOf(text)));
    expect(validate.errors).toBeNull();
  }
  validate({ ...JSON.parse(await textOf(planJson(plan))), exemptions: [{}] });
  expect(validate.errors).not.toBeNull();
});

it("is never held as a whole: a cluster's layer is the largest piece", async () => {
  const lists = Array.from({ length: 50 }, (_, index) => services({ [`model-${index}`]: { data: "x".repeat(1_000) } }));
  let largest = 0;
  for await (const piece of planJson(memoryPlan(...lists))) largest = Math.max(largest, piece.length);
  expect(largest).toBeLessThan(1_500);
});

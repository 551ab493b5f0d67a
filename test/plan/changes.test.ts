import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { changesBetween, readPlan } from "../../plan/changes.ts";
import type { Plan } from "../../plan/plan.ts";
import { planJson } from "../../plan/planJson.ts";
import { changesText } from "../../plan/planText.ts";
import { memoryPlan, services, textOf } from "./memoryPlan.ts";

/** An earlier plan as `--against` reads it. */
async function written(plan: Plan) {
  const folder = mkdtempSync(join(tmpdir(), "serin-plan-test-"));
  try {
    const file = join(folder, "before.json");
    writeFileSync(file, await textOf(planJson(plan)));
    return readPlan(file, "dev");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it("finds nothing between a plan and itself", async () => {
  const same = memoryPlan(services({ fraud: { metadata: { name: "fraud" } } }));
  const changes = await changesBetween(await written(same), same);
  expect(changes).toEqual([]);
  expect(changesText(changes, same, { kind: "unknown" })).toContain("Nothing changes.");
});

it("names each input that differs by its path, in lists too, and what comes and goes", async () => {
  const before = memoryPlan(
    services({ fraud: { metadata: { name: "fraud" }, spec: { ports: [{ port: 8000 }] } }, old: {} }),
  );
  const after = memoryPlan(
    services({ fraud: { metadata: { name: "fraud" }, spec: { ports: [{ port: 9000 }] } } }),
    services({ new: {} }),
  );
  const changes = await changesBetween(await written(before), after);
  expect(changes.map(({ kind, resource, inputs }) => [kind, resource.name, inputs])).toEqual([
    ["update", "fraud", [{ path: "spec.ports[0].port", before: 8000, after: 9000 }]],
    ["create", "new", []],
    ["delete", "old", []],
  ]);
  expect(changesText(changes, after, { kind: "unknown" })).toContain("spec.ports[0].port: 8000 → 9000");
});

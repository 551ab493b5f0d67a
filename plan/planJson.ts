import type { CostChange } from "./cost/costChange.ts";
import type { Plan } from "./plan.ts";
import type { Change, PlannedStep } from "./planDocument.ts";

/**
 * The text of a `PlanDocument`, as `JSON.stringify` with two spaces would write it, in pieces of one cluster and layer.
 */
export async function* planJson(
  { environment, stacks, releases, exemptions, cost }: Plan,
  changes?: readonly Change[],
  firstDay?: readonly PlannedStep[],
  costChange?: CostChange,
): AsyncGenerator<string> {
  yield `{\n  "environment": ${JSON.stringify(environment)},\n  "stacks": [`;
  let before = "\n";
  for (const { stack, missingConfig, policies, resources } of stacks) {
    yield `${before}    {\n      "stack": ${JSON.stringify(stack)},\n      "resources": `;
    yield* listJson(resources(), "      ");
    yield `,\n      "missingConfig": ${json(missingConfig, "      ")},\n      "policies": ${json(policies, "      ")}\n    }`;
    before = ",\n";
  }
  yield `\n  ],\n  "releases": ${json(releases, "  ")},\n  "exemptions": ${json(exemptions, "  ")}`;
  yield `,\n  "cost": ${json(cost, "  ")}`;
  if (costChange !== undefined) yield `,\n  "costChange": ${json(costChange, "  ")}`;
  if (firstDay !== undefined) yield `,\n  "firstDay": ${json(firstDay, "  ")}`;
  if (changes !== undefined) yield `,\n  "changes": ${json(changes, "  ")}`;
  yield "\n}\n";
}

/** Lists after one another, written as one. */
async function* listJson(lists: AsyncIterable<readonly unknown[]>, margin: string): AsyncGenerator<string> {
  let before = "[\n";
  for await (const list of lists) {
    if (list.length === 0) continue;
    yield `${before}${list.map((item) => `${margin}  ${json(item, `${margin}  `)}`).join(",\n")}`;
    before = ",\n";
  }
  yield before === "[\n" ? "[]" : `\n${margin}]`;
}

/** The lines of a value, those after the first behind a margin. Text in JSON has no line breaks of its own. */
function json(value: unknown, margin: string): string {
  return JSON.stringify(value, undefined, 2).replaceAll("\n", `\n${margin}`);
}

import type { Plan } from "../../plan/plan.ts";
import type { PlannedResource } from "../../plan/planDocument.ts";
import type { PolicyResult } from "../../plan/policies/policyResult.ts";

export const noPolicies: PolicyResult = {
  pack: { name: "serin", version: "0.1.0" },
  stack: "dev-models",
  findings: [],
  policies: [],
  counts: { passed: 0, mandatoryViolations: 0, advisoryViolations: 0, undetermined: 0, exempted: 0, notApplicable: 0 },
};

/** A plan of one stack, whose resources come in the lists given. */
export function memoryPlan(...lists: readonly (readonly PlannedResource[])[]): Plan {
  const stack = {
    stack: "dev-models",
    resourceCount: lists.flat().length,
    missingConfig: [],
    policies: noPolicies,
    async *resources() {
      yield* lists;
    },
  };
  return {
    environment: "dev",
    stacks: [stack],
    releases: [{ model: "fraud", version: "1", release: "canary" }],
    exemptions: [],
    cost: { currency: "USD", month: { least: 0, most: 0 }, clusters: [], undated: 0, egress: "not declared" },
    remove: () => undefined,
  };
}

/** Services by name, with their inputs. */
export function services(inputs: Readonly<Record<string, object>>): PlannedResource[] {
  return Object.entries(inputs).map(([name, one]) => ({
    urn: `urn:${name}`,
    type: "kubernetes:core/v1:Service",
    name,
    inputs: one,
  }));
}

export async function textOf(pieces: AsyncIterable<string> | Iterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

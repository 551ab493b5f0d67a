import type { Environment } from "../../stacks/environments/environment.ts";
import type { CostChange } from "../cost/costChange.ts";
import type { Plan } from "../plan.ts";
import type { Change, PlannedStep } from "../planDocument.ts";
import type { PolicyFinding, PolicySummary } from "../policies/policyResult.ts";

/** What every format is made of. */
export interface PlanReport {
  /** The environment that was planned. */
  readonly environment: Environment;
  /** The plan. */
  readonly plan: Plan;
  /** Differences from an earlier plan. Absent: there is none to compare with. */
  readonly changes?: readonly Change[];
  /** The cost against the earlier plan's. Absent where there are no changes. */
  readonly costChange?: CostChange;
  /** The steps of the first day. Absent where there are changes. */
  readonly firstDay?: readonly PlannedStep[];
  /** Where what a resource comes from is declared. */
  readonly declaredAt: (urn: string) => DeclaredAt;
}

/** A place in a file of the project. */
export interface DeclaredAt {
  /** The file, below the project's folder, with slashes: `stacks/environments/prod.ts`. */
  readonly file: string;
  /** The line, from 1. */
  readonly line: number;
}

/** What a finding comes to, by its status and its policy's level. */
export type Outcome = "violation" | "advice" | "undetermined" | "exempted";

/** What a finding comes to. */
export function outcomeOf({ status, enforcement }: PolicyFinding): Outcome {
  return status !== "violation" ? status : enforcement === "mandatory" ? "violation" : "advice";
}

/** The policies in force, each once, in the order of the pack. */
export function policiesOf({ stacks }: Plan): PolicySummary[] {
  return [...new Map(stacks.flatMap(({ policies }) => policies.policies).map((one) => [one.policy, one])).values()];
}

import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import program from "../../stacks/index.ts";
import { layers } from "../../stacks/stackName.ts";
import { project } from "../declared.ts";
import { type RecordedStack, recordEnvironment } from "../engine/recorder.ts";
import type { PolicyResult } from "./policyResult.ts";
import { startPolicyServer } from "./policyServer.ts";
import type { RecordedResource } from "./recordedResource.ts";
import { shown } from "./shownValues.ts";

/** One resource of a plan, ready to be shown: secrets and unknowns are words. */
export interface PlannedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent?: string;
  readonly inputs: unknown;
}

export interface PlannedStack {
  readonly stack: string;
  readonly resources: readonly PlannedResource[];
  /** Configuration the stack requires; a plan assumes it. */
  readonly missingConfig: readonly string[];
  readonly policies: PolicyResult;
}

/** What the layers of an environment would declare, and what the policies say of it. */
export interface Plan {
  readonly environment: string;
  readonly stacks: readonly PlannedStack[];
}

/** Records every layer while the policy pack starts, then has the pack judge them. Touches nothing outside this machine. */
export async function planEnvironment(environment: Environment, signal: AbortSignal): Promise<Plan> {
  const policies = startPolicyServer({ signal });
  try {
    const recorded = await recordEnvironment(environment.name, layers, { project, program, signal });
    const stacks = await Promise.all(
      recorded.map(async (stack) =>
        planned(stack, await policies.analyze(stack.resources, { stack: stack.stack, project })),
      ),
    );
    return { environment: environment.name, stacks };
  } finally {
    await policies.stop();
  }
}

/** @throws ProblemError with every violation of a mandatory policy. */
export function rejectMandatoryViolations(plan: Plan): void {
  const violations = findings(plan).filter(
    ({ status, enforcement }) => status === "violation" && enforcement === "mandatory",
  );
  if (violations.length === 0) return;
  throw new ProblemError(
    `The policies object to environment "${plan.environment}"`,
    violations.map(({ policy, urn, message }) => ({ path: `${policy} ${resourceName(urn)}`, reason: message })),
    exitCodes.policy,
  );
}

/** All findings of all stacks. */
export function findings({ stacks }: Plan): PolicyResult["findings"] {
  return stacks.flatMap(({ policies }) => policies.findings);
}

/** The last part of a URN. */
export function resourceName(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function planned({ stack, resources, missingConfig }: RecordedStack, policies: PolicyResult): PlannedStack {
  return {
    stack,
    resources: resources.filter(({ type }) => type !== "pulumi:pulumi:Stack").map(plannedResource),
    missingConfig,
    policies,
  };
}

function plannedResource({ urn, type, name, parent, props }: RecordedResource): PlannedResource {
  return { urn, type, name, ...(parent === undefined ? {} : { parent }), inputs: shown(props) };
}

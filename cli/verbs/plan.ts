import { exitCodes } from "../../components/core/problem.ts";
import { declaredEnvironment } from "../declared.ts";
import { changesBetween, readPlan } from "../plan/changes.ts";
import { findings, planEnvironment } from "../plan/plan.ts";
import { changesText, planText } from "../plan/planText.ts";
import type { Answer, Invocation } from "../run.ts";

export interface PlanOptions {
  readonly against?: string;
}

/** What an environment declares, or changes against an earlier plan, and what the policies say; nothing outside this machine is asked. */
export async function plan(name: string, { against }: PlanOptions, { signal }: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(name);
  const before = against === undefined ? undefined : readPlan(against, name);
  const planned = await planEnvironment(environment, signal);
  const objects = findings(planned).some(
    ({ status, enforcement }) => status === "violation" && enforcement === "mandatory",
  );
  const changes = before === undefined ? undefined : changesBetween(before, planned);
  return {
    result: changes === undefined ? planned : { ...planned, changes },
    text: changes === undefined ? planText(planned) : changesText(changes, planned),
    exitCode: objects ? exitCodes.policy : exitCodes.ok,
  };
}

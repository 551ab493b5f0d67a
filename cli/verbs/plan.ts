import { exitCodes } from "../../components/core/problem.ts";
import { declaredEnvironment } from "../declared.ts";
import { findings, planEnvironment } from "../plan/plan.ts";
import { planText } from "../plan/planText.ts";
import type { Answer, Invocation } from "../run.ts";

/** What an environment declares and what the policies say; nothing outside this machine is asked. */
export async function plan(name: string, { signal }: Invocation): Promise<Answer> {
  const planned = await planEnvironment(declaredEnvironment(name), signal);
  const objects = findings(planned).some(
    ({ status, enforcement }) => status === "violation" && enforcement === "mandatory",
  );
  return { result: planned, text: planText(planned), exitCode: objects ? exitCodes.policy : exitCodes.ok };
}

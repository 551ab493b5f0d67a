import "../../engine/sdkInternals.ts";
import { exitCodes } from "../../components/core/problem.ts";
import { changesBetween, readPlan } from "../../plan/changes.ts";
import { costChange } from "../../plan/cost/costChange.ts";
import { objections, type Plan, planEnvironment } from "../../plan/plan.ts";
import { planJson } from "../../plan/planJson.ts";
import { changesText, planText } from "../../plan/planText.ts";
import { declaredEnvironment } from "../../stacks/declared.ts";
import { firstDay, firstDayText } from "../firstDay.ts";
import type { Invocation, LongAnswer } from "../run.ts";
import { standingText } from "../standing.ts";

/** The options of `serin plan`. */
export interface PlanOptions {
  /**
   * `--against`: the path of an earlier plan, as `serin plan --json` writes it. Only the changes since then are shown.
   * @default the whole plan is shown
   */
  readonly against?: string;
}

/**
 * What an environment declares, or changes against an earlier plan, and what the policies say; nothing outside this
 * machine is asked.
 */
export async function plan(name: string, { against }: PlanOptions, { signal, json }: Invocation): Promise<LongAnswer> {
  const environment = declaredEnvironment(name);
  const before = against === undefined ? undefined : readPlan(against, name);
  const planned = await planEnvironment(environment, signal);
  const changes = before === undefined ? undefined : await changesBetween(before, planned);
  const objects = objections(planned).length > 0;
  const cost = before === undefined ? undefined : costChange(before.cost, planned.cost);
  const steps = changes === undefined ? firstDay(environment) : undefined;
  const text =
    changes === undefined || cost === undefined
      ? planText(
          planned,
          [standingText(environment), firstDayText(steps ?? [])].filter((part) => part !== "").join("\n\n"),
        )
      : [`${changesText(changes, planned, cost)}\n`];
  return {
    pieces: shown(json ? planJson(planned, changes, steps, cost) : text, planned),
    exitCode: objects ? exitCodes.policy : exitCodes.ok,
  };
}

/** The pieces of a plan, which is needed no more once they have been read. */
async function* shown(pieces: AsyncIterable<string> | Iterable<string>, planned: Plan): AsyncGenerator<string> {
  try {
    yield* pieces;
  } finally {
    planned.remove();
  }
}

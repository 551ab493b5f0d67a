import "../../engine/sdkInternals.ts";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { stripVTControlCharacters } from "node:util";
import { exitCodes, rejectProblems } from "../../components/core/problem.ts";
import { changesBetween, readPlan } from "../../plan/changes.ts";
import { costChange } from "../../plan/cost/costChange.ts";
import { objections, type Plan, planEnvironment } from "../../plan/plan.ts";
import { planSummary } from "../../plan/planText.ts";
import { declaredEnvironment } from "../../stacks/declared.ts";
import { firstDay } from "../firstDay.ts";
import { declaredAt, formatted, type PlanFormat } from "../planFormats.ts";
import type { Invocation, LongAnswer } from "../run.ts";

/** The options of `serin plan`. */
export interface PlanOptions {
  /**
   * `--against`: the path of an earlier plan, as `serin plan --json` writes it. Only the changes since then are shown.
   * @default the whole plan is shown
   */
  readonly against?: string;
  /** `--format`: how the plan is written. @default `json` with `--json`, else `text` */
  readonly format?: PlanFormat;
  /**
   * `--output`: the file that the plan is written to, over what is there. Standard output then has the summary.
   * @default standard output
   */
  readonly output?: string;
}

/**
 * What an environment declares, or changes against an earlier plan, and what the policies say; nothing outside this
 * machine is asked.
 */
export async function plan(
  name: string,
  { against, format, output }: PlanOptions,
  { signal, json }: Invocation,
): Promise<LongAnswer> {
  rejectProblems(
    "Some options do not apply",
    json && format !== undefined && format !== "json"
      ? [{ path: "--format", reason: `"${format}" is not what --json prints.`, fix: "Leave --json out." }]
      : [],
  );
  const environment = declaredEnvironment(name);
  const before = against === undefined ? undefined : readPlan(against, name);
  const planned = await planEnvironment(environment, signal);
  const changes = before === undefined ? undefined : await changesBetween(before, planned);
  const cost = before === undefined ? undefined : costChange(before.cost, planned.cost);
  const report = {
    environment,
    plan: planned,
    ...(changes === undefined ? { firstDay: firstDay(environment) } : { changes }),
    ...(cost === undefined ? {} : { costChange: cost }),
    declaredAt: declaredAt(environment),
  };
  const chosen = format ?? (json ? "json" : "text");
  const pieces = formatted(report, chosen);
  return {
    pieces: shown(output === undefined ? pieces : writtenTo(output, pieces, { planned, chosen, json }), planned),
    exitCode: objections(planned).length > 0 ? exitCodes.policy : exitCodes.ok,
  };
}

/** Writes the plan to a file, then says so. */
async function* writtenTo(
  file: string,
  pieces: AsyncIterable<string> | Iterable<string>,
  { planned, chosen, json }: { readonly planned: Plan; readonly chosen: PlanFormat; readonly json: boolean },
): AsyncGenerator<string> {
  await pipeline(chosen === "text" ? withoutColours(pieces) : pieces, createWriteStream(file));
  yield json
    ? `${JSON.stringify({ environment: planned.environment, format: chosen, output: file }, undefined, 2)}\n`
    : `${planSummary(planned)}\n\nWritten to ${file}\n`;
}

async function* withoutColours(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  for await (const piece of pieces) yield stripVTControlCharacters(piece);
}

/** The pieces of a plan, which is needed no more once they have been read. */
async function* shown(pieces: AsyncIterable<string> | Iterable<string>, planned: Plan): AsyncGenerator<string> {
  try {
    yield* pieces;
  } finally {
    planned.remove();
  }
}

import { type ExitCode, exitCodes } from "../../components/core/problem.ts";
import { type Duration, milliseconds } from "../../components/core/quantity.ts";
import { outcomeCounts } from "../../rehearsal/outcomeTable.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { readScenario, type ScenarioRehearsal } from "../../rehearsal/scenario.ts";
import type { Answer, Invocation } from "../run.ts";
import { columns } from "../terminal.ts";
import { rehearseOnce } from "./rehearse.ts";

/** The options of `serin scenario`. */
export interface ScenarioOptions {
  /** `--report`: the folder for the reports. @default `rehearsals`, by the command line */
  readonly report: string;
  /** `--yes`: uses the embedded environment even if another checkout started it. @default it is refused */
  readonly yes?: boolean;
}

/** A rehearsal of a scenario that has been carried out. */
export interface Carried {
  /** What the file says of it. */
  readonly rehearsal: ScenarioRehearsal;
  /** The reports, one for each repetition. */
  readonly reports: readonly RehearsalReport[];
  /** The pages of the reports. */
  readonly pages: readonly string[];
}

/**
 * `serin scenario`: rehearses what a file lists, one after another, and compares how each ended with what is expected.
 * The exit code is 0 if all are as expected, else 5; 6 if an environment is not back at what is declared, which ends
 * the scenario.
 */
export async function scenario(file: string, options: ScenarioOptions, invocation: Invocation): Promise<Answer> {
  const { environment = "local", rehearsals } = readScenario(file);
  const carried: Carried[] = [];
  for (const rehearsal of rehearsals) {
    const { model, fault = "", repeat = 1, name: _, expect: __, within: ___, ...same } = rehearsal;
    if (!invocation.json) process.stdout.write(`\n${nameOf(rehearsal)}\n`);
    const reports: RehearsalReport[] = [];
    const pages: string[] = [];
    for (let seed = 1; seed <= repeat; seed += 1) {
      const asked = { ...same, ...options, fault, environment, seed };
      const { rehearsed, files } = await rehearseOnce(model, asked, invocation);
      reports.push(rehearsed.report);
      pages.push(files.page);
      if (rehearsed.notReturned === undefined) continue;
      return scenarioAnswer([...carried, { rehearsal, reports, pages }], {
        notReturned: rehearsed.notReturned,
        environment,
      });
    }
    carried.push({ rehearsal, reports, pages });
  }
  return scenarioAnswer(carried, { environment });
}

/** A row for each rehearsal: expected, seen, how long it took. */
export function scenarioAnswer(
  carried: readonly Carried[],
  { notReturned, environment }: { readonly notReturned?: string; readonly environment: string },
): Answer {
  const rows = carried.map(({ rehearsal, reports }) => {
    const right = reports.filter((report) => isExpected(rehearsal, report)).length;
    const seen = outcomeCounts(reports).map(({ outcome, count }) =>
      reports.length === 1 ? outcome : `${count} ${outcome}`,
    );
    const longest = Math.max(...reports.map(({ durationMs }) => durationMs / 1_000));
    const expected = rehearsal.within === undefined ? rehearsal.expect : `${rehearsal.expect} in ${rehearsal.within}`;
    const verdict = right === reports.length ? "as expected" : `${reports.length - right} of ${reports.length} differ`;
    return [nameOf(rehearsal), expected, seen.join(", "), `${longest.toFixed(0)} s`, verdict];
  });
  const asExpected = carried.every(({ rehearsal, reports }) =>
    reports.every((report) => isExpected(rehearsal, report)),
  );
  const different = carried.flatMap(({ rehearsal, reports, pages }) =>
    reports.flatMap((report, index) =>
      isExpected(rehearsal, report) ? [] : [`${nameOf(rehearsal)}: ${report.reason} ${pages[index]}`],
    ),
  );
  const exitCode: ExitCode =
    notReturned !== undefined ? exitCodes.incomplete : asExpected ? exitCodes.ok : exitCodes.releaseFailed;
  return {
    result: { asExpected, rehearsals: carried, ...(notReturned === undefined ? {} : { notReturned }) },
    text: [
      "",
      columns(["rehearsal", "expected", "seen", "longest", "verdict"], rows, [3]),
      ...(different.length === 0 ? [] : ["", ...different]),
      ...(notReturned === undefined
        ? []
        : [
            "",
            `The environment is not back at what is declared: ${notReturned}`,
            `Go on with: npx serin up ${environment}`,
          ]),
    ].join("\n"),
    exitCode,
  };
}

function isExpected({ expect, within }: ScenarioRehearsal, { outcome, durationMs }: RehearsalReport): boolean {
  return outcome === expect && (within === undefined || durationMs <= milliseconds(within as Duration));
}

function nameOf({ name, model, to, fault = "" }: ScenarioRehearsal): string {
  return name ?? `${model} ${to}${fault === "" ? "" : ` with ${fault}`}`;
}

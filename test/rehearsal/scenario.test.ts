import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { repeatedAnswer } from "../../cli/verbs/rehearse.ts";
import { scenarioAnswer } from "../../cli/verbs/scenario.ts";
import { exitCodes } from "../../components/core/problem.ts";
import { outcomeCounts, outcomeRows } from "../../rehearsal/outcomeTable.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { readScenario } from "../../rehearsal/scenario.ts";

const folder = mkdtempSync(join(tmpdir(), "serin-scenario-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scenarioOf(text: string) {
  const file = join(folder, "scenario.yaml");
  writeFileSync(file, text);
  return readScenario(file);
}

const report = (outcome: RehearsalReport["outcome"], seconds: number) =>
  ({ model: "fraud", outcome, durationMs: 1_000 * seconds, reason: "errors: 3 of 40." }) as RehearsalReport;

it("reads YAML and JSON", () => {
  const rehearsals = [{ model: "fraud", to: "2", fault: "errors=1%", expect: "rolledBack", within: "90s" }];
  expect(scenarioOf(JSON.stringify({ rehearsals }))).toEqual({ rehearsals });
  expect(scenarioOf('rehearsals:\n  - { model: fraud, to: "2", expect: promoted }').rehearsals).toHaveLength(1);
});

it("reads the example of the project", () => {
  const example = join(import.meta.dirname, "../../stacks/rehearsals/fraud.yaml");
  expect(readScenario(example).rehearsals.length).toBeGreaterThan(3);
});

it.each([
  ["a field that does not exist", '- { model: fraud, to: "2", expects: promoted }', "rehearsals[0].expects"],
  ["an outcome that is none", '- { model: fraud, to: "2", expect: promotd }', 'Did you mean "promoted"?'],
  ["a version without quotes", "- { model: fraud, to: 2, expect: promoted }", "rehearsals[0].to"],
  ["no version", "- { model: fraud, expect: promoted }", "rehearsals[0].to"],
  ["a fault that is none", '- { model: fraud, to: "2", expect: promoted, fault: erors=1% }', 'Did you mean "errors"?'],
  ["a rate out of range", '- { model: fraud, to: "2", expect: promoted, rate: 0 }', "0 is not between 1 and 2000"],
  ["half a repetition", '- { model: fraud, to: "2", expect: promoted, repeat: 1.5 }', "1.5 is no whole number"],
  ["a time without a unit", '- { model: fraud, to: "2", expect: promoted, within: "90" }', "rehearsals[0].within"],
])("refuses %s, by its path", (_, line, said) => {
  expect(() => scenarioOf(`rehearsals:\n  ${line}`)).toThrow(said);
});

it("refuses a file that is not there", () => {
  expect(() => readScenario(join(folder, "none.yaml"))).toThrow("Name a scenario file.");
});

it("refuses text that is no YAML", () => {
  expect(() => scenarioOf("rehearsals: [")).toThrow("Write YAML or JSON.");
});

it("is 0 if every rehearsal ended as expected, in its time", () => {
  const rehearsal = { model: "fraud", to: "2", expect: "rolledBack", within: "90s" } as const;
  const answerOf = (...reports: RehearsalReport[]) =>
    scenarioAnswer([{ rehearsal, reports, pages: reports.map((_, n) => `${n}.html`) }], { environment: "local" });
  expect(answerOf(report("rolledBack", 40)).exitCode).toBe(exitCodes.ok);
  const late = answerOf(report("rolledBack", 40), report("rolledBack", 91));
  expect(late.exitCode).toBe(exitCodes.releaseFailed);
  expect(late.text).toContain("1 of 2 differ");
  expect(late.text).toContain("1.html");
  expect(answerOf(report("promoted", 40)).exitCode).toBe(exitCodes.releaseFailed);
});

it("is 6 if the environment is not back, whatever the outcomes are", () => {
  const rehearsal = { model: "fraud", to: "2", expect: "promoted" } as const;
  const carried = [{ rehearsal, reports: [report("promoted", 1)], pages: ["r.html"] }];
  const { exitCode, text } = scenarioAnswer(carried, { notReturned: "gone", environment: "local" });
  expect(exitCode).toBe(exitCodes.incomplete);
  expect(text).toContain("npx serin up local");
});

it("counts how repeated rehearsals ended, with what the share may be", () => {
  const reports = [
    report("rolledBack", 30),
    report("promoted", 200),
    report("rolledBack", 40),
    report("rolledBack", 50),
  ];
  expect(outcomeRows(outcomeCounts(reports))).toEqual([
    ["rolledBack", "3 of 4", "75 %", "19 % to 99 %", "40 s", "30 s", "50 s"],
    ["promoted", "1 of 4", "25 %", "1 % to 81 %", "200 s", "200 s", "200 s"],
  ]);
});

it("ends repeated rehearsals with 0 only if all were promoted", () => {
  const files = { json: "r.json", page: "r.html" };
  const of = (...outcomes: RehearsalReport["outcome"][]) =>
    repeatedAnswer(
      outcomes.map((outcome) => ({ rehearsed: { report: report(outcome, 1) }, files })),
      "local",
    ).exitCode;
  expect(of("promoted", "promoted")).toBe(exitCodes.ok);
  expect(of("promoted", "rolledBack")).toBe(exitCodes.releaseFailed);
});

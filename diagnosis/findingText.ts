import { hanging, lineWidth } from "../components/core/hanging.ts";
import { type ExitCode, type Problem, ProblemError } from "../components/core/problem.ts";
import type { Finding } from "./diagnose.ts";

const column = 12;

/** A finding as a person reads it: cause, what shows it, what to change, what to run. */
export function findingText({ cause, confidence, evidence, change, next, rule }: Finding, width = lineWidth()): string {
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : hanging(`  ${title.padEnd(column - 2)}`, column, lines, width);
  return [
    ...part(rule === "unknown" ? "unknown" : confidence, [cause]),
    ...part("seen", evidence.slice(0, 3)),
    ...(evidence.length > 3 ? [`${" ".repeat(column)}and ${evidence.length - 3} more`] : []),
    ...part("change", [change]),
    // Something to copy stays on one line.
    `  ${"next".padEnd(column - 2)}${next}`,
  ].join("\n");
}

/** Findings under each other, those that follow from others in one line each. */
export function findingsText(findings: readonly Finding[], width = lineWidth()): string {
  const own = findings.filter(({ follows }) => !follows);
  const following = findings.filter(({ follows }) => follows);
  return [
    ...own.map((one) => findingText(one, width)),
    ...(following.length === 0
      ? []
      : [
          hanging(
            "  follows   ",
            column,
            following.map(({ cause }) => cause),
            width,
          ).join("\n"),
        ]),
  ].join("\n\n");
}

/** Findings as problems, for `--json`. */
export function findingProblems(findings: readonly Finding[]): Problem[] {
  return findings.map(({ about, rule, cause, change, next, evidence }) => ({
    path: about[0] ?? rule,
    reason: [cause, ...evidence].join("\n"),
    fix: `${change} Next: ${next}`,
  }));
}

/** An error whose message is what was found, as a person reads it. */
export class ExplainedError extends ProblemError {
  /** What was found. */
  readonly findings: readonly Finding[];

  constructor(subject: string, findings: readonly Finding[], exitCode: ExitCode) {
    super(subject, findingProblems(findings), exitCode);
    this.findings = findings;
    this.message = `${subject}.\n\n${findingsText(findings)}`;
  }
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { declarationLine } from "../plan/formats/declarationLines.ts";
import { planJunit } from "../plan/formats/planJunit.ts";
import { planMarkdown } from "../plan/formats/planMarkdown.ts";
import { planMermaid } from "../plan/formats/planMermaid.ts";
import type { DeclaredAt, PlanReport } from "../plan/formats/planReport.ts";
import { planSarif } from "../plan/formats/planSarif.ts";
import { planJson } from "../plan/planJson.ts";
import { changesText, planText } from "../plan/planText.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { projectDirectory } from "../stacks/project.ts";
import { firstDayText } from "./firstDay.ts";
import { standingText } from "./standing.ts";

/** The formats of `serin plan --format`. */
export const planFormats = ["text", "json", "markdown", "sarif", "junit", "mermaid"] as const;

/** One of the formats of a plan. */
export type PlanFormat = (typeof planFormats)[number];

/** A plan in a format, in pieces. */
export function formatted(report: PlanReport, format: PlanFormat): AsyncIterable<string> | Iterable<string> {
  const { plan, environment, changes, costChange, firstDay } = report;
  switch (format) {
    case "text":
      return changes === undefined || costChange === undefined
        ? planText(
            plan,
            [standingText(environment), firstDayText(firstDay ?? [])].filter((part) => part !== "").join("\n\n"),
          )
        : [`${changesText(changes, plan, costChange)}\n`];
    case "json":
      return planJson(plan, changes, firstDay, costChange);
    case "markdown":
      return [planMarkdown(report)];
    case "sarif":
      return [planSarif(report)];
    case "junit":
      return [planJunit(report)];
    case "mermaid":
      return [planMermaid(environment)];
  }
}

/**
 * Where a resource of an environment is declared. A file of another name than the environment is not looked for: then
 * it is the first line of the file that registers the environment.
 */
export function declaredAt(environment: Environment, folder = projectDirectory): (urn: string) => DeclaredAt {
  const own = `stacks/environments/${environment.name}.ts`;
  if (!existsSync(join(folder, own))) return () => ({ file: "stacks/environments/index.ts", line: 1 });
  const text = readFileSync(join(folder, own), "utf8");
  const lines = new Map<string, number>();
  return (urn) => {
    const line = lines.get(urn) ?? declarationLine(text, environment, urn);
    lines.set(urn, line);
    return { file: own, line };
  };
}

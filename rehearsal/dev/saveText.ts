import { hanging, lineWidth } from "../../components/core/hanging.ts";
import { describeProblems } from "../../components/core/problem.ts";
import { findingsText } from "../../diagnosis/findingText.ts";
import type { OutputDifference } from "./comparison.ts";
import type { SaveReport } from "./devSession.ts";

const column = 12;

/** What became of a save, as a person reads it. */
export function saveText(report: SaveReport, width = lineWidth()): string {
  const { number, outcome, tookDown, firstAnswerMs, serving, findings, problems, requests } = report;
  const goesOn = serving === undefined || serving === number ? "" : ` Save ${serving} goes on answering.`;
  const title = {
    serves: `Save ${number} answers${firstAnswerMs === undefined ? "" : `, ${seconds(firstAnswerMs)} after it`}.`,
    refused: `Save ${number} is not loaded, since Triton would refuse it.${goesOn}`,
    doesNotLoad: `Save ${number} does not load.${goesOn}`,
    fails: `Save ${number} loads and ${tookDown === true ? "takes Triton down" : "answers no request"}.${goesOn}`,
  }[outcome];
  const part = (name: string, text: string | undefined) =>
    text === undefined ? [] : hanging(`  ${name.padEnd(column - 2)}`, column, [text], width);
  return [
    title,
    ...(problems === undefined ? [] : [describeProblems("", problems).split("\n").slice(1).join("\n")]),
    ...(findings === undefined ? [] : [findingsText(findings, width)]),
    ...part("answers", answersText(report)),
    ...part("failed", failedText(requests)),
    ...part("latency", latencyText(report)),
    ...part("score", scoreText(report)),
  ].join("\n");
}

function answersText({ outcome, comparison, notCompared, against }: SaveReport): string | undefined {
  if (outcome !== "serves" || against === undefined) return undefined;
  if (notCompared !== undefined) return `not compared with save ${against}: ${notCompared}`;
  if (comparison === undefined || comparison.compared === 0) return `none that save ${against} has answered, too`;
  const { compared, differing, outputs } = comparison;
  if (differing === 0) return `the same as those of save ${against}, all ${compared}`;
  return `${differing} of ${compared} differ from those of save ${against}: ${outputs.map(outputText).join("; ")}`;
}

function outputText({ name, differing, maxDifference, shapes }: OutputDifference): string {
  const much =
    shapes !== undefined
      ? `shape [${shapes.before.join(", ")}] → [${shapes.after.join(", ")}]`
      : maxDifference === undefined
        ? "other values"
        : `by ${short(maxDifference)} at most`;
  return `${name} in ${differing}, ${much}`;
}

function failedText(requests: SaveReport["requests"]): string | undefined {
  if (requests?.firstFailure === undefined) return undefined;
  const { sent, failed, firstFailure } = requests;
  if (sent === 0) return `the first request: ${firstFailure.trim().replaceAll(/\s+/g, " ").slice(0, 300)}`;
  return `${failed} of ${sent} requests; the first: ${firstFailure.trim().replaceAll(/\s+/g, " ").slice(0, 300)}`;
}

function latencyText({ latencyMs }: SaveReport): string | undefined {
  const { before, after } = latencyMs ?? {};
  if (after === undefined) return undefined;
  const from = (was: number | undefined, is: number) =>
    was === undefined ? `${is.toFixed(1)} ms` : `${was.toFixed(1)} → ${is.toFixed(1)} ms`;
  return `p50 ${from(before?.p50, after.p50)}, p99 ${from(before?.p99, after.p99)}`;
}

function scoreText({ meanScore }: SaveReport): string | undefined {
  const { before, after } = meanScore ?? {};
  if (before === undefined && after === undefined) return undefined;
  if (after === undefined) return `exported no more; the mean was ${short(before ?? 0)}`;
  return before === undefined ? `mean ${short(after)}` : `mean ${short(before)} → ${short(after)}`;
}

/** Four digits that count. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

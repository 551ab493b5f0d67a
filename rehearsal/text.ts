import type { RehearsalReport, StepReport } from "./report.ts";

/** The outcome in one line. */
export function headline({ model, from, to, faults, outcome, durationMs }: RehearsalReport): string {
  const what = `${model} version ${from} → ${to}${faults.length === 0 ? "" : ` with ${faults.join(", ")}`}`;
  const end = {
    promoted: "promoted to 100 %",
    rolledBack: "rolled back",
    undecided: "undecided: the release waits for a person",
    notStarted: "does not start, as was certain",
    timedOut: "did not end in time",
  }[outcome];
  return `${what}, ${end} after ${seconds(durationMs)}`;
}

/** The headings of the columns of `stepRows`. */
export const stepColumns = ["weight", "from", "to", "requests", "failed", "slow", "verdict"] as const;

/** A row per weight. */
export function stepRows({ steps }: RehearsalReport): string[][] {
  return steps.map((step) => [
    step.stage ?? `${step.weight} %`,
    seconds(step.startMs),
    seconds(step.endMs),
    String(step.requests),
    String(step.errors),
    String(step.slow),
    verdict(step),
  ]);
}

/** Requests that failed or were slow before the new version had any: they are no fault of its. */
export function badBeforeTraffic({ samples }: RehearsalReport): number {
  const first = samples.findIndex(({ weight, canary }) => weight > 0 || (canary?.requests ?? 0) > 0);
  const before = first < 0 ? samples : samples.slice(0, first);
  return before.reduce((sum, { errors, stable }) => sum + errors + (stable?.slow ?? 0), 0);
}

/** What callers got, from both versions, in sentences. */
export function servedLines(report: RehearsalReport): string[] {
  const { served, objectives, faults, requests } = report;
  const share = served.requests === 0 ? 0 : (100 * served.bad) / served.requests;
  const kinds = Object.entries(served.errorsBy).map(([status, count]) => `${status}: ${count}`);
  const statuses = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
  const lines = [
    `Failed or slow requests, both versions: ${served.bad} of ${served.requests} (${share.toFixed(3)} %): ${served.errors} failed${statuses}, ` +
      `${served.slow} slower than ${objectives.p99Ms} ms.`,
  ];
  const before = badBeforeTraffic(report);
  if (before > 0) lines.push(`Of these, ${before} came before the new version had any traffic.`);
  if (requests !== undefined) {
    const { bodies, order, seed } = requests;
    const how = order === "turn" ? "in turn" : `by chance, seed ${seed}`;
    lines.push(`Requests: ${bodies} of ${requests.file}, ${how}.`);
  }
  if (faults.some((fault) => fault.startsWith("score"))) {
    lines.push(`Answers with a shifted score: ${served.byNewVersion}.`);
  }
  if (served.dropped > 0)
    lines.push(`${served.dropped} requests were due and could not be sent: this machine is too busy.`);
  return lines;
}

/** A verdict in words: what failed and who said so, else what passed. */
function verdict({ verdicts }: StepReport): string {
  const bad = verdicts.filter(({ verdict: phase }) => ["Failed", "Error", "Inconclusive"].includes(phase));
  if (bad.length > 0) {
    // The guard and the step see the same counters, so that mostly both say it.
    const own = new Set(bad.flatMap(({ metric, by }) => (by === "step" ? metric : [])));
    const said = bad
      .filter(({ metric, by }) => by === "step" || !own.has(metric))
      .map(({ metric, verdict: phase, by }) => `${metric} ${phase.toLowerCase()}${by === "guard" ? " (guard)" : ""}`);
    return [...new Set(said)].join(", ");
  }
  if (verdicts.length === 0) return "–";
  const passed = verdicts.filter(({ verdict: phase }) => phase === "Successful").map(({ metric }) => metric);
  return passed.length === verdicts.length ? "pass" : passed.length === 0 ? "no verdict" : `pass: ${passed.join(", ")}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} s`;
}

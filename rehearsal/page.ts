import { createHash } from "node:crypto";
import { subsets } from "../components/model/objectNames.ts";
import { findingsText } from "../diagnosis/findingText.ts";
import { type Chart, clock, escapeHtml, figure, type Marker, type Span } from "./page/chart.ts";
import { evidenceCharts, total, trafficCharts } from "./page/charts.ts";
import { script } from "./page/script.ts";
import { style } from "./page/style.ts";
import type { Outcome, RehearsalReport, ReleaseEvent } from "./report.ts";
import { badBeforeTraffic, servedLines, stepColumns, stepRows } from "./text.ts";

/**
 * A page that stands alone: one file, no network; its script only shows values at a moment. The charts are drawn here.
 */
export function rehearsalPage(report: RehearsalReport): string {
  const span = { from: 0, to: Math.max(1_000, report.durationMs, (report.samples.at(-1)?.atMs ?? 0) + 1_000) };
  const moments = momentsOf(report.events, span);
  const markers = moments.map(({ atMs, kind }) => ({ atMs, kind }));
  const traffic = trafficCharts(report);
  const evidence = evidenceCharts(report);
  const drawn = (charts: readonly Chart[]) => charts.map((chart) => figure(chart, span, markers)).join("\n");
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src ${hash(script)}; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(`${badges[report.outcome]}: ${subject(report)}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="badge ${report.outcome}">${badges[report.outcome]}</p>
<h1>${escapeHtml(subject(report))}</h1>
${reasons(report)}
${report.standIn === undefined ? "" : `<p class="reason">Not as on a cluster: ${escapeHtml(report.standIn)}</p>`}
${facts(report)}
</header>
<main>
<section aria-labelledby="traffic">
<h2 id="traffic">Both versions over time</h2>
${rail(moments, span)}
<div id="cursor"></div>
${drawn(traffic)}
</section>
<section class="beside" aria-labelledby="events"><div>
<h2 id="events">What happened</h2>
<ol class="events">
${moments.map((moment) => momentItem(moment, span)).join("\n")}
</ol>
</div></section>
${
  evidence.length === 0
    ? ""
    : `<section aria-labelledby="evidence">
<h2 id="evidence">The evidence on its way to a verdict</h2>
<p class="lead">A metric fails when the evidence against the new version reaches its bound, at any moment. It passes when the line is in the shaded range, or reaches the bound that passes.</p>
${evidence.map(({ charts }) => `<div class="pair">\n${drawn(charts)}\n</div>`).join("\n")}
</section>`
}
${steps(report)}
${verdicts(report)}
${faults(report)}
</main>
<footer><p>Environment ${escapeHtml(report.environment)}, ${report.rate} requests a second, started ${escapeHtml(report.startedAt)}. Times count from the declaration of version ${escapeHtml(report.to)}.</p></footer>
<script type="application/json" id="figures">${data([...traffic, ...evidence.flatMap(({ charts }) => charts)], span)}</script>
<script>${script}</script>
</body>
</html>
`;
}

const badges: Readonly<Record<Outcome, string>> = {
  promoted: "Promoted",
  rolledBack: "Rolled back",
  undecided: "Undecided",
  notStarted: "Does not start",
  timedOut: "Not ended in time",
};

function subject({ model, from, to, faults: given }: RehearsalReport): string {
  return `${model}, version ${from} → ${to}${given.length === 0 ? "" : ` with ${given.join(", ")}`}`;
}

function reasons(report: RehearsalReport): string {
  if (report.findings !== undefined && report.findings.length > 0) {
    return `<pre class="findings">${escapeHtml(findingsText(report.findings, 100))}</pre>`;
  }
  // The reason has the sentences of several metrics, each with its name before it.
  const sentences = report.reason.split(/(?<=\.) (?=[a-z0-9_-]+: )/);
  return sentences.map((sentence) => `<p class="reason">${escapeHtml(sentence)}</p>`).join("\n");
}

function facts(report: RehearsalReport): string {
  const { samples, durationMs, served } = report;
  const told = samples.some(({ canary }) => canary !== undefined);
  const share = (version: keyof typeof subsets) =>
    `${count(total(samples, version, "errors"))} of ${count(total(samples, version, "requests"))}`;
  const slow = (version: keyof typeof subsets) => `${count(total(samples, version, "slow"))} slow`;
  const all: [string, string, string?][] = [
    ["took", duration(durationMs)],
    ...(told
      ? ([
          ["failed, new version", share(subsets.canary), slow(subsets.canary)],
          ["failed, old version", share(subsets.stable), slow(subsets.stable)],
        ] as [string, string, string][])
      : []),
    ["failed or slow, both", `${count(served.bad)} of ${count(served.requests)}`, beforeTraffic(report)],
  ];
  return `<dl class="facts">${all
    .map(
      ([term, value, more = ""]) =>
        `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(value)}${more === "" ? "" : `<small>${escapeHtml(more)}</small>`}</dd></div>`,
    )
    .join("")}</dl>`;
}

function beforeTraffic(report: RehearsalReport): string {
  const bad = badBeforeTraffic(report);
  return bad === 0 ? "" : `${count(bad)} before the new version had traffic`;
}

/** Events at one moment, as far as a marker can show. */
interface Moment extends Marker {
  readonly number: number;
  readonly events: readonly ReleaseEvent[];
}

/** Nearer than this part of the span, markers would hide each other. */
const near = 0.02;

function momentsOf(events: readonly ReleaseEvent[], { from, to }: Span): Moment[] {
  const groups: ReleaseEvent[][] = [];
  for (const event of events) {
    const group = groups.at(-1);
    if (group?.[0] !== undefined && event.atMs - group[0].atMs < near * (to - from)) group.push(event);
    else groups.push([event]);
  }
  return groups.map((group, index) => ({
    number: index + 1,
    atMs: group[0]?.atMs ?? 0,
    kind: group.some(({ kind }) => kind === "failed")
      ? "failed"
      : group.some(({ kind }) => kind === "passed")
        ? "passed"
        : "other",
    events: group,
  }));
}

function momentItem({ number, atMs, kind, events }: Moment, span: Span): string {
  return `<li id="moment-${number}"><span class="mark ${kind}" aria-hidden="true">${number}</span><time>${clock(atMs, span)}</time><div>${events
    .map(
      ({ kind: what, text }) =>
        `<p${what === "passed" || what === "failed" ? ` class="kind ${what}"` : ""}>${escapeHtml(text)}</p>`,
    )
    .join("")}</div></li>`;
}

/** On a small screen, markers nearer than this part of the span go below each other. */
const besides = 0.11;

function rail(moments: readonly Moment[], { from, to }: Span): string {
  const rows: number[] = [];
  const placed = moments.map((moment) => {
    const at = (moment.atMs - from) / (to - from);
    const free = rows.findIndex((last) => at - last >= besides);
    const row = free < 0 ? rows.length : free;
    rows[row] = at;
    return { ...moment, at, row };
  });
  return `<div class="rail" aria-hidden="true" style="height:${rows.length * 1.75}rem">${placed
    .map(
      ({ number, kind, at, row }) =>
        `<span class="mark ${kind}" style="left:${(100 * at).toFixed(2)}%;top:${row * 1.75}rem">${number}</span>`,
    )
    .join("")}</div>`;
}

function steps(report: RehearsalReport): string {
  if (report.steps.length === 0) return "";
  return `<section class="full" aria-labelledby="steps">
<h2 id="steps">Steps</h2>
${table("Each weight of the release: requests of the new version, as Prometheus counts them", stepColumns, stepRows(report))}
${servedLines(report)
  .map((line) => `<p class="lead">${escapeHtml(line)}</p>`)
  .join("\n")}
</section>`;
}

function verdicts({ evidence }: RehearsalReport): string {
  if (evidence.length === 0) return "";
  const rows = evidence.map(({ step, weight, metric, verdict, reason }) => [
    step === undefined ? "guard" : `at ${weight ?? "?"} %`,
    metric,
    verdict === "noData" ? "no data" : verdict,
    reason,
  ]);
  return `<section class="full" aria-labelledby="verdicts">
<h2 id="verdicts">What each analysis saw</h2>
${table("Each metric at its last measurement", ["analysis", "metric", "verdict", "what it saw"], rows, 3)}
</section>`;
}

function faults({ faults: given }: RehearsalReport): string {
  return `<section class="full" aria-labelledby="faults">
<h2 id="faults">Faults as injected</h2>
${
  given.length === 0
    ? '<p class="lead">None: the version was rehearsed as it is.</p>'
    : `<ul>${given.map((fault) => `<li><code>${escapeHtml(fault)}</code></li>`).join("")}</ul><p class="lead">Each pod of the new version has them from its start on.</p>`
}
</section>`;
}

/** The last column has sentences. The `names` first ones are to the left, the others have numbers. */
function table(caption: string, columns: readonly string[], rows: readonly (readonly string[])[], names = 0): string {
  const kind = (index: number) =>
    index === columns.length - 1 ? ' class="words"' : index < names ? ' class="name"' : "";
  return `<div class="scroll" tabindex="0" role="group" aria-label="${escapeHtml(caption)}"><table class="stacked">
<caption>${escapeHtml(caption)}</caption>
<thead><tr>${columns.map((column, index) => `<th scope="col"${kind(index)}>${escapeHtml(column)}</th>`).join("")}</tr></thead>
<tbody>${rows
    .map(
      (row) =>
        `<tr>${row
          .map((cell, index) => {
            const [tag, scope] = index === 0 ? ["th", ' scope="row"'] : ["td", ""];
            return `<${tag}${scope}${kind(index)} data-column="${escapeHtml(columns[index] ?? "")}">${escapeHtml(cell)}</${tag}>`;
          })
          .join("")}</tr>`,
    )
    .join("\n")}</tbody>
</table></div>`;
}

/** What the script shows: times and values of each line. */
function data(charts: readonly Chart[], span: Span): string {
  const lines = ({ lines: all }: Chart) =>
    all.map(({ points }) => [
      points.map(([atMs]) => atMs),
      points.map(([, value]) => (value === undefined ? null : Number(value.toPrecision(4)))),
    ]);
  return JSON.stringify({
    ...span,
    charts: Object.fromEntries(charts.map((chart) => [chart.id, lines(chart)])),
  }).replaceAll("<", "\\u003c");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

import { LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { RehearsalReport } from "./report.ts";
import { headline, servedLines, stepColumns, stepRows } from "./text.ts";

echarts.use([LineChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** Okabe and Ito's palette, which people with any colour vision tell apart; each line also has a dash of its own. */
const colours = { weight: "#0072B2", errors: "#D55E00", p99: "#009E73", p50: "#56B4E9" } as const;

/** A page that stands alone: no script, no network, the chart drawn in place. */
export function rehearsalPage(report: RehearsalReport): string {
  const outcome = headline(report);
  const rows = stepRows(report);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(outcome)}</title>
<style>
  :root { color-scheme: light dark; --line: #d0d7de; --quiet: #57606a; --paper: #fff; --ink: #1f2328; }
  @media (prefers-color-scheme: dark) { :root { --line: #444c56; --quiet: #9da7b3; --paper: #1c2128; --ink: #e6edf3; } .chart { background: #fff; border-radius: 6px; } }
  body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
  p { margin: .25rem 0; color: var(--quiet); }
  .chart svg { width: 100%; height: auto; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-variant-numeric: tabular-nums; }
  th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
  th:last-child, td:last-child { text-align: left; white-space: normal; }
</style>
</head>
<body>
<h1>${escapeHtml(outcome)}</h1>
<p>${escapeHtml(report.reason)}</p>
${servedLines(report)
  .map((line) => `<p>${escapeHtml(line)}</p>`)
  .join("\n")}
<div class="chart" role="img" aria-label="Weight of the new version, errors and latency over time; the table below has the same figures.">
${chart(report)}
</div>
<div class="scroll"><table>
<thead><tr>${stepColumns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join("")}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`).join("\n")}
</tbody>
</table></div>
<p>Environment ${escapeHtml(report.environment)}, ${report.rate} requests a second, started ${escapeHtml(report.startedAt)}.</p>
</body>
</html>
`;
}

function chart(report: RehearsalReport): string {
  const view = echarts.init(null, null, { renderer: "svg", ssr: true, width: 920, height: 450 });
  const seconds = report.samples.map(({ atMs }) => atMs / 1_000);
  const series = (value: (sample: RehearsalReport["samples"][number]) => number) =>
    report.samples.map((sample, index) => [seconds[index] ?? 0, value(sample)]);
  const line = { type: "line", showSymbol: false, animation: false } as const;
  const x = {
    type: "value",
    min: seconds[0] ?? 0,
    max: seconds.at(-1) ?? 1,
    axisLabel: { formatter: "{value} s" },
  } as const;
  view.setOption({
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: [
      { left: 60, right: 50, top: 30, height: 95 },
      { left: 60, right: 50, top: 165, height: 95 },
      { left: 60, right: 50, top: 300, height: 110 },
    ],
    xAxis: [0, 1, 2].map((gridIndex) => ({ ...x, gridIndex, axisLabel: { ...x.axisLabel, show: gridIndex === 2 } })),
    yAxis: [
      { gridIndex: 0, name: "% of traffic", min: 0, max: 100, interval: 50, nameTextStyle: { align: "left" } },
      { gridIndex: 1, name: "failed / s", min: 0, minInterval: 1, nameTextStyle: { align: "left" } },
      { gridIndex: 2, name: "latency, ms", min: 0, max: latencyTop(report), nameTextStyle: { align: "left" } },
    ],
    series: [
      {
        ...line,
        name: "weight of the new version",
        step: "end",
        color: colours.weight,
        areaStyle: { opacity: 0.15 },
        data: series(({ weight }) => weight),
      },
      {
        ...line,
        name: "failed requests",
        xAxisIndex: 1,
        yAxisIndex: 1,
        color: colours.errors,
        lineStyle: { type: "solid", width: 2 },
        data: series(({ errors }) => errors),
      },
      {
        ...line,
        name: "p50",
        xAxisIndex: 2,
        yAxisIndex: 2,
        color: colours.p50,
        lineStyle: { type: "dotted" },
        endLabel: { show: true, formatter: "p50" },
        data: series(({ p50Ms }) => p50Ms),
      },
      {
        ...line,
        name: "p99",
        xAxisIndex: 2,
        yAxisIndex: 2,
        color: colours.p99,
        lineStyle: { type: "dashed" },
        endLabel: { show: true, formatter: "p99" },
        data: series(({ p99Ms }) => p99Ms),
        markLine: {
          silent: true,
          symbol: "none",
          label: { formatter: `objective ${report.objectives.p99Ms} ms`, position: "insideEndTop" },
          lineStyle: { color: "#6e7781", type: "solid" },
          data: [{ yAxis: report.objectives.p99Ms }],
        },
      },
    ],
  });
  const svg = view.renderToSVGString();
  view.dispose();
  return svg;
}

/** The objective stays in view, and a few stray answers do not flatten the rest. */
function latencyTop({ samples, objectives }: RehearsalReport): number {
  const sorted = samples.map(({ p99Ms }) => p99Ms).sort((a, b) => a - b);
  const usual = sorted[Math.floor(sorted.length * 0.98)] ?? 0;
  return Math.ceil((1.2 * Math.max(objectives.p99Ms, usual)) / 10) * 10;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

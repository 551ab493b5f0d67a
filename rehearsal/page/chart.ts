import type { subsets } from "../../components/model/objectNames.ts";
/** A line of a chart. */
export interface Line {
  /** Which colour and dash it has: each version has its own in every chart, and so has what bounds them. */
  readonly as: keyof typeof subsets | "bound" | "mean";
  /** Its name in the legend. */
  readonly name: string;
  /** Time in milliseconds and value; `undefined` where there is none, which interrupts the line. */
  readonly points: readonly (readonly [number, number | undefined])[];
  /** Whether the value holds until the next point. @default the points are joined */
  readonly steps?: boolean;
}

/** A value that a line is measured by. */
export interface Rule {
  /** The value. */
  readonly at: number;
  /** What it is, written beside it. */
  readonly name: string;
  /** What it means to reach it. @default neither */
  readonly means?: "fails" | "passes";
}

/** A chart over the time of the release. */
export interface Chart {
  /** Unique in the page. */
  readonly id: string;
  /** What is drawn, with its unit. */
  readonly title: string;
  /** What there is to see, in a sentence; it stands for the picture where that is not seen. */
  readonly summary: string;
  /** What is drawn, the canary last, so that it lies on top. */
  readonly lines: readonly Line[];
  /** Values that the lines are measured by. @default none */
  readonly rules?: readonly Rule[];
  /** A range of values that is shaded: the corridor of a score. @default none */
  readonly corridor?: readonly [number, number];
  /** Whether what lies below the line `bound` is shaded: there it passes. @default false */
  readonly passesBelow?: boolean;
  /** `log`: for values over many powers of ten. @default linear */
  readonly scale?: "linear" | "log";
  /** The range of values. @default from 0, or the least value, to a round number above all of them */
  readonly range?: readonly [number, number];
  /** A value as people read it. */
  readonly format: (value: number) => string;
}

/** A moment that is marked in every chart. */
export interface Marker {
  /** Milliseconds. */
  readonly atMs: number;
  /** What kind of moment. */
  readonly kind: "failed" | "passed" | "other";
}

/** The span of time of all charts of a page, milliseconds. */
export interface Span {
  /** The left end. */
  readonly from: number;
  /** The right end, after `from`. */
  readonly to: number;
}

/** Of the drawing's own units, which are stretched to the room that there is. */
const [width, height] = [1_000, 100];

/** The chart as a figure: title, summary, legend, picture, and its figures as a table. */
export function figure(chart: Chart, span: Span, markers: readonly Marker[]): string {
  const { id, title, summary, lines } = chart;
  const legend = lines
    .map(
      ({ as, name }) =>
        `<li><svg class="key" viewBox="0 0 28 8" aria-hidden="true"><path class="line ${as}" d="M0 4H28"/></svg>${escapeHtml(name)} <output class="now" data-line="${lines.findIndex((line) => line.name === name)}"></output></li>`,
    )
    .join("");
  return `<figure id="${id}" class="chart">
<figcaption><h3>${escapeHtml(title)}</h3><p>${escapeHtml(summary)}</p></figcaption>
<ul class="legend">${legend}</ul>
<div class="plot" role="img" aria-label="${escapeHtml(`${title}. ${summary}`)}">${drawing(chart, span, markers)}</div>
${figures(chart, span)}
</figure>`;
}

/** Of more points, a thick line with dashes is a smear. */
const many = 250;

/** The lines in an SVG that is stretched, the text around it in HTML: so text has its size on every screen. */
function drawing(chart: Chart, span: Span, markers: readonly Marker[]): string {
  const { lines, rules = [], corridor, passesBelow, format } = chart;
  const range = chart.range ?? rangeOf(chart);
  const y = heightOf(chart, range);
  const x = (atMs: number) => round((width * (atMs - span.from)) / (span.to - span.from));
  const ticks = (chart.scale === "log" ? decades : niceTicks)(range);
  const bound = lines.find(({ as }) => as === "bound");
  const parts = [
    ...ticks.map((value) => `<path class="grid" d="M0 ${y(value)}H${width}"/>`),
    ...(corridor === undefined
      ? []
      : [`<path class="corridor" d="M0 ${y(corridor[0])}H${width}V${y(corridor[1])}H0Z"/>`]),
    ...(passesBelow === true && bound !== undefined ? [`<path class="corridor" d="${area(bound, x, y)}"/>`] : []),
    ...markers.map(({ atMs, kind }) => `<path class="moment ${kind}" d="M${x(atMs)} 0V${height}"/>`),
    ...rules.map(({ at, means = "" }) => `<path class="rule ${means}" d="M0 ${y(at)}H${width}"/>`),
    ...lines.map(
      (line) => `<path class="line ${line.as}${line.points.length > many ? " thin" : ""}" d="${path(line, x, y)}"/>`,
    ),
  ];
  return [
    `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">${parts.join("")}</svg>`,
    ...ticks.map((value) => `<span class="y" style="top:${y(value)}%">${escapeHtml(format(value))}</span>`),
    ...rules.map(({ at, name, means = "" }) => {
      const top = y(at);
      return `<span class="rule ${means} ${top < 18 ? "below" : "above"}" style="top:${top}%">${escapeHtml(name)}</span>`;
    }),
    ...timeTicks(span).map(
      (atMs, index) =>
        `<span class="x${index % 2 === 1 ? " odd" : ""}" style="left:${x(atMs) / 10}%">${clock(atMs, span)}</span>`,
    ),
    '<i class="cursor" hidden></i>',
  ].join("");
}

function heightOf({ scale }: Chart, [low, high]: readonly [number, number]): (value: number) => number {
  const to = scale === "log" ? (value: number) => Math.log10(Math.max(value, low)) : (value: number) => value;
  const [bottom, top] = [to(low), to(high)];
  return (value) => round(height * (1 - Math.min(1, Math.max(0, (to(value) - bottom) / (top - bottom)))));
}

function path({ points, steps }: Line, x: (atMs: number) => number, y: (value: number) => number): string {
  let pen = "M";
  let before = "";
  return points
    .map(([atMs, value]) => {
      if (value === undefined) {
        pen = "M";
        return "";
      }
      const at = `${x(atMs)} ${y(value)}`;
      const piece = pen === "L" && steps === true ? `H${x(atMs)}V${y(value)}` : `${pen}${at}`;
      pen = "L";
      if (at === before) return "";
      before = at;
      return piece;
    })
    .join("");
}

/** What lies below a line. */
function area(line: Line, x: (atMs: number) => number, y: (value: number) => number): string {
  const known = line.points.filter(([, value]) => value !== undefined);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return "";
  return `${path({ ...line, points: known }, x, y)}V${height}H${x(first[0])}Z`;
}

function valuesOf({ lines, rules = [], corridor }: Chart): number[] {
  const drawn = lines.flatMap(({ points }) => points.flatMap(([, value]) => value ?? []));
  return [...drawn, ...rules.map(({ at }) => at), ...(corridor ?? [])];
}

/** From 0, or the least value, to above all but stray values. */
function rangeOf(chart: Chart): [number, number] {
  const values = valuesOf(chart);
  if (chart.scale === "log") {
    const fails = Math.max(1, ...(chart.rules ?? []).map(({ at }) => at));
    const least = Math.min(1, ...values.filter((value) => value > 0));
    const most = Math.min(fails * 1_000, Math.max(fails * 2, ...values));
    return [10 ** Math.max(-3, Math.floor(Math.log10(least))), 10 ** Math.ceil(Math.log10(most))];
  }
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + 1e-9);
  const step = niceStep(high - low);
  return [Math.floor(low / step) * step, Math.ceil((high + (high - low) * 0.05) / step) * step];
}

/** Three to six round values: the range is whole steps of about a third of it. */
function niceTicks([low, high]: readonly [number, number]): number[] {
  const step = niceStep(((high - low) * 3) / 4);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step - first + 1e-9) + 1 }, (_, index) => tidy((first + index) * step));
}

function niceStep(range: number): number {
  const rough = range / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  return (([1, 2, 2.5, 5].find((one) => one * power >= rough) ?? 10) as number) * power;
}

function decades([low, high]: readonly [number, number]): number[] {
  const [from, to] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const every = Math.max(1, Math.ceil((to - from) / 4));
  const powers: number[] = [];
  for (let power = to; power >= from; power -= every) powers.push(tidy(10 ** power));
  return powers;
}

const timeSteps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600].map((seconds) => seconds * 1_000);

function timeTicks({ from, to }: Span): number[] {
  const step = timeSteps.find((one) => (to - from) / one <= 8) ?? 7_200_000;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step);
}

/** A time of the release: `40 s`, `12 min`, `1:30 min`. */
export function clock(atMs: number, { to }: Span): string {
  const seconds = Math.round(atMs / 1_000);
  if (to < 180_000) return `${seconds} s`;
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`} min`;
}

/** The most rows of a table that stands for a picture: the report as JSON has every figure. */
const mostRows = 24;

function figures({ title, lines, format, id }: Chart, span: Span): string {
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([atMs]) => atMs)))].sort((a, b) => a - b);
  const every = Math.max(1, Math.ceil(times.length / mostRows));
  const rows = times.filter((_, index) => index % every === 0 || index === times.length - 1);
  const cell = (line: Line, atMs: number) => {
    const value = line.points.findLast(([at]) => at <= atMs)?.[1];
    return `<td>${value === undefined ? "–" : escapeHtml(format(value))}</td>`;
  };
  return `<details><summary>Figures<span class="unseen"> of ${escapeHtml(title)}</span></summary>
<div class="scroll" tabindex="0" role="group" aria-labelledby="${id}-table"><table>
<caption id="${id}-table">${escapeHtml(title)}</caption>
<thead><tr><th scope="col">time</th>${lines.map(({ name }) => `<th scope="col">${escapeHtml(name)}</th>`).join("")}</tr></thead>
<tbody>${rows
    .map(
      (atMs) => `<tr><th scope="row">${clock(atMs, span)}</th>${lines.map((line) => cell(line, atMs)).join("")}</tr>`,
    )
    .join("\n")}</tbody>
</table></div></details>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Without the digits that a computer adds. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** Text for an element or an attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

import { subsets } from "../../components/model/objectNames.ts";
import type { EvidenceCourse, EvidencePoint } from "../cluster/evidenceCourse.ts";
import type { RehearsalReport, Sample, VersionSample } from "../report.ts";
import type { Chart, Line } from "./chart.ts";

/** What the callers saw of both versions. */
export function trafficCharts(report: RehearsalReport): Chart[] {
  return [
    weightChart(report),
    requestChart(report),
    failureChart(report),
    ...latencyCharts(report),
    ...scoreCharts(report),
  ];
}

function weightChart({ samples, events, durationMs }: RehearsalReport): Chart {
  // Events have the moment of each change; samples only their seconds.
  const changes = events.flatMap(({ atMs, weight }) => (weight === undefined ? [] : [[atMs, weight] as const]));
  const last = samples.at(-1)?.atMs ?? durationMs;
  const points = [[0, 0] as const, ...changes];
  const most = Math.max(...points.map(([, weight]) => weight));
  const end = points.at(-1)?.[1] ?? 0;
  return {
    id: "weight",
    title: "Traffic on the new version, %",
    summary:
      most === 0
        ? "The new version had no traffic."
        : `${points
            .slice(1)
            .map(([, weight]) => `${weight} %`)
            .join(", then ")}.`,
    lines: [
      { as: subsets.canary, name: "new version", points: [...points, [Math.max(last, durationMs), end]], steps: true },
    ],
    range: [0, 100],
    format: (value) => `${number(value)}`,
  };
}

function requestChart({ samples }: RehearsalReport): Chart {
  const lines = both(
    samples,
    ({ requests }, { seconds }) => requests / seconds,
    ({ sent, seconds }) => sent / seconds,
  );
  const [stable, canary] = [total(samples, subsets.stable, "requests"), total(samples, subsets.canary, "requests")];
  return {
    id: "requests",
    title: "Requests a second",
    summary: told(samples)
      ? `${number(stable)} by the old version, ${number(canary)} by the new one.`
      : "Of both versions.",
    lines: lines.map((line) => ({ ...line, steps: true })),
    format: number,
  };
}

function failureChart({ samples, served }: RehearsalReport): Chart {
  const lines = both(
    samples,
    ({ errors }, { seconds }) => errors / seconds,
    ({ errors, seconds }) => errors / seconds,
  );
  const of = (version: keyof typeof subsets) =>
    `${number(total(samples, version, "errors"))} of ${number(total(samples, version, "requests"))}`;
  const none = lines.every(({ points }) => points.every(([, value = 0]) => value === 0));
  return {
    id: "failures",
    title: "Failed requests a second",
    summary: told(samples)
      ? `${of(subsets.stable)} by the old version, ${of(subsets.canary)} by the new one.`
      : `${number(served.errors)} of ${number(served.requests)}, by both versions.`,
    lines: lines.map((line) => ({ ...line, steps: true })),
    ...(none ? { range: [0, 1] as const } : {}),
    format: number,
  };
}

function latencyCharts({ samples, objectives }: RehearsalReport): Chart[] {
  const answered = (sample: VersionSample) => sample.requests > 0;
  const chart = (which: "p50Ms" | "p99Ms", title: string): Chart => {
    const lines = both(
      samples,
      (version) => (answered(version) ? version[which] : undefined),
      (sample) => (sample[which] === 0 ? undefined : sample[which]),
    );
    const objective = which === "p99Ms";
    return {
      id: which === "p50Ms" ? "median" : "latency",
      title,
      summary: `${lines.map((line) => `${line.name}: ${medianOf(line)} ms most of the time`).join("; ")}.${
        objective ? ` The objective is ${objectives.p99Ms} ms.` : ""
      }`,
      lines,
      ...(objective ? { rules: [{ at: objectives.p99Ms, name: `objective ${objectives.p99Ms} ms` }] } : {}),
      range: latencyRange(lines, objective ? objectives.p99Ms : 0),
      format: number,
    };
  };
  return [chart("p50Ms", "Median latency, ms"), chart("p99Ms", "Latency of the slowest 1 %, ms")];
}

/** The objective stays in view, and a few stray answers do not flatten the rest. */
function latencyRange(lines: readonly Line[], objective: number): [number, number] {
  const values = lines.flatMap(({ points }) => points.flatMap(([, value]) => value ?? [])).sort((a, b) => a - b);
  const usual = values[Math.floor(values.length * 0.98)] ?? 0;
  const most = 1.25 * Math.max(objective, usual, 1);
  const step = 10 ** Math.floor(Math.log10(most)) / 2;
  return [0, Math.ceil(most / step) * step];
}

function scoreCharts({ samples, course, objectives }: RehearsalReport): Chart[] {
  const lines = both(
    samples,
    ({ meanScore }) => meanScore,
    () => undefined,
  );
  const seen = course.find(({ kind }) => kind === "score");
  const last = seen?.points.at(-1);
  const { mean = objectives.meanScore, tolerance } = last?.declared ?? {};
  if (
    mean === undefined ||
    (seen === undefined && lines.every(({ points }) => points.every(([, value]) => value === undefined)))
  )
    return [];
  const since: Line = {
    as: "mean",
    name: "new version, mean so far",
    points: (seen?.points ?? []).map(({ atMs, scores }) => [atMs, scores?.mean]),
  };
  const all = [...lines, since].flatMap(({ points }) => points.flatMap(([, value]) => value ?? []));
  const room = tolerance ?? Math.abs(mean) * 0.2;
  const [low, high] = [Math.min(mean - 2 * room, ...quantiles(all)), Math.max(mean + 2 * room, ...quantiles(all))];
  return [
    {
      id: "score",
      title: "Mean prediction score",
      summary: `Declared is ${mean}${tolerance === undefined ? "" : ` ± ${tolerance}`}${
        last?.scores === undefined
          ? "."
          : `; the new version's mean was ${figure(last.scores.mean)} after ${number(last.scores.count)} scores.`
      }`,
      lines: [...lines, ...(since.points.length === 0 ? [] : [since])],
      rules: [{ at: mean, name: `declared ${mean}` }],
      ...(tolerance === undefined ? {} : { corridor: [mean - tolerance, mean + tolerance] as const }),
      range: [low, high],
      format: figure,
    },
  ];
}

function quantiles(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  return [at(0.02), at(0.98)].filter((value) => value !== undefined);
}

/** A metric's evidence on its way to failing, and to passing. */
export interface EvidenceCharts {
  /** The name of the metric. */
  readonly metric: string;
  /** One or two. */
  readonly charts: readonly Chart[];
}

/** Of each metric; first what failed, then in the order of the analyses. */
export function evidenceCharts({ course }: RehearsalReport): EvidenceCharts[] {
  const failed = ({ points }: EvidenceCourse) => points.some(({ verdict }) => verdict === "failed");
  return [...course.filter(failed), ...course.filter((one) => !failed(one))].map((one) => ({
    metric: one.metric,
    charts: [...againstChart(one), ...towardsChart(one), ...limitChart(one)],
  }));
}

function againstChart({ metric, points }: EvidenceCourse): Chart[] {
  const failsAt = points.findLast(({ against }) => against !== undefined)?.against?.failsAt;
  if (failsAt === undefined) return [];
  const line = of(points, ({ against }) => against?.evidence);
  const most = Math.max(0, ...line.map(([, value]) => value ?? 0));
  return [
    {
      id: `${metric}-against`,
      title: `${metric}: evidence against the new version`,
      summary: `${most >= failsAt ? "Reached" : "At most"} ${short(most)}; it fails at ${short(failsAt)}.`,
      lines: [{ as: subsets.canary, name: "evidence", points: line }],
      rules: [{ at: failsAt, name: `fails at ${short(failsAt)}`, means: "fails" }],
      scale: "log",
      format: short,
    },
  ];
}

function towardsChart({ metric, did = "bad", points }: EvidenceCourse): Chart[] {
  const scored = points.findLast(({ towards }) => towards !== undefined)?.towards;
  if (scored !== undefined) {
    const line = of(points, ({ towards }) => towards?.evidence);
    const most = Math.max(0, ...line.map(([, value]) => value ?? 0));
    return [
      {
        id: `${metric}-towards`,
        title: `${metric}: evidence for the new version`,
        summary: `${most >= scored.passesAt ? "Reached" : "At most"} ${short(most)}; it passes at ${short(scored.passesAt)}.`,
        lines: [{ as: subsets.canary, name: "evidence", points: line }],
        rules: [{ at: scored.passesAt, name: `passes at ${short(scored.passesAt)}`, means: "passes" }],
        scale: "log",
        format: short,
      },
    ];
  }
  if (points.every(({ passesAt }) => passesAt === undefined)) return [];
  const last = points.at(-1);
  const { bad = 0, total: all = 0 } = last?.canary ?? {};
  return [
    {
      id: `${metric}-passes`,
      title: `${metric}: bad requests, and how many pass`,
      summary: `At last ${number(bad)} of ${number(all)}; ${
        last?.passesAt === undefined
          ? "too many to pass"
          : last.passesAt < 0
            ? "too few requests to pass even without one"
            : `up to ${number(Math.floor(last.passesAt))} pass`
      }.`,
      lines: [
        { as: "bound", name: "passes up to", points: of(points, ({ passesAt }) => passesAt) },
        {
          as: subsets.canary,
          name: `requests that ${did}`,
          points: of(points, ({ canary }) => canary?.bad),
          steps: true,
        },
      ],
      passesBelow: true,
      format: number,
    },
  ];
}

/** Of a rollback guard, whose limit is a plain share. */
function limitChart({ metric, kind, did = "bad", points }: EvidenceCourse): Chart[] {
  const allowed = points.at(-1)?.allowed;
  if (kind !== "limit" || allowed === undefined) return [];
  const line = of(points, ({ canary }) => (canary === undefined ? undefined : (100 * canary.bad) / canary.total));
  const most = Math.max(0, ...line.map(([, value]) => value ?? 0));
  return [
    {
      id: `${metric}-limit`,
      title: `${metric}: % of requests that ${did}`,
      summary: `At most ${figure(most)} %; the limit is ${figure(100 * allowed)} %.`,
      lines: [{ as: subsets.canary, name: "new version", points: line }],
      rules: [{ at: 100 * allowed, name: `limit ${figure(100 * allowed)} %`, means: "fails" }],
      format: figure,
    },
  ];
}

function of(points: readonly EvidencePoint[], value: (point: EvidencePoint) => number | undefined): Line["points"] {
  return points.map((point) => [point.atMs, value(point)]);
}

/** A line of each version; one of both together where nobody tells them apart. */
function both(
  samples: readonly Sample[],
  value: (version: VersionSample, sample: Sample) => number | undefined,
  together: (sample: Sample) => number | undefined,
): Line[] {
  if (!told(samples)) {
    return [
      { as: subsets.stable, name: "both versions", points: samples.map((sample) => [sample.atMs, together(sample)]) },
    ];
  }
  const line = (as: keyof typeof subsets, name: string): Line => ({
    as,
    name,
    points: samples.map((sample) => {
      const version = sample[as];
      // A version without requests has no line; a 0 would look like one without failures.
      return [sample.atMs, version === undefined || version.requests === 0 ? undefined : value(version, sample)];
    }),
  });
  return [line(subsets.stable, "old version"), line(subsets.canary, "new version")];
}

function told(samples: readonly Sample[]): boolean {
  return samples.some(({ canary }) => canary !== undefined);
}

/** The sum over the samples. */
export function total(
  samples: readonly Sample[],
  version: keyof typeof subsets,
  what: "requests" | "errors" | "slow",
): number {
  return samples.reduce((sum, sample) => sum + (sample[version]?.[what] ?? 0), 0);
}

function medianOf({ points }: Line): string {
  const values = points.flatMap(([, value]) => value ?? []).sort((a, b) => a - b);
  const middle = values[Math.floor(values.length / 2)];
  return middle === undefined ? "–" : figure(middle);
}

function number(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 });
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Evidence spans many powers of ten. */
function short(value: number): string {
  if (value >= 1e6) return value >= 1e9 ? "over a billion" : `${figure(value / 1e6)} million`;
  return value >= 1 ? Number(value.toPrecision(3)).toLocaleString("en-US") : figure(value);
}

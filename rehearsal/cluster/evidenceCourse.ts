import { guardMetrics } from "../../components/model/analysis/metrics.ts";
import { strategyOf } from "../../components/model/strategies/strategies.ts";
import { concluded, type Evidence } from "./evidence.ts";
import type { Moments } from "./prometheus.ts";
import { type EvidenceArgs, withHashes } from "./releaseEvidence.ts";

/** What one metric saw in the course of a release. */
export interface EvidenceCourse {
  /** The name of the metric: `errors`. */
  readonly metric: string;
  /** `share` against an objective, `comparison` with the stable version, `score`, or `limit` of a rollback guard. */
  readonly kind: "share" | "comparison" | "score" | "limit";
  /** What a bad request did: `failed`. Absent for scores. */
  readonly did?: string;
  /** From the first request of the new version on, oldest first. */
  readonly points: readonly EvidencePoint[];
}

/** What one metric saw at one moment. */
export interface EvidencePoint extends Omit<Evidence, "metric" | "at" | "clumping" | "missing" | "reason"> {
  /** Milliseconds since the new version was declared. */
  readonly atMs: number;
}

/** Which release, and which part of it. */
export interface CourseArgs extends Omit<EvidenceArgs, "analyses"> {
  /** Unix time in milliseconds when the new version was declared. */
  readonly declaredAt: number;
  /** How much later the course ends, milliseconds. */
  readonly endMs: number;
  /** Percent of the traffic on the new version so many milliseconds after it was declared. */
  readonly weightAt: (atMs: number) => number;
}

/** The most points of a metric: as many as a wide screen shows apart. */
const mostPoints = 240;

/**
 * What each metric of a release saw in its course, at most once a second: asked of Prometheus once, at the end, so that
 * the release is not disturbed. Empty for what is judged in another way.
 *
 * @throws what `PrometheusClient` throws
 */
export async function evidenceCourse(args: CourseArgs): Promise<EvidenceCourse[]> {
  const { prometheus, model, rollout, declaredAt, endMs, weightAt } = args;
  const judgement = strategyOf(model.release).judgement?.(model.release);
  if (judgement === undefined || rollout.stableHash === "" || rollout.stableHash === rollout.currentHash) return [];
  const moments = momentsOf(declaredAt, endMs);
  const courses: EvidenceCourse[] = [];
  // One after another: a query of a range takes a core of the machine that sends the traffic, too.
  for (const { name: metric, seen } of guardMetrics(model, judgement, args)) {
    if (seen === undefined) continue;
    const series: [string, ReadonlyMap<number, number>][] = [];
    for (const [part, query] of Object.entries(seen.queries) as [string, string][]) {
      if (part !== "rate") series.push([part, await prometheus.values(withHashes(query, rollout), moments)]);
    }
    const points = timesOf(moments).flatMap((time): EvidencePoint[] => {
      const atMs = Math.round(time * 1_000 - declaredAt);
      const numbers = Object.fromEntries(series.map(([part, values]) => [part, values.get(time)]));
      const next = nextShare(weightAt(atMs), rollout.stepWeights);
      const point = concluded(seen, numbers, { metric, next });
      return point.verdict === "noData" ? [] : [{ atMs, ...kept(point) }];
    });
    if (points.length === 0) continue;
    courses.push({ metric, kind: seen.kind, ...("did" in seen ? { did: seen.did } : {}), points });
  }
  return courses;
}

/** Sentences and estimates are of the last moment alone. */
function kept(evidence: Evidence): Omit<EvidencePoint, "atMs"> {
  const { metric: _metric, at: _at, reason: _reason, missing: _missing, clumping: _clumping, ...point } = evidence;
  return point;
}

/** Whole seconds, so that the answer names each moment as the question did. */
function momentsOf(declaredAt: number, endMs: number): Moments {
  const start = Math.ceil(declaredAt / 1_000);
  const end = Math.max(start, Math.floor((declaredAt + endMs) / 1_000));
  return { start, end, step: Math.max(1, Math.ceil((end - start) / mostPoints)) };
}

function timesOf({ start, end, step }: Moments): number[] {
  return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
}

/** The share that a pass at this weight leads to, 0 to 1. */
function nextShare(weight: number, stepWeights: readonly number[]): number {
  return (stepWeights.find((one) => one > weight) ?? 100) / 100;
}

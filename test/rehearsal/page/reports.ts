import { seededRandom } from "../../../components/core/random.ts";
import { guardMetrics } from "../../../components/model/analysis/metrics.ts";
import { concluded } from "../../../rehearsal/cluster/evidence.ts";
import type { EvidenceCourse } from "../../../rehearsal/cluster/evidenceCourse.ts";
import { releaseEvents } from "../../../rehearsal/events.ts";
import type { Outcome, RehearsalReport, Sample, VersionSample } from "../../../rehearsal/report.ts";
import { context, sound } from "../../components/model/fixtures.ts";

/** A release that is made up: how long each weight lasts, and what the new version does wrong. */
interface Course {
  readonly outcome: Outcome;
  readonly rate: number;
  /** Weight and the second at which it begins. */
  readonly weights: readonly (readonly [number, number])[];
  readonly endSeconds: number;
  readonly errorShare?: number;
  readonly scoreShift?: number;
  readonly addedMs?: number;
  readonly faults?: readonly string[];
  readonly failed?: string;
  readonly reason: string;
}

const declaredAt = Date.parse("2026-03-01T10:00:00.000Z");
const metrics = guardMetrics(sound, sound.release, context);

/** Reports as rehearsals write them, with traffic, evidence and events that fit each other. */
export const reports: Readonly<Record<string, RehearsalReport>> = {
  rolledBack: made({
    outcome: "rolledBack",
    rate: 200,
    weights: [[5, 9]],
    endSeconds: 38,
    errorShare: 0.01,
    faults: ["errors=1%"],
    failed: "errors",
    reason:
      "errors: 3 of 326 requests failed; the objective is 0.1 %; a version that has half of that does this at most once in 5,000 releases (stable version: 0 of 5,612).",
  }),
  promoted: made({
    outcome: "promoted",
    rate: 400,
    weights: [
      [5, 8],
      [20, 41],
      [50, 66],
      [100, 88],
    ],
    endSeconds: 110,
    reason: "Every analysis passed.",
  }),
  long: made({
    outcome: "promoted",
    rate: 30,
    weights: [
      [5, 20],
      [20, 840],
      [50, 1_560],
      [100, 2_100],
    ],
    endSeconds: 2_400,
    reason: "Every analysis passed.",
  }),
  score: made({
    outcome: "rolledBack",
    rate: 200,
    weights: [[5, 9]],
    endSeconds: 31,
    scoreShift: 0.1,
    faults: ["score=+0.1"],
    failed: "prediction-score",
    reason: "prediction-score: The mean of 118 scores is 0.2214; declared is 0.12 ± 0.02.",
  }),
  notStarted: {
    ...made({ outcome: "notStarted", rate: 200, weights: [], endSeconds: 14, reason: "Triton cannot load the model." }),
    steps: [],
    findings: [
      {
        rule: "model-load-python",
        about: ["Pod models/fraud-7d9f-x2k4p"],
        cause: 'Triton cannot load model "fraud": model.py does not parse.',
        confidence: "certain",
        evidence: [
          "model.py, line 12: SyntaxError: '(' was never closed",
          "container triton ended twice with exit code 1",
        ],
        change: "Correct line 12 of model.py and try again.",
        next: "npx serin logs fraud --previous",
        follows: false,
      } as unknown as NonNullable<RehearsalReport["findings"]>[number],
    ],
  },
};

function made(course: Course): RehearsalReport {
  const { outcome, rate, weights, endSeconds, faults = [], failed, reason } = course;
  const random = seededRandom(7);
  const size = endSeconds > 600 ? 4 : 1;
  const changes = outcome === "rolledBack" ? [...weights, [0, endSeconds] as const] : weights;
  const weightAt = (second: number) => changes.findLast(([, from]) => from <= second)?.[0] ?? 0;
  const samples: Sample[] = [];
  for (let second = 0; second < endSeconds + 3; second += size) {
    const weight = weightAt(second);
    const sent = Math.round(rate * size * (0.9 + 0.2 * random()));
    const canary = Math.round((sent * weight) / 100);
    const version = (requests: number, bad: number, slower: number, shift: number): VersionSample => ({
      requests,
      errors: Array.from({ length: requests }, random).filter((chance) => chance < bad).length,
      slow: 0,
      p50Ms: requests === 0 ? 0 : 9 + slower + random() * 1.5,
      p99Ms: requests === 0 ? 0 : 22 + slower + random() * 14,
      ...(requests === 0 ? {} : { meanScore: 0.12 + shift + ((random() - 0.5) * 0.1) / Math.sqrt(requests) }),
    });
    const both = [
      version(sent - canary, 0.0001, 0, 0),
      version(canary, course.errorShare ?? 0, course.addedMs ?? 1, course.scoreShift ?? 0),
    ] as const;
    samples.push({
      atMs: second * 1_000,
      seconds: size,
      weight,
      sent,
      errors: both[0].errors + both[1].errors,
      p50Ms: both[0].p50Ms,
      p99Ms: both[0].p99Ms,
      stable: both[0],
      canary: both[1],
    });
  }
  const steps = weights.map(([weight, from], index) => {
    const to = weights[index + 1]?.[1] ?? endSeconds;
    const part = samples.filter(({ atMs }) => atMs >= from * 1_000 && atMs < to * 1_000);
    const sum = (of: (sample: VersionSample) => number) =>
      part.reduce((all, { canary }) => all + (canary === undefined ? 0 : of(canary)), 0);
    return {
      weight,
      startMs: from * 1_000,
      endMs: to * 1_000,
      requests: sum(({ requests }) => requests),
      errors: sum(({ errors }) => errors),
      slow: 0,
      verdicts:
        failed === undefined
          ? weight === 100
            ? []
            : ["errors", "latency", "prediction-score"].map((metric) => ({
                metric,
                verdict: "Successful",
                by: "step" as const,
              }))
          : [{ metric: failed, verdict: "Failed", by: "guard" as const }],
    };
  });
  const at = (second: number) => new Date(declaredAt + second * 1_000).toISOString();
  const metric = (name: string, phase: string, second: number) => ({
    name,
    phase,
    message: "",
    measurements: 10,
    measuredAt: at(second),
  });
  const errors = samples.reduce((sum, sample) => sum + sample.errors, 0);
  return {
    environment: "local",
    model: "fraud",
    from: "1",
    to: "2",
    faults,
    rate,
    startedAt: "2026-03-01T09:59:57.000Z",
    durationMs: endSeconds * 1_000,
    outcome,
    reason,
    objectives: { p99Ms: 150, errorRate: 0.001, meanScore: 0.12 },
    steps,
    evidence: coursesOf(samples, weightAt, endSeconds).flatMap(({ metric: name, points }) => {
      const last = points.at(-1);
      return last === undefined
        ? []
        : [{ metric: name, verdict: last.verdict, reason: name === failed ? reason : "As planned." }];
    }),
    course: coursesOf(samples, weightAt, endSeconds),
    events: releaseEvents({
      to: "2",
      faults,
      observations: changes.flatMap(([weight, from], index) => [
        { atMs: from * 1_000, weight, counters: { requests: 0, errors: 0, slow: 0 } },
        ...(index === 0 ? [{ atMs: from * 1_000 + 1_500, weight, counters: { requests: 5, errors: 0, slow: 0 } }] : []),
      ]),
      analyses: [
        ...(failed === undefined
          ? []
          : [
              {
                name: "guard",
                step: undefined,
                phase: "Failed",
                message: "",
                startedAt: at(0),
                metrics: [metric(failed, "Failed", endSeconds - 1)],
              },
            ]),
        ...(outcome === "promoted" ? weights.slice(1) : []).map(([, from], index) => ({
          name: `step-${index}`,
          step: index,
          phase: "Successful",
          message: "",
          startedAt: at(0),
          metrics: ["errors", "latency", "prediction-score"].map((name) => metric(name, "Successful", from - 1)),
        })),
      ],
      stepWeights: weights.map(([weight]) => weight),
      actions: [],
      declaredAt,
      end: { outcome, atMs: endSeconds * 1_000 },
    }),
    samples,
    served: {
      requests: samples.reduce((sum, { sent }) => sum + sent, 0),
      bad: errors,
      errors,
      errorsBy: errors === 0 ? {} : { 500: errors },
      slow: 0,
      dropped: 0,
      byNewVersion: samples.reduce((sum, { canary }) => sum + (canary?.requests ?? 0), 0),
    },
  };
}

function coursesOf(
  samples: readonly Sample[],
  weightAt: (second: number) => number,
  endSeconds: number,
): EvidenceCourse[] {
  const every = Math.max(1, Math.ceil(endSeconds / 240));
  return metrics.flatMap(({ name, seen }): EvidenceCourse[] => {
    if (seen === undefined) return [];
    const numbers = {
      bad: 0,
      total: 0,
      stableBad: 0,
      stableTotal: 0,
      money: 1,
      clumping: 1,
      count: 0,
      sum: 0,
      squares: 0,
    };
    const points = samples.flatMap(({ atMs, canary, stable }): EvidenceCourse["points"] => {
      if (canary === undefined || stable === undefined || canary.requests === 0) return [];
      const bad = name === "errors" ? canary.errors : 0;
      numbers.bad += bad;
      numbers.total += canary.requests;
      numbers.stableBad += name === "errors" ? stable.errors : 0;
      numbers.stableTotal += stable.requests;
      numbers.money = Math.max(0.02, numbers.money * 17 ** bad * 0.999 ** Math.min(60, canary.requests));
      numbers.count += canary.requests;
      const mean = canary.meanScore ?? 0;
      numbers.sum += canary.requests * mean;
      numbers.squares += canary.requests * (mean ** 2 + 0.01);
      if (Math.round(atMs / 1_000) % every !== 0 && every > 4) return [];
      const next = ([20, 50, 100].find((weight) => weight > weightAt(atMs / 1_000)) ?? 100) / 100;
      const found = concluded(seen, numbers, { metric: name, next });
      const { metric: _metric, reason: _reason, missing: _missing, clumping: _clumping, ...point } = found;
      return [{ atMs, ...point }];
    });
    return points.length === 0
      ? []
      : [{ metric: name, kind: seen.kind, ...("did" in seen ? { did: seen.did } : {}), points }];
  });
}

import type { Problem } from "../../../core/problem.ts";
import {
  countProblems,
  type Duration,
  duration,
  durationProblems,
  type Percent,
  percentProblems,
} from "../../../core/quantity.ts";
import { withDefaults } from "../../../core/withDefaults.ts";

/** A release that shifts traffic step by step, each step but the last decided by an analysis. */
export interface Canary {
  readonly kind: "canary";
  /** Percent of traffic on the new version, rising whole numbers, the last 100 and at least one below 50. */
  readonly weights: readonly number[];
  /**
   * Least time on each step before its analysis starts, so that slow effects show: whole seconds, at most "24h". All
   * traffic stays on the new version this long, and for at least four looks of the guard, before the release ends.
   */
  readonly bake: Duration;
  /**
   * How long the pods of the version before stay after a release has ended: whole seconds, "30s" to "24h". Within it,
   * going back to that version needs no start of pods. They hold their GPUs meanwhile.
   */
  readonly keep: Duration;
  /** Longest outage of Prometheus that does not abort a release. */
  readonly metricsOutage: Duration;
  /**
   * How often a verdict may be wrong: `falseAlarm` of the versions that keep half of each objective are rolled back,
   * `miss` of those with twice the bad requests that one allows pass it. Each 0.001 % to 25 %; the smaller, the more
   * requests a verdict takes.
   */
  readonly confidence: { readonly falseAlarm: Percent; readonly miss: Percent };
  /**
   * What a release may cost. One that would cost more is a problem of the declaration, before anything is deployed.
   * Changing it restarts nothing.
   */
  readonly exposure: Exposure;
}

/** What a release may cost on each cluster. */
export interface Exposure {
  /** Longest time that a healthy version may take at the trough of the traffic, 95 times in 100: "1m" to "1000h". */
  readonly duration: Duration;
  /**
   * The most requests that may fail when a version fails every request from the start, at the peak of the traffic: a
   * whole number, at least 1. @default not limited: the first weight decides it, and `serin release plan` says it
   */
  readonly failedRequests?: number;
}

/** A canary; see `Canary` for the fields. */
export function canary(options: Partial<Omit<Canary, "kind">> = {}): Canary {
  const defaults: Canary = {
    kind: "canary",
    // 5 % bounds what a bad version can harm; each step after it multiplies the evidence.
    weights: [5, 20, 50, 100],
    // Two minutes show caches filling and memory growing; the sequential test takes what it needs on top.
    bake: "2m",
    metricsOutage: "5m",
    // Proxies forget the old pods, then their GPUs are free.
    keep: duration(1_000 * forgetSeconds),
    // One in a hundred that keeps half of each objective is rolled back; one that misses one twice over is promoted.
    confidence: { falseAlarm: "1%", miss: "1%" },
    // Who comes back the next day finds it ended. Traffic that needs longer asks for another way.
    exposure: { duration: "24h" },
  };
  return withDefaults(defaults, options);
}

/** Proxies may send to pods for a moment after the weights have changed. */
export const forgetSeconds = 30;

/** A verdict that is wrong more than once in four times decides nothing; one that is hardly ever wrong never comes. */
const confidenceBounds = { min: "0.001%", max: "25%" } as const;

/** Problems of a canary, by the path below `release`. */
export function canaryProblems({ weights, bake, keep, metricsOutage, confidence, exposure }: Canary): Problem[] {
  const problems = [
    // The pause of a Rollout's step is a whole number of seconds.
    ...durationProblems("bake", bake, { max: "24h", whole: "1s" }),
    ...durationProblems("keep", keep, { min: duration(1_000 * forgetSeconds), max: "24h", whole: "1s" }),
    ...durationProblems("metricsOutage", metricsOutage, { min: "10s", max: "24h" }),
    ...percentProblems("confidence.falseAlarm", confidence.falseAlarm, confidenceBounds),
    ...percentProblems("confidence.miss", confidence.miss, confidenceBounds),
    ...durationProblems("exposure.duration", exposure.duration, { min: "1m", max: "1000h" }),
    ...(exposure.failedRequests === undefined
      ? []
      : countProblems("exposure.failedRequests", exposure.failedRequests, 1)),
  ];
  return [...problems, ...weightProblems(weights)];
}

function weightProblems(weights: readonly number[]): Problem[] {
  const path = "weights";
  if (weights.length === 0) {
    return [{ path, reason: "there is none.", fix: "Write rising weights, for example [5, 20, 50, 100]." }];
  }
  const outside = weights.flatMap((weight, index): Problem[] =>
    Number.isInteger(weight) && weight >= 1 && weight <= 100
      ? []
      : [
          {
            path: `weights[${index}]`,
            reason: `${weight} is not a whole number from 1 to 100.`,
            fix: "Write percent of traffic; Istio's smallest step is 1.",
          },
        ],
  );
  // What such a list lacks beside that follows from it.
  if (outside.length > 0) return outside;
  const problems = weights.flatMap((weight, index): Problem[] => {
    const before = weights[index - 1] ?? 0;
    return weight > before
      ? []
      : [
          {
            path: `weights[${index}]`,
            reason: `${weight} is not above ${before}, the weight before it.`,
            fix: "Write rising weights, for example [5, 20, 50, 100].",
          },
        ];
  });
  if (weights.at(-1) !== 100) {
    problems.push({
      path,
      reason: `the last weight is ${weights.at(-1)}, so the release would never end.`,
      fix: "End with 100.",
    });
  }
  if (!weights.some((weight) => weight < 50)) {
    problems.push({
      path,
      reason: "no weight is below 50, so half of the traffic would meet the version before any analysis.",
      fix: "Start with a small weight, for example 5.",
    });
  }
  return problems;
}

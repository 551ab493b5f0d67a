import type { TrafficSample } from "../embedded/traffic/traffic.ts";
import type { Sample, VersionSample } from "./report.ts";

/** The most samples of a report: a second each for ten minutes. A longer release has longer ones. */
const mostSamples = 600;

/** The samples of a report out of the seconds that the callers measured, from the start of the release on. */
export function samplesOf(
  seconds: readonly TrafficSample[],
  { from, to }: { readonly from: string; readonly to: string },
  weightAt: (atMs: number) => number,
): Sample[] {
  const size = Math.max(1, Math.ceil(seconds.length / mostSamples));
  return Array.from({ length: Math.ceil(seconds.length / size) }, (_, index): Sample => {
    const part = seconds.slice(index * size, (index + 1) * size);
    const atMs = index * size * 1_000;
    return {
      atMs,
      seconds: part.length,
      weight: weightAt(atMs),
      sent: sum(part.map(({ sent }) => sent)),
      errors: sum(part.flatMap(({ errors }) => Object.values(errors))),
      ...latency(part.map(({ latencyMs, sent }) => ({ latencyMs, answers: sent }))),
      ...(from === to ? {} : { stable: versionOf(part, from), canary: versionOf(part, to) }),
    };
  });
}

function versionOf(part: readonly TrafficSample[], version: string): VersionSample {
  const tallies = part.flatMap(({ versions }) => versions[version] ?? []);
  const scores = sum(tallies.map((tally) => tally.scores.count));
  return {
    requests: sum(tallies.map(({ ok, errors }) => ok + errors)),
    errors: sum(tallies.map(({ errors }) => errors)),
    slow: sum(tallies.map(({ slow }) => slow)),
    ...latency(tallies.map(({ latencyMs, ok, errors }) => ({ latencyMs, answers: ok + errors }))),
    ...(scores === 0
      ? {}
      : { meanScore: short(sum(tallies.map((tally) => tally.scores.count * tally.scores.mean)) / scores, 5) }),
  };
}

/** Of several seconds the mean of the medians by their answers, and the worst 99th percentile. */
function latency(parts: readonly { latencyMs: { p50: number; p99: number }; answers: number }[]): {
  p50Ms: number;
  p99Ms: number;
} {
  const answers = sum(parts.map((part) => part.answers));
  const median = answers === 0 ? 0 : sum(parts.map((part) => part.answers * part.latencyMs.p50)) / answers;
  return {
    p50Ms: short(median, 4),
    p99Ms: short(Math.max(0, ...parts.map(({ latencyMs }) => latencyMs.p99)), 4),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function short(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** The latency of the answers of one period, errors included; all 0 if there was no answer. */
export interface LatencySummary {
  /** The median, milliseconds. */
  readonly p50: number;
  /** The 90th percentile, milliseconds. */
  readonly p90: number;
  /** The 99th percentile, milliseconds. */
  readonly p99: number;
  /** The slowest answer, milliseconds. */
  readonly max: number;
}

/** The answers of one version in one period. */
export interface VersionTally {
  /** The answers with HTTP status 200. */
  readonly ok: number;
  /** The answers with another status, and requests without an answer. */
  readonly errors: number;
  /** Those of `ok` that took longer than `slowerThanMs`. */
  readonly slow: number;
  /** The number and the mean of the prediction scores. An answer has a score if its first output is a single number. */
  readonly scores: { readonly count: number; readonly mean: number };
  /** Of all of these, errors included. */
  readonly latencyMs: LatencySummary;
}

/** The counts of one period. A request is counted when it is sent, its answer when it arrives. */
export interface Tally {
  /** Requests that were due and were sent. */
  readonly sent: number;
  /** Requests that were due and were not sent, because too many had no answer yet. */
  readonly dropped: number;
  /** The answers with HTTP status 200, of all versions. */
  readonly ok: number;
  /** The number of errors by HTTP status, or by `timeout` and `connection` if there was no answer. */
  readonly errors: Readonly<Record<string, number>>;
  /** The answers by the version that answered. Those that name no version are under `unknown`. */
  readonly versions: Readonly<Record<string, VersionTally>>;
  /** Measured from when a request was due, so that the delay of a late request is part of its latency. */
  readonly latencyMs: LatencySummary;
  /**
   * The 99th percentile of how late requests were sent, milliseconds. Above a few milliseconds, this machine is too
   * busy for the measurement.
   */
  readonly sendDelayP99Ms: number;
}

/** One answer, or the end of a request without an answer. */
export interface Answer {
  /**
   * `ok`: HTTP status 200. Another status is written as it is: `503`. `timeout` and `connection`: there was no answer.
   */
  readonly outcome: "ok" | `${number}` | "timeout" | "connection";
  /** Milliseconds from when the request was due to the end of the answer. */
  readonly latencyMs: number;
  /** The version that answered; `undefined` if the answer does not name it. */
  readonly version: string | undefined;
  /** The prediction score; `undefined` if the first output is not a single number. */
  readonly score: number | undefined;
}

/** Counts the requests and answers of one period. */
export class Tallier {
  readonly #slowerThanMs: number;
  readonly #latency = histogram();
  readonly #sendDelay = histogram();
  readonly #errors = new Map<string, number>();
  readonly #versions = new Map<string, VersionCounts>();
  #sent = 0;
  #dropped = 0;
  #ok = 0;

  /** `slowerThanMs`: answers that take longer are counted as slow. */
  constructor(slowerThanMs: number) {
    this.#slowerThanMs = slowerThanMs;
  }

  /** Counts a request that was sent `delayMs` milliseconds after it was due. */
  send(delayMs: number): void {
    this.#sent += 1;
    this.#sendDelay.record(microseconds(delayMs));
  }

  /** Counts a request that was due and not sent. */
  drop(): void {
    this.#dropped += 1;
  }

  /** Counts an answer, or a request that ended without one. */
  answer({ outcome, latencyMs, version = "unknown", score }: Answer): void {
    const tally = this.#versions.get(version) ?? {
      ok: 0,
      errors: 0,
      slow: 0,
      scores: 0,
      sum: 0,
      latency: histogram(),
    };
    this.#versions.set(version, tally);
    tally.latency.record(microseconds(latencyMs));
    this.#latency.record(microseconds(latencyMs));
    if (outcome !== "ok") {
      this.#errors.set(outcome, (this.#errors.get(outcome) ?? 0) + 1);
      tally.errors += 1;
      return;
    }
    this.#ok += 1;
    tally.ok += 1;
    if (latencyMs > this.#slowerThanMs) tally.slow += 1;
    if (score !== undefined) {
      tally.scores += 1;
      tally.sum += score;
    }
  }

  /** The counts so far. */
  read(): Tally {
    return {
      sent: this.#sent,
      dropped: this.#dropped,
      ok: this.#ok,
      errors: Object.fromEntries(this.#errors),
      versions: Object.fromEntries(
        [...this.#versions].map(([version, { ok, errors, slow, scores, sum, latency }]) => [
          version,
          {
            ok,
            errors,
            slow,
            scores: { count: scores, mean: scores === 0 ? 0 : sum / scores },
            latencyMs: summary(latency),
          },
        ]),
      ),
      latencyMs: summary(this.#latency),
      sendDelayP99Ms: percentileMs(this.#sendDelay, 99),
    };
  }
}

interface VersionCounts {
  ok: number;
  errors: number;
  slow: number;
  scores: number;
  sum: number;
  readonly latency: RecordableHistogram;
}

/** Of microseconds, up to ten minutes. */
function histogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
}

function summary(latency: RecordableHistogram): LatencySummary {
  return {
    p50: percentileMs(latency, 50),
    p90: percentileMs(latency, 90),
    p99: percentileMs(latency, 99),
    max: latency.count === 0 ? 0 : latency.max / 1_000,
  };
}

function microseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1_000));
}

function percentileMs(histogram: RecordableHistogram, percentile: number): number {
  return histogram.count === 0 ? 0 : histogram.percentile(percentile) / 1_000;
}

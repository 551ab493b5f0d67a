import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Latency of the answers of one period, in milliseconds; all 0 when there was none. */
export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What one version answered; `scores` covers the answers with a single number. */
export interface VersionTally {
  readonly ok: number;
  readonly errors: number;
  /** Right answers that came later than the caller's limit (`slowerThanMs`). */
  readonly slow: number;
  readonly scores: { readonly count: number; readonly mean: number };
}

/** What happened in one period. Requests are counted when they are sent, answers when they arrive. */
export interface Tally {
  /** Requests that were due and were sent. */
  readonly sent: number;
  /** Requests that were due and were not sent, because too many were unanswered. */
  readonly dropped: number;
  readonly ok: number;
  /** Answers that are errors, by HTTP status, or by `timeout` and `connection` where there was no answer. */
  readonly errors: Readonly<Record<string, number>>;
  /** By the version that answered; errors without a version are under `unknown`. */
  readonly versions: Readonly<Record<string, VersionTally>>;
  /** From the moment a request was due, so that a late send counts against the server that caused it. */
  readonly latencyMs: LatencySummary;
  /** How late requests were sent, 99th percentile: above a few milliseconds this machine is too busy to measure. */
  readonly sendDelayP99Ms: number;
}

/** One answer, as the caller saw it. */
export interface Answer {
  readonly outcome: "ok" | `${number}` | "timeout" | "connection";
  readonly latencyMs: number;
  readonly version: string | undefined;
  readonly score: number | undefined;
}

/** Counts what happens in a period. */
export class Tallier {
  readonly #slowerThanMs: number;
  readonly #latency: RecordableHistogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  readonly #sendDelay: RecordableHistogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  readonly #errors = new Map<string, number>();
  readonly #versions = new Map<string, { ok: number; errors: number; slow: number; scores: number; sum: number }>();
  #sent = 0;
  #dropped = 0;
  #ok = 0;

  constructor(slowerThanMs: number) {
    this.#slowerThanMs = slowerThanMs;
  }

  send(delayMs: number): void {
    this.#sent += 1;
    this.#sendDelay.record(microseconds(delayMs));
  }

  drop(): void {
    this.#dropped += 1;
  }

  answer({ outcome, latencyMs, version = "unknown", score }: Answer): void {
    const tally = this.#versions.get(version) ?? { ok: 0, errors: 0, slow: 0, scores: 0, sum: 0 };
    this.#versions.set(version, tally);
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

  read(): Tally {
    return {
      sent: this.#sent,
      dropped: this.#dropped,
      ok: this.#ok,
      errors: Object.fromEntries(this.#errors),
      versions: Object.fromEntries(
        [...this.#versions].map(([version, { ok, errors, slow, scores, sum }]) => [
          version,
          { ok, errors, slow, scores: { count: scores, mean: scores === 0 ? 0 : sum / scores } },
        ]),
      ),
      latencyMs: {
        p50: percentileMs(this.#latency, 50),
        p90: percentileMs(this.#latency, 90),
        p99: percentileMs(this.#latency, 99),
        max: this.#latency.count === 0 ? 0 : this.#latency.max / 1_000,
      },
      sendDelayP99Ms: percentileMs(this.#sendDelay, 99),
    };
  }
}

function microseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1_000));
}

function percentileMs(histogram: RecordableHistogram, percentile: number): number {
  return histogram.count === 0 ? 0 : histogram.percentile(percentile) / 1_000;
}

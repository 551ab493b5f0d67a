/**
 * What a rehearsal found, as printed, as JSON and as a page; times are milliseconds since the new version was declared.
 */
export interface RehearsalReport {
  readonly environment: string;
  readonly model: string;
  readonly from: string;
  readonly to: string;
  /** Fault expressions put into the new version; none for a plain release. */
  readonly faults: readonly string[];
  /** Requests per second that were sent. */
  readonly rate: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** Why, in the words of the controller and its analyses. */
  readonly reason: string;
  readonly objectives: { readonly p99Ms: number; readonly errorRate: number; readonly meanScore?: number };
  readonly steps: readonly StepReport[];
  readonly samples: readonly Sample[];
  readonly served: Served;
}

/**
 * `promoted`: all traffic is on the new version. `rolledBack`: all traffic is back on the old one. `undecided`: an
 * analysis ended without a verdict and the release waits for a person. `timedOut`: neither within the time given.
 */
export type Outcome = "promoted" | "rolledBack" | "undecided" | "timedOut";

/** One weight of the release. */
export interface StepReport {
  readonly weight: number;
  readonly startMs: number;
  readonly endMs: number;
  /**
   * Requests the new version answered during the step, those among them that failed, and those slower than the
   * objective.
   */
  readonly requests: number;
  readonly errors: number;
  readonly slow: number;
  /** The verdict of each metric, and whether the guard or the step's own analysis spoke it. */
  readonly verdicts: readonly { readonly metric: string; readonly verdict: string; readonly by: "step" | "guard" }[];
}

/** One second, as the callers saw it. */
export interface Sample {
  readonly atMs: number;
  readonly weight: number;
  readonly sent: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the callers got from the beginning of the release to its end. */
export interface Served {
  readonly requests: number;
  /** Bad answers of any kind, from either version: failed, or slower than the objective. */
  readonly bad: number;
  readonly errors: number;
  readonly slow: number;
  /** Requests the traffic source could not send. */
  readonly dropped: number;
  /** Answers of the new version; with a shifted score every one of them is wrong. */
  readonly byNewVersion: number;
}

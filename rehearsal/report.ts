import type { Finding } from "../diagnosis/diagnose.ts";
import type { EvidenceCourse } from "./cluster/evidenceCourse.ts";
import type { AnalysisEvidence } from "./cluster/releaseEvidence.ts";

/**
 * The result of a rehearsal. It is printed, and written as JSON and as a page. All times are milliseconds since the new
 * version was declared, unless a field says otherwise.
 */
export interface RehearsalReport {
  /** The name of the environment. */
  readonly environment: string;
  /** The name of the model. */
  readonly model: string;
  /** The declared version, which served before the release. */
  readonly from: string;
  /** The version that was released. */
  readonly to: string;
  /** The faults that the new version had, each as it was typed; empty for a release without faults. */
  readonly faults: readonly string[];
  /** How the model ran otherwise than on a cluster, in a sentence. Absent: it did not. */
  readonly standIn?: string;
  /** Requests per second that were sent. */
  readonly rate: number;
  /** The file whose requests were sent. Absent: random ones of the shape that the model takes. */
  readonly requests?: RequestsSent;
  /** When the traffic started, ISO 8601: 3 s before the new version was declared. */
  readonly startedAt: string;
  /** When the end of the release was seen, or when its time was over. */
  readonly durationMs: number;
  /** How the release ended. */
  readonly outcome: Outcome;
  /** Why the release ended so: what the metrics that failed saw, else in the words of the controller. */
  readonly reason: string;
  /** Why no pod of the new version can start. Absent: one can. */
  readonly findings?: readonly Finding[];
  /**
   * The model's objectives: the 99th percentile of latency in milliseconds, the ratio of failed requests from 0 to 1,
   * and the mean of the prediction score if one is declared.
   */
  readonly objectives: { readonly p99Ms: number; readonly errorRate: number; readonly meanScore?: number };
  /** One entry for each weight, in their order. */
  readonly steps: readonly StepReport[];
  /**
   * What each metric of each analysis saw at its last measurement: counts of both versions, the evidence and its
   * bounds. `step` is the step of the Rollout, absent for the guard.
   */
  readonly evidence: readonly AnalysisEvidence[];
  /** What each metric saw in the course of the release, at most once a second; empty where Prometheus is away. */
  readonly course: readonly EvidenceCourse[];
  /** What happened, in the order of time: weights, verdicts, what people did, the end. */
  readonly events: readonly ReleaseEvent[];
  /**
   * Traffic from the start of the release until 3 s after its end, by the second. Of a release of more than ten minutes
   * an entry is of several seconds.
   */
  readonly samples: readonly Sample[];
  /** The sum of the samples, and what the new version answered. */
  readonly served: Served;
}

/** Requests of a file. */
export interface RequestsSent {
  /** The file, as it was typed. */
  readonly file: string;
  /** How many bodies it has. */
  readonly bodies: number;
  /** Whether they were sent in turn, again and again, or each time one by chance. */
  readonly order: "turn" | "random";
  /** What chance was made of: the same seed sends the same requests at the same intervals. */
  readonly seed: number;
}

/**
 * `promoted`: all traffic is on the new version. `rolledBack`: all traffic is back on the old one. `undecided`: an
 * analysis ended Inconclusive, so the release paused. `notStarted`: no pod of the new version can start. `timedOut`:
 * none of these within the given time.
 */
export type Outcome = "promoted" | "rolledBack" | "undecided" | "notStarted" | "timedOut";

/** One weight of the release. */
export interface StepReport {
  /** Percent of the traffic on the new version. */
  readonly weight: number;
  /**
   * The name of a stage in which no caller is sent to the new version by the weight: `chosen requests`, `copies of 50
   * %`. Absent in the others.
   */
  readonly stage?: string;
  /** When this weight was first seen. The cluster is read every half second. */
  readonly startMs: number;
  /** When the next weight was seen or, for the last one, when this weight was last seen. */
  readonly endMs: number;
  /** The requests that the new version answered during the step, as Prometheus counts them. */
  readonly requests: number;
  /** Those of `requests` with a 5xx status. */
  readonly errors: number;
  /** Those of `requests` that took longer than the objective for p99. */
  readonly slow: number;
  /**
   * The verdict of each metric (`Successful`, `Failed`, `Error`, `Inconclusive`, `Running` or `Pending`), from the
   * analysis of the step or from the guard. The guard's verdicts are listed only if they ended the release in this
   * step.
   */
  readonly verdicts: readonly { readonly metric: string; readonly verdict: string; readonly by: "step" | "guard" }[];
}

/** Something that happened in the course of a release. */
export interface ReleaseEvent {
  /** Milliseconds since the new version was declared. */
  readonly atMs: number;
  /**
   * `declared`, `firstAnswer` of the new version, `weight` of the traffic, `passed` and `failed` of metrics, `action`
   * of a person, and the `end`.
   */
  readonly kind: "declared" | "firstAnswer" | "weight" | "passed" | "failed" | "action" | "end";
  /** In a few words. */
  readonly text: string;
  /** Of `weight`: the percent of the traffic that the new version has from then on. */
  readonly weight?: number;
}

/** Some seconds of traffic, as the callers measured it. Counts are of all of them. */
export interface Sample {
  /** When it starts. */
  readonly atMs: number;
  /** How many seconds it is of. */
  readonly seconds: number;
  /** Percent of the traffic on the new version when it starts. */
  readonly weight: number;
  /** The requests that were sent, to either version. */
  readonly sent: number;
  /** The requests that ended with a status other than 200, or without an answer within 10 s. */
  readonly errors: number;
  /** The median latency, milliseconds; 0 if nothing was answered. Of several seconds: the mean of their medians. */
  readonly p50Ms: number;
  /**
   * The 99th percentile of latency, milliseconds; 0 if nothing was answered. Of several seconds: that of the worst one.
   */
  readonly p99Ms: number;
  /** What the old version answered. Absent where both versions have one number, so that nobody tells them apart. */
  readonly stable?: VersionSample;
  /** What the new version answered. Absent as `stable` is. */
  readonly canary?: VersionSample;
}

/** What one version answered in a sample. Requests without any answer are of no version. */
export interface VersionSample {
  /** The answers, errors included. */
  readonly requests: number;
  /** Those with a status other than 200. */
  readonly errors: number;
  /** The right ones that took longer than the objective for p99. */
  readonly slow: number;
  /** As in `Sample`. */
  readonly p50Ms: number;
  /** As in `Sample`. */
  readonly p99Ms: number;
  /** The mean of the prediction scores. Absent: no answer had one. */
  readonly meanScore?: number;
}

/** What the callers measured from the start of the release until 3 s after its end. */
export interface Served {
  /** The requests that were sent, to either version. */
  readonly requests: number;
  /** `errors` plus `slow`. */
  readonly bad: number;
  /** The requests that ended with a status other than 200, or without an answer within 10 s. */
  readonly errors: number;
  /** Those of `errors` by HTTP status, and `timeout` and `connection` where there was no answer. */
  readonly errorsBy: Readonly<Record<string, number>>;
  /** Right answers that took longer than the objective for p99. */
  readonly slow: number;
  /** Requests that were due and not sent, because too many had no answer yet. */
  readonly dropped: number;
  /** The requests that the new version answered. With the fault `score`, each of them had a wrong score. */
  readonly byNewVersion: number;
}

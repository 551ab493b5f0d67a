import type { AnalysisView } from "./clusterView.ts";
import type { ReleaseView } from "./releaseView.ts";

/** How long the step under way has taken, and how long it was planned to, in seconds. */
export interface StepTime {
  /** Since the step began, or since the last pod of it became ready. */
  readonly taken: number;
  /** A healthy version takes no longer, 95 times in a hundred. */
  readonly planned: number;
}

/** Undefined where nothing is planned, or no release is under way. */
export function stepTime(release: ReleaseView, analyses: readonly AnalysisView[], now: Date): StepTime | undefined {
  const { rollout, plannedSeconds, waitingSince } = release;
  const planned = plannedSeconds[rollout.step];
  if (planned === undefined || rollout.stableHash === rollout.currentHash || rollout.aborted) return undefined;
  const since = analyses.findLast(({ step }) => step === rollout.step)?.startedAt ?? waitingSince;
  if (since === undefined) return undefined;
  return { taken: Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1_000)), planned };
}

/** What a person reads of a step that takes longer than it was planned to; empty where it does not. */
export function overdueLines({ taken, planned }: StepTime): string[] {
  if (taken <= planned) return [];
  return [
    `It has taken ${inWords(taken)}; planned are at most ${inWords(planned)}. Nothing ends it but its verdict, its pods, or the guard.`,
    'Go on without waiting with "serin release promote", back with "serin release abort".',
  ];
}

function inWords(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

import type { Problem } from "../components/core/problem.ts";
import { milliseconds } from "../components/core/quantity.ts";
import type { Model } from "../components/model/model.ts";
import {
  type ReleaseStage,
  releasePlan,
  type Spread,
  stepStages,
} from "../components/model/releasePlan/releasePlan.ts";
import { spanText } from "../components/model/releasePlan/spanText.ts";
import type { AnalysisContext } from "../components/model/strategies/releaseStrategy.ts";
import { parseFaults } from "../embedded/faults/fault.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { releaseContext } from "../stacks/environments/releaseSite.ts";

/** How long a rehearsal takes, before it starts. */
export interface RehearsalTime {
  /** Seconds until a healthy version has all traffic at this rate. Absent: the strategy does not say how it judges. */
  readonly healthy?: Spread;
  /** Its stages; empty where `healthy` is absent. */
  readonly stages: readonly ReleaseStage[];
  /** The stage of each step of the Rollout, by its name. */
  readonly stepStages: readonly string[];
  /** The time after which a rehearsal gives up unless a person says another, milliseconds. */
  readonly timeoutMs: number;
}

/** A faulty version, or one that is slow to start, has at least this. */
const shortestTimeoutMs = 15 * 60_000;
/** One healthy release in twenty takes longer than the late one; hardly any takes twice as long. */
const patience = 2;
/** The longest rehearsal that starts unless a person gives it a time: half a working day. */
const sensibleSeconds = 4 * 3_600;
/** The start of a pod here, where nothing is pulled and no node is added, seconds. */
const podSeconds = 10;
/** Requests of a cohort come from the start, and the rehearsal itself is the person who decides, seconds. */
const callerSeconds = 15;
/** Simulated releases: enough for a time to the minute, within a second even at one request a second. */
const runs = 60;

/** What the analyses of a model know on the embedded cluster, apart from the address of Prometheus. */
export function rehearsalContext(name: string, model: Model, environment: Environment): AnalysisContext {
  return releaseContext(name, model, String(Object.keys(environment.clusters)[0]), environment);
}

/** Computes how long a release takes under so many requests per second, from the model's release and objectives. */
export function rehearsalTime(
  name: string,
  declared: Model,
  environment: Environment,
  { rate, faults }: { readonly rate: number; readonly faults: string },
): RehearsalTime {
  const model: Model = { ...declared, traffic: { ...declared.traffic, expectedQps: { trough: rate, peak: rate } } };
  const context = {
    ...rehearsalContext(name, declared, environment),
    podDeadlineSeconds: 2 * podSeconds,
    callerWaitSeconds: callerSeconds,
  };
  const plan = releasePlan(model, context, [{ when: "rehearsal", requestsPerSecond: () => rate }], { runs });
  const at = plan?.at[0];
  const laterMs = Math.max(0, ...parseFaults(faults).map(({ fromMs = 0 }) => fromMs));
  const startMs =
    laterMs +
    parseFaults(faults).reduce(
      (sum, fault) =>
        sum + (fault.kind === "slowStart" ? fault.delayMs : fault.kind === "coldStart" ? fault.coldMs : 0),
      0,
    );
  if (at === undefined || !Number.isFinite(at.seconds.late)) {
    return { stages: [], stepStages: stepStages(model, context), timeoutMs: shortestTimeoutMs + startMs };
  }
  return {
    healthy: at.seconds,
    stages: at.stages,
    stepStages: stepStages(model, context),
    timeoutMs: Math.max(shortestTimeoutMs, Math.ceil(patience * at.seconds.late) * 1_000) + startMs,
  };
}

/**
 * A rehearsal of a healthy version that would take longer than half a working day, unless a person said how long it may
 * take.
 */
export function timeProblems(time: RehearsalTime, rate: number, given: boolean): Problem[] {
  if (given || time.healthy === undefined || time.healthy.late <= sensibleSeconds) return [];
  const { late } = time.healthy;
  const enough = Math.ceil((rate * late) / sensibleSeconds);
  return [
    {
      path: "--rate",
      reason: `at ${rate} requests a second a healthy version takes up to ${spanText(late)}: its objectives need so many requests.`,
      fix: `Write --rate ${enough} or more, larger first weights or a larger slo.errorRate in the environment that rehearses, or --timeout to wait that long.`,
    },
  ];
}

/** What is said before the start: how long a healthy version takes, and when the rehearsal gives up. */
export function timeLine({ healthy }: RehearsalTime, timeoutMs: number): string {
  const end = `ends after ${spanText(timeoutMs / 1_000)} at the latest`;
  if (healthy === undefined) return end;
  const takes = `a healthy version takes about ${spanText(healthy.mean)}, at most ${spanText(healthy.late)} in 95 of 100`;
  return healthy.mean * 1_000 > timeoutMs
    ? `${takes}; --timeout ends it after ${spanText(timeoutMs / 1_000)}, before that`
    : `${takes}; ${end}`;
}

/**
 * Follows a release along its stages and says what is left of it, if the version is healthy. Give it each observation,
 * oldest first: the step of the Rollout, and milliseconds since the version was declared.
 */
export function timeLeft({ stages, stepStages: names }: RehearsalTime): (step: number, atMs: number) => string {
  let [current, sinceMs] = ["", 0];
  return (step, atMs) => {
    const index = stages.findIndex(({ name }) => name === (names[step] ?? names.at(-1)));
    const stage = stages[index];
    if (stage === undefined) return "";
    if (stage.name !== current) [current, sinceMs] = [stage.name, atMs];
    const spent = (atMs - sinceMs) / 1_000;
    const later = stages.slice(index + 1).reduce((sum, { seconds }) => sum + seconds.mean, 0);
    const left = Math.max(0, stage.seconds.mean - spent) + later;
    const slow = spent > stage.seconds.late ? ", later than most healthy versions" : "";
    return `about ${spanText(left)} left${slow}`;
  };
}

/** The time that a person gave, else the computed one; milliseconds. */
export function timeoutOf(time: RehearsalTime, given: string | undefined): number {
  return given === undefined ? time.timeoutMs : milliseconds(given as Parameters<typeof milliseconds>[0]);
}

import type { AnalysisView } from "./cluster/clusterView.ts";
import type { RecordedAction } from "./cluster/releaseView.ts";
import type { Outcome, ReleaseEvent } from "./report.ts";
import type { Observation } from "./timeline.ts";

/** What events are made of. */
export interface EventSources {
  /** The version that is released. */
  readonly to: string;
  /** Each fault as it was typed. */
  readonly faults: readonly string[];
  /** What was seen, oldest first. */
  readonly observations: readonly Observation[];
  /** The AnalysisRuns of the new version. */
  readonly analyses: readonly AnalysisView[];
  /** The percent of the traffic on the new version during each step. */
  readonly stepWeights: readonly number[];
  /** What people did, of this release or an earlier one. */
  readonly actions: readonly RecordedAction[];
  /** Unix time in milliseconds when the new version was declared. */
  readonly declaredAt: number;
  /** How it ended, and how many milliseconds after it was declared. */
  readonly end: { readonly outcome: Outcome; readonly atMs: number };
}

const ends: Readonly<Record<Outcome, string>> = {
  promoted: "promoted: all traffic is on the new version",
  rolledBack: "rolled back: all traffic is on the old version",
  undecided: "undecided: the release waits for a person",
  notStarted: "no pod of the new version can start",
  timedOut: "the time of the rehearsal is over",
};

/** Everything that happened in a release, in the order of time. */
export function releaseEvents(sources: EventSources): ReleaseEvent[] {
  const { to, faults, actions, declaredAt, end } = sources;
  const withFaults = faults.length === 0 ? "" : `, with ${faults.join(", ")}`;
  return [
    { atMs: 0, kind: "declared" as const, text: `version ${to} declared${withFaults}` },
    ...firstAnswer(sources),
    ...weights(sources),
    ...verdicts(sources),
    ...actions
      .map(({ at, by, verb, reason }) => ({
        atMs: Date.parse(at) - declaredAt,
        kind: "action" as const,
        text: `${by} asked for ${verb}: ${reason}`,
      }))
      .filter(({ atMs }) => atMs >= 0),
    { atMs: end.atMs, kind: "end" as const, text: ends[end.outcome] },
  ].sort((a, b) => a.atMs - b.atMs);
}

function firstAnswer({ observations, faults, to }: EventSources): ReleaseEvent[] {
  const first = observations.find(({ counters }) => counters.requests > 0);
  if (first === undefined) return [];
  const text = `version ${to} answers its first requests${faults.length === 0 ? "" : `; its faults: ${faults.join(", ")}`}`;
  return [{ atMs: first.atMs, kind: "firstAnswer", text }];
}

function weights({ observations }: EventSources): ReleaseEvent[] {
  let before = 0;
  return observations.flatMap(({ atMs, weight }) => {
    if (weight === before) return [];
    before = weight;
    return [{ atMs, kind: "weight" as const, text: `${weight} % of the traffic` }];
  });
}

/** Those of a step pass together, mostly, so that they are one event. A guard is stopped, and never passes. */
function verdicts({ analyses, stepWeights, declaredAt }: EventSources): ReleaseEvent[] {
  return analyses.flatMap(({ step, metrics }) => {
    const by = step === undefined ? "the guard" : `the analysis at ${stepWeights[step] ?? "?"} %`;
    const concluded = metrics.flatMap(({ name, phase, measuredAt }) =>
      measuredAt === undefined ? [] : [{ name, phase, atMs: Date.parse(measuredAt) - declaredAt }],
    );
    const failed = concluded
      .filter(({ phase }) => ["Failed", "Error", "Inconclusive"].includes(phase))
      .map(({ name, phase, atMs }) => ({
        atMs,
        kind: "failed" as const,
        text: `${name} ${phase === "Error" ? "could not be measured" : phase.toLowerCase()} (${by})`,
      }));
    const passed = step === undefined ? [] : concluded.filter(({ phase }) => phase === "Successful");
    const atMs = Math.max(...passed.map((one) => one.atMs));
    return [
      ...failed,
      ...(passed.length === 0
        ? []
        : [{ atMs, kind: "passed" as const, text: `${listed(passed.map(({ name }) => name))} passed (${by})` }]),
    ];
  });
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

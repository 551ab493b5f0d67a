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
        atMs: Math.round(Date.parse(at) - declaredAt),
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
    return [{ atMs, kind: "weight" as const, text: `${weight} % of the traffic`, weight }];
  });
}

/**
 * Those of a step pass together, mostly, so that they are one event. A guard is stopped, and never passes; neither do
 * the other metrics of an analysis of which one failed, although the controller ends them as Successful.
 */
function verdicts({ analyses, stepWeights, declaredAt }: EventSources): ReleaseEvent[] {
  const failures = new Map<string, { atMs: number; by: string[] }>();
  const passes: ReleaseEvent[] = [];
  for (const { step, phase: conclusion, metrics } of analyses) {
    const by = step === undefined ? "the guard" : `the analysis at ${stepWeights[step] ?? "?"} %`;
    const concluded = metrics.flatMap(({ name, phase, measuredAt }) =>
      measuredAt === undefined ? [] : [{ name, phase, atMs: Math.round(Date.parse(measuredAt) - declaredAt) }],
    );
    for (const { name, phase, atMs } of concluded) {
      if (!["Failed", "Error", "Inconclusive"].includes(phase)) continue;
      const said = `${name} ${phase === "Error" ? "could not be measured" : phase.toLowerCase()}`;
      const known = failures.get(said);
      if (known === undefined) failures.set(said, { atMs, by: [by] });
      else known.by.push(by);
    }
    const passed = concluded.filter(({ phase }) => phase === "Successful");
    if (step === undefined || conclusion !== "Successful" || passed.length === 0) continue;
    passes.push({
      atMs: Math.max(...passed.map(({ atMs }) => atMs)),
      kind: "passed",
      text: `${listed(passed.map(({ name }) => name))} passed (${by})`,
    });
  }
  const failed = [...failures].map(([said, { atMs, by }]) => ({
    atMs,
    kind: "failed" as const,
    text: `${said} (${listed([...new Set(by)])})`,
  }));
  return [...failed, ...passes];
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

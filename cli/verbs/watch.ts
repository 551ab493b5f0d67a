import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type ExitCode, exitCodes } from "../../components/core/problem.ts";
import { startState } from "../../diagnosis/startFindings.ts";
import type { AnalysisView } from "../../rehearsal/cluster/clusterView.ts";
import { stateOf } from "../../rehearsal/cluster/modelStates.ts";
import type { AnalysisEvidence } from "../../rehearsal/cluster/releaseEvidence.ts";
import type { ReleaseView } from "../../rehearsal/cluster/releaseView.ts";
import { stepTime } from "../../rehearsal/cluster/stepTime.ts";
import { underWay } from "../../rehearsal/local/release.ts";
import { declaredModel } from "../../stacks/declared.ts";
import { printable } from "../printable.ts";
import type { Answer, Invocation, LongAnswer } from "../run.ts";
import { blockLines, changeLines, type WatchState } from "../watchText.ts";
import { foundRelease, type ReleaseOptions, type ReleaseSite, releaseSite, standing } from "./release.ts";
import { seenBy } from "./releaseStatus.ts";

/** How often the release is looked at: by what a cluster of others may be asked. */
const [localMs, clusterMs] = [1_000, 3_000];

/** Where the watch is shown. */
export interface Screen {
  /** Whether a block can be drawn over. */
  readonly isTTY: boolean;
  /** How wide it is now, in columns. */
  readonly columns: () => number;
}

/**
 * `serin watch`: a release until it ends, with its exit code: 0 promoted, 5 otherwise. On a terminal a block that is
 * drawn over, below a timeline that stays; where output is piped a line per change; with `--json` a line per state.
 */
export async function watch(
  name: string,
  options: ReleaseOptions,
  { signal, json }: Invocation,
  screen: Screen = { isTTY: process.stdout.isTTY === true, columns: () => process.stdout.columns ?? 80 },
): Promise<Answer | LongAnswer> {
  const site = releaseSite(name, options, signal);
  const release = await foundRelease(site, name);
  if (!underWay(release.rollout)) {
    const said = standing(release);
    return {
      result: {
        model: name,
        cluster: site.cluster,
        version: { stable: release.stableVersion },
        state: stateOf(release.rollout),
      },
      text: `${name} on ${site.cluster}: ${said}\nNo release is under way. One begins when another version is declared:\n  npx serin up ${site.environment.name}`,
      exitCode: release.rollout.aborted ? exitCodes.releaseFailed : exitCodes.ok,
    };
  }
  const end: { outcome?: WatchState["outcome"] } = {};
  const states = statesOf(site, name, signal, end);
  return {
    pieces: json ? jsonLines(states) : screen.isTTY ? drawn(states, screen) : changes(states),
    get exitCode(): ExitCode {
      return end.outcome === "promoted" ? exitCodes.ok : exitCodes.releaseFailed;
    },
  };
}

/** A state per look, until one has an outcome. */
async function* statesOf(
  site: ReleaseSite,
  name: string,
  signal: AbortSignal,
  end: { outcome?: WatchState["outcome"] },
): AsyncGenerator<WatchState> {
  const model = declaredModel(site.environment, name);
  let before: ReleaseView | undefined;
  for (;;) {
    const release = await foundRelease(site, name);
    const { rollout } = release;
    const analyses = await site.view.analyses(site.namespace, name, rollout.currentHash);
    // Once promoted, the version is the stable one, too.
    const compared = underWay(rollout) ? rollout : { ...rollout, stableHash: before?.rollout.stableHash ?? "" };
    const evidence = await seenBy(site, { name, model, rollout: compared, analyses }, signal);
    const answered = evidence.some(({ canary }) => (canary?.total ?? 0) > 0);
    const start = answered || !underWay(rollout) ? undefined : await startState(site.place(name), rollout.currentHash);
    const hopeless = (start?.hopeless ?? []).map(({ cause }) => cause);
    const state = watchState(
      { name, cluster: site.cluster, release, before, analyses, evidence, hopeless },
      new Date(),
    );
    if (underWay(rollout)) before = release;
    if (state.outcome !== undefined) end.outcome = state.outcome;
    yield state;
    if (state.outcome !== undefined) return;
    await sleep(site.embedded === undefined ? clusterMs : localMs, undefined, { signal });
  }
}

/** What was read at one look. */
export interface Look {
  /** The name of the model. */
  readonly name: string;
  /** The name of the cluster. */
  readonly cluster: string;
  /** The release now. */
  readonly release: ReleaseView;
  /** The release when it was under way last. Absent at the first look. */
  readonly before: ReleaseView | undefined;
  /** The AnalysisRuns of its version. */
  readonly analyses: readonly AnalysisView[];
  /** What their metrics see. */
  readonly evidence: readonly AnalysisEvidence[];
  /** Why no pod of it can start; empty where one can, or where that is not known. */
  readonly hopeless: readonly string[];
}

/** The state that a look shows. */
export function watchState(look: Look, now: Date): WatchState {
  const { name, cluster, release, before, analyses, evidence, hopeless } = look;
  const { rollout, steps, plannedSeconds, weight, paused, actions } = release;
  const step = steps[rollout.step];
  const time = stepTime(release, analyses, now);
  const outcome = outcomeOf(look);
  return {
    at: now.toISOString(),
    model: name,
    cluster,
    version: {
      stable: before?.stableVersion ?? release.stableVersion,
      newest: before?.rollout.version ?? rollout.version,
    },
    // All of it, although nothing is left to weigh.
    weight: outcome === "promoted" ? 100 : weight,
    state: paused ? "paused by a person" : stateOf(rollout),
    ...(step === undefined || outcome !== undefined
      ? {}
      : { step: { number: rollout.step + 1, of: steps.length, does: step.does } }),
    ...(time === undefined || outcome !== undefined ? {} : { stepSeconds: time }),
    ...(plannedSeconds.length === 0 || outcome !== undefined
      ? {}
      : { laterSeconds: plannedSeconds.slice(rollout.step + 1).reduce((sum, seconds) => sum + seconds, 0) }),
    metrics: shownOf(evidence, rollout.step),
    verdicts: analyses.flatMap(({ step: index, phase: conclusion, metrics }) =>
      metrics.flatMap(({ name: metric, phase }) =>
        // What one failure of an analysis stops is called Successful, too.
        phase === "Successful" && conclusion !== "Successful"
          ? []
          : [{ by: index === undefined ? "guard" : `at ${rollout.stepWeights[index] ?? "?"} %`, metric, phase }],
      ),
    ),
    actions: actions.map(({ at, by, verb, reason }) => ({ at, by, verb, reason })),
    ...(hopeless.length === 0 ? {} : { hopeless }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}

function outcomeOf({ release, before, hopeless }: Look): WatchState["outcome"] {
  const { rollout, weight } = release;
  if (hopeless.length > 0) return "notStarted";
  if (rollout.aborted) return weight === 0 ? "rolledBack" : undefined;
  if (rollout.inconclusive) return "undecided";
  if (rollout.stableHash !== rollout.currentHash || !rollout.observed) return undefined;
  // Somebody declared the version before again.
  if (before !== undefined && rollout.currentHash !== before.rollout.currentHash) return "rolledBack";
  return rollout.phase === "Healthy" ? "promoted" : undefined;
}

/** Of each metric what the step under way sees, else the last step, else the guard, in the order of the analyses. */
function shownOf(evidence: readonly AnalysisEvidence[], step: number): AnalysisEvidence[] {
  const rank = (one: AnalysisEvidence) => (one.step === step ? Number.POSITIVE_INFINITY : (one.step ?? -1));
  const shown = new Map<string, AnalysisEvidence>();
  for (const one of evidence) {
    const known = shown.get(one.metric);
    if (known === undefined || rank(one) > rank(known)) shown.set(one.metric, one);
  }
  return [...shown.values()];
}

async function* jsonLines(states: AsyncIterable<WatchState>): AsyncGenerator<string> {
  let before: Partial<WatchState> = {};
  for await (const state of states) {
    const { at: _at, ...seen } = state;
    if (isDeepStrictEqual(seen, before)) continue;
    before = seen;
    yield `${JSON.stringify(state)}\n`;
  }
}

async function* changes(states: AsyncIterable<WatchState>): AsyncGenerator<string> {
  let before: WatchState | undefined;
  for await (const state of states) {
    for (const line of changeLines(before, state)) yield `${printable(line)}\n`;
    before = state;
  }
}

/** The block is drawn over in one write, so that it does not flicker; its last form stays. */
async function* drawn(states: AsyncIterable<WatchState>, { columns }: Screen): AsyncGenerator<string> {
  let before: WatchState | undefined;
  let height = 0;
  for await (const state of states) {
    // A line as wide as the window would be two in some terminals.
    const width = Math.max(40, columns() - 1);
    const block = ["", ...blockLines(state, width)].map(printable);
    const stays = changeLines(before, state).map(printable);
    yield `${height === 0 ? "" : `\u001b[${height}A\u001b[0J`}${[...stays, ...block].join("\n")}\n`;
    height = block.length;
    before = state;
  }
}

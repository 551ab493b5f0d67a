import colours from "picocolors";
import { subsets } from "../components/model/objectNames.ts";
import { lasting } from "../rehearsal/cluster/evidence.ts";
import type { AnalysisEvidence } from "../rehearsal/cluster/releaseEvidence.ts";
import type { StepTime } from "../rehearsal/cluster/stepTime.ts";

/** What a release looks like at one moment: what `serin watch` shows, and prints with `--json`. */
export interface WatchState {
  /** When, ISO 8601. */
  readonly at: string;
  /** The name of the model. */
  readonly model: string;
  /** The name of the cluster. */
  readonly cluster: string;
  /** The version that had all of the traffic, and the one that is released. */
  readonly version: { readonly stable: string; readonly newest: string };
  /** Percent of the traffic on the newest version. */
  readonly weight: number;
  /** In words: `progressing`, `paused by a person`. */
  readonly state: string;
  /** The step under way, counted from 1, of how many, and what it does. Absent: none is. */
  readonly step?: { readonly number: number; readonly of: number; readonly does: string };
  /** How long the step has taken and may take. Absent where nothing is planned. */
  readonly stepSeconds?: StepTime;
  /** Seconds that the steps after it are planned to take at most. Absent where nothing is planned. */
  readonly laterSeconds?: number;
  /** What each metric sees: the step's own where there is one, else the guard's. */
  readonly metrics: readonly AnalysisEvidence[];
  /** The verdicts of all analyses so far. */
  readonly verdicts: readonly { readonly by: string; readonly metric: string; readonly phase: string }[];
  /** What people did with the release, newest last. */
  readonly actions: readonly {
    readonly at: string;
    readonly by: string;
    readonly verb: string;
    readonly reason: string;
  }[];
  /** Why no pod of the version can start. Absent: one can, as far as is known. */
  readonly hopeless?: readonly string[];
  /** How it ended. Absent: it is under way. */
  readonly outcome?: "promoted" | "rolledBack" | "undecided" | "notStarted";
}

const ends: Readonly<Record<NonNullable<WatchState["outcome"]>, string>> = {
  promoted: "promoted: it has all of the traffic",
  rolledBack: "rolled back: the version before has all of the traffic",
  undecided: 'undecided: it waits for a person ("npx serin release promote" or "abort")',
  notStarted: "cannot start",
};

/** What has happened between two looks, a line each, with the time of the later one. */
export function changeLines(before: WatchState | undefined, now: WatchState): string[] {
  const lines: string[] = [];
  const { newest, stable } = now.version;
  if (before === undefined)
    lines.push(`version ${newest} has ${now.weight} % of the traffic, version ${stable} the rest`);
  else {
    if (before.version.newest !== newest)
      lines.push(`version ${newest} is declared in place of ${before.version.newest}`);
    if (answered(before) === 0 && answered(now) > 0) lines.push(`version ${newest} answers its first requests`);
    lines.push(...verdictLines(before, now));
    if (before.weight !== now.weight) lines.push(`${now.weight} % of the traffic on version ${newest}`);
    if (before.state !== now.state && now.outcome === undefined) lines.push(now.state);
    lines.push(
      ...now.actions.slice(before.actions.length).map(({ by, verb, reason }) => `${by} asked for ${verb}: ${reason}`),
    );
  }
  if (now.outcome !== undefined && now.outcome !== before?.outcome)
    lines.push(`version ${newest} ${ends[now.outcome]}`);
  const time = new Date(now.at).toTimeString().slice(0, 8);
  return lines.map((line) => `${time}  ${line}`);
}

/** Metrics that passed or failed together are a line, and so are the step and the guard that say the same. */
function verdictLines(before: WatchState, now: WatchState): string[] {
  const known = new Set(before.verdicts.map((one) => `${one.by} ${one.metric} ${one.phase}`));
  const said = new Map<string, string[]>();
  for (const { by, metric, phase } of now.verdicts) {
    if (known.has(`${by} ${metric} ${phase}`) || phase === "Running" || phase === "Pending") continue;
    // A guard is stopped, and never passes.
    if (by === "guard" && phase === "Successful") continue;
    const key = `${metric} ${phase === "Successful" ? "passed" : phase.toLowerCase()}`;
    said.set(key, [...(said.get(key) ?? []), by]);
  }
  return [...Map.groupBy(said, ([key, by]) => `${key.split(" ")[1]} (${by.join(", ")})`)].map(
    ([end, all]) => `${all.map(([key]) => key.split(" ")[0]).join(", ")} ${end}`,
  );
}

function answered({ metrics }: WatchState): number {
  return Math.max(0, ...metrics.map(({ canary, scores }) => canary?.total ?? scores?.count ?? 0));
}

/** The state as lines, none longer than `width`: where it stands, both versions, the evidence, what is left. */
export function blockLines(state: WatchState, width: number): string[] {
  return [
    `${state.model} on ${state.cluster}: ${state.weight} % on version ${state.version.newest}, ${100 - state.weight} % on ${state.version.stable} (${state.state})`,
    ...stepLine(state),
    ...versionLines(state),
    ...evidenceLines(state),
    ...leftLine(state),
    ...(state.hopeless ?? []),
  ].map((line) => cut(line, width));
}

function stepLine({ step, stepSeconds }: WatchState): string[] {
  if (step === undefined) return [];
  const time =
    stepSeconds === undefined ? "" : `, ${lasting(stepSeconds.taken)} of at most ${lasting(stepSeconds.planned)}`;
  return [`Step ${step.number} of ${step.of}: ${step.does}${time}`];
}

/** What the metrics count of both: `errors` failures, `latency` slow requests. */
function versionLines({ metrics, version }: WatchState): string[] {
  const errors = metrics.find(({ metric }) => metric === "errors");
  const latency = metrics.find(({ metric }) => metric === "latency");
  const row = (name: string, which: keyof typeof subsets) => {
    const failed = errors?.[which];
    const slow = latency?.[which];
    if (failed === undefined && slow === undefined) return [];
    return [
      `version ${name}`.padEnd(18) +
        [failed?.total ?? slow?.total, failed?.bad, slow?.bad]
          .map((value) => (value === undefined ? "–" : value.toLocaleString("en-US")).padStart(11))
          .join(""),
    ];
  };
  const rows = [...row(version.stable, subsets.stable), ...row(version.newest, subsets.canary)];
  return rows.length === 0 ? [] : ["", colours.dim(`${"".padEnd(18)}   requests     failed       slow`), ...rows];
}

function evidenceLines({ metrics, outcome }: WatchState): string[] {
  const seen = metrics.filter(({ against, canary, scores }) => (against ?? canary ?? scores) !== undefined);
  if (seen.length === 0) return [];
  return [
    "",
    colours.dim(`${"evidence".padEnd(18)}${"to failing".padEnd(18)}${"to passing".padEnd(18)}left`),
    ...seen.map((one) => {
      const left =
        one.verdict === "failed"
          ? colours.red("failed")
          : one.verdict === "passed"
            ? colours.green("passes")
            : one.missing === undefined || outcome !== undefined
              ? ""
              : `${one.missing.requests.toLocaleString("en-US")} requests${one.missing.seconds === undefined ? "" : `, ${lasting(one.missing.seconds)}`}`;
      return `${cut(one.metric, 17).padEnd(18)}${bar(toFailing(one)).padEnd(18)}${bar(toPassing(one)).padEnd(18)}${left}`;
    }),
  ];
}

/** How far the evidence is from 1, which says nothing, to where it fails: on a scale of powers, as it grows. */
function toFailing({ against, verdict, canary, allowed }: AnalysisEvidence): number | undefined {
  if (verdict === "failed") return 1;
  if (against !== undefined) return Math.log(Math.max(1, against.evidence)) / Math.log(against.failsAt);
  // A rollback guard has a plain limit.
  return canary === undefined || allowed === undefined || allowed === 0
    ? undefined
    : canary.bad / canary.total / allowed;
}

/** How far it is to a pass, if nothing bad happens: by requests, of scores by evidence. Undefined: it never passes. */
function toPassing({ missing, verdict, towards, canary, scores }: AnalysisEvidence): number | undefined {
  if (verdict === "passed") return 1;
  if (verdict === "failed") return undefined;
  if (towards !== undefined && missing !== undefined) {
    return Math.log(Math.max(1, towards.evidence)) / Math.log(towards.passesAt);
  }
  const seen = canary?.total ?? scores?.count;
  return missing === undefined || seen === undefined ? undefined : seen / (seen + missing.requests);
}

const barWidth = 10;

function bar(part: number | undefined): string {
  if (part === undefined || Number.isNaN(part)) return "";
  const full = Math.max(0, Math.min(1, part));
  const blocks = full === 1 ? barWidth : Math.min(barWidth - 1, Math.round(full * barWidth));
  return `${"█".repeat(blocks)}${"░".repeat(barWidth - blocks)} ${String(Math.floor(full * 100)).padStart(3)} %`;
}

function leftLine({ metrics, laterSeconds, outcome }: WatchState): string[] {
  if (outcome !== undefined) return [];
  const waits = metrics.flatMap(({ missing }) => (missing === undefined ? [] : [missing.seconds]));
  const known = waits.filter((seconds) => seconds !== undefined);
  const parts = [
    ...(waits.length === 0
      ? []
      : waits.length === known.length
        ? [`this step about ${lasting(Math.max(...known))}`]
        : ["this step waits for requests"]),
    ...(laterSeconds === undefined || laterSeconds === 0
      ? []
      : [`the steps after it at most ${lasting(laterSeconds)}`]),
  ];
  return parts.length === 0 ? [] : ["", `Left: ${parts.join(", ")}.`];
}

/** Colours are of no width. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one
const colour = /\u001b\[[\d;]*m/g;

function cut(line: string, width: number): string {
  if (line.replaceAll(colour, "").length <= width) return line;
  return `${line.replaceAll(colour, "").slice(0, width - 1)}…`;
}

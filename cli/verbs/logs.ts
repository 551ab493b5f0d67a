import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import { type Duration, durationProblems, seconds } from "../../components/core/quantity.ts";
import { ApiError } from "../../engine/kubernetes/kubernetesClient.ts";
import { podLog } from "../../engine/kubernetes/podLog.ts";
import { type PodOptions, type PodTarget, podTarget, targetResult, targetText } from "../podTarget.ts";
import { printable } from "../printable.ts";
import type { Answer, Invocation, LongAnswer } from "../run.ts";

/** The options of `serin logs`. */
export interface LogsOptions extends PodOptions {
  /** `--follow`: go on with what is written later, until the container ends or Ctrl-C. @default false */
  readonly follow?: boolean;
  /** `--previous`: the log of the run before the last restart. @default false */
  readonly previous?: boolean;
  /** `--tail`: how many of the last lines, or `all`. @default the last 200 */
  readonly tail?: string;
  /** `--since`: only what was written in this time. @default any time */
  readonly since?: string;
  /** `--timestamps`: each line begins with its time. @default false */
  readonly timestamps?: boolean;
}

/**
 * `serin logs`: what a pod of a model writes. Which pod it is stands on standard error.
 *
 * @throws ProblemError for wrong input, a pod that is not there, a container that has not started or, with
 * `--previous`, not been restarted
 */
export async function logs(
  model: string,
  options: LogsOptions,
  { signal, json }: Invocation,
): Promise<Answer | LongAnswer> {
  const read = logOptions(options, json);
  const target = await podTarget(model, options, "logs", signal);
  const lines = await started(target, options, linesOf(target, { ...read, signal }));
  if (json) {
    const all: string[] = [];
    for await (const line of lines) all.push(line);
    return { result: { ...targetResult(target), model, previous: options.previous === true, lines: all } };
  }
  process.stderr.write(`${printable([targetText(target), ...hint(target, options)].join("\n"))}\n`);
  return { pieces: printed(lines, signal) };
}

const defaultTail = 200;

function logOptions({ follow, previous, tail, since, timestamps }: LogsOptions, json: boolean) {
  rejectProblems("The log cannot be read", [
    ...(tail === undefined || tail === "all" || /^\d{1,9}$/.test(tail)
      ? []
      : [{ path: "--tail", reason: `"${tail}" is not a number of lines.`, fix: 'Write, for example, 500, or "all".' }]),
    ...(since === undefined ? [] : durationProblems("--since", since, { min: "1s", whole: "1s" })),
    ...(json && follow === true
      ? [{ path: "--follow", reason: "with --json there is one document, at the end.", fix: "Leave one of them out." }]
      : []),
    ...(follow === true && previous === true
      ? [{ path: "--follow", reason: "a run that has ended writes nothing more.", fix: "Leave --previous out, or it." }]
      : []),
  ]);
  return {
    follow: follow === true,
    previous: previous === true,
    timestamps: timestamps === true,
    ...(tail === "all" ? {} : { tailLines: tail === undefined ? defaultTail : Number(tail) }),
    ...(since === undefined ? {} : { sinceSeconds: seconds(since as Duration) }),
  };
}

function linesOf({ site, chosen, container }: PodTarget, options: Parameters<typeof podLog>[2]) {
  return podLog(site.view.client, { namespace: site.namespace, pod: chosen.name, container }, options);
}

/** The same lines, once the first is there: until then the cluster may refuse, and nothing has been printed. */
async function started(
  { chosen, container }: PodTarget,
  { previous }: LogsOptions,
  lines: AsyncGenerator<string>,
): Promise<AsyncGenerator<string>> {
  const opened = lines.next().catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    throw new ProblemError(
      "There is no such log",
      [
        {
          path: `pod ${chosen.name}, container ${container}`,
          reason: `${error.message}${/[.!]$/.test(error.message) ? "" : "."}`,
          ...(previous === true && chosen.restarts === 0
            ? { fix: "Leave --previous out: nothing was restarted." }
            : {}),
        },
      ],
      exitCodes.unavailable,
    );
  });
  // A container that is silent is followed all the same.
  const first = await Promise.race([opened, sleep(silentMs, undefined, { ref: false })]);
  return (async function* () {
    const { done, value } = first ?? (await opened);
    if (done === true) return;
    yield value;
    yield* lines;
  })();
}

/** The cluster refuses within this time, if it does. */
const silentMs = 5_000;

/** What else a person may want to read. */
function hint({ chosen }: PodTarget, { previous }: LogsOptions): string[] {
  if (previous === true || chosen.restarts === 0) return [];
  const times = chosen.restarts === 1 ? "once" : `${chosen.restarts} times`;
  return [`It was restarted ${times}; --previous shows the run before.`];
}

async function* printed(lines: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const line of lines) yield `${printable(line)}\n`;
  } catch (error) {
    // Ctrl-C is how a log that is followed ends.
    if (!signal.aborted) throw error;
  }
}

import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ListrTask } from "listr2";
import { type ExitCode, exitCodes, type Problem, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import { durationProblems } from "../../components/core/quantity.ts";
import { withVersion } from "../../components/model/model.ts";
import { findingsText } from "../../diagnosis/findingText.ts";
import { parseFaults } from "../../embedded/faults/fault.ts";
import { alone } from "../../rehearsal/local/exclusive.ts";
import { embeddedCluster } from "../../rehearsal/local/localCluster.ts";
import { storedVersionProblems } from "../../rehearsal/local/modelStore.ts";
import { requireOwn } from "../../rehearsal/local/ownership.ts";
import { outcomeColumns, outcomeCounts, outcomeRows } from "../../rehearsal/outcomeTable.ts";
import { rehearsalPage } from "../../rehearsal/page.ts";
import { rateProblems } from "../../rehearsal/rateProblems.ts";
import { type Rehearsed, runRehearsal } from "../../rehearsal/rehearsal.ts";
import { rehearsalTime, timeLeft, timeLine, timeoutOf, timeProblems } from "../../rehearsal/rehearsalTime.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import { declaredInputs, readRequests, requestProblems } from "../../rehearsal/requestFile.ts";
import { headline, servedLines, stepColumns, stepRows } from "../../rehearsal/text.ts";
import { declaredEnvironment, declaredModel } from "../../stacks/declared.ts";
import type { Answer, Invocation } from "../run.ts";
import { columns, runSteps } from "../terminal.ts";

/** The options of `serin rehearse`. The defaults are those of the command line (`serin.ts`). */
export interface RehearseOptions {
  /** `--to`: the version to release. The model store must have it. */
  readonly to: string;
  /** `--fault`: a fault expression such as `errors=1%,crash`. @default empty: no fault */
  readonly fault: string;
  /** `--rate`: requests per second, 1 to 2000. @default the model's expected trough */
  readonly rate?: number;
  /**
   * `--timeout`: the longest time for the release, a duration from 10s to 24h.
   * @default twice what nearly every healthy version takes at this rate, at least 15 minutes
   */
  readonly timeout?: string;
  /** `--input`: a file of requests, one JSON body a line, or one body. @default random ones of the declared shape */
  readonly input?: string;
  /** `--order`: the bodies of the file in turn, or each time one by chance. @default turn */
  readonly order?: "turn" | "random";
  /** `--seed`: what intervals and order by chance are made of, a whole number from 0. @default 1 */
  readonly seed?: number;
  /** `--repeat`: how often, 1 to 100, each time with another seed. @default 1 */
  readonly repeat?: number;
  /** `--report`: the folder for the report, as JSON and as a page. It is created. @default `rehearsals` */
  readonly report: string;
  /** `--environment`: the name of the environment. Its embedded cluster must run. @default `local` */
  readonly environment: string;
  /** `--yes`: uses the embedded environment even if another checkout started it. @default it is refused */
  readonly yes?: boolean;
}

/**
 * Releases a version under traffic on the embedded environment, tells what happened, and goes back to what is declared;
 * with `repeat` several times, with a table of the outcomes.
 */
export async function rehearse(name: string, options: RehearseOptions, invocation: Invocation): Promise<Answer> {
  const { repeat = 1, seed = 1 } = options;
  if (repeat === 1) {
    const { rehearsed, files } = await rehearseOnce(name, options, invocation);
    return answer(rehearsed, files, options.environment);
  }
  const all: Repeated[] = [];
  for (let n = 0; n < repeat; n += 1) {
    const one = await rehearseOnce(name, { ...options, seed: seed + n }, invocation);
    all.push(one);
    if (!invocation.json) process.stdout.write(`${n + 1} of ${repeat}: ${headline(one.rehearsed.report)}\n`);
    // What an environment that is not back would be rehearsed from is not what is declared.
    if (one.rehearsed.notReturned !== undefined) break;
  }
  return repeatedAnswer(all, options.environment);
}

/** One rehearsal, with the files of its report. */
export interface Repeated {
  /** What came of it. */
  readonly rehearsed: Rehearsed;
  /** The files of its report. */
  readonly files: Files;
}

/** A table of how repeated rehearsals ended. The exit code is 0 if all were promoted. */
export function repeatedAnswer(all: readonly Repeated[], environment: string): Answer {
  const reports = all.map(({ rehearsed }) => rehearsed.report);
  const outcomes = outcomeCounts(reports);
  const notReturned = all.at(-1)?.rehearsed.notReturned;
  return {
    result: { outcomes, rehearsals: all.map(({ rehearsed, files }) => ({ ...rehearsed, files })) },
    text: [
      columns(outcomeColumns, outcomeRows(outcomes), [1, 2, 4, 5, 6]),
      ...(notReturned === undefined ? [] : ["", ...notReturnedLines(notReturned, environment)]),
    ].join("\n"),
    exitCode: exitCodeOf(
      reports.every(({ outcome }) => outcome === "promoted"),
      notReturned,
    ),
  };
}

function exitCodeOf(asWished: boolean, notReturned: string | undefined): ExitCode {
  if (notReturned !== undefined) return exitCodes.incomplete;
  return asWished ? exitCodes.ok : exitCodes.releaseFailed;
}

function notReturnedLines(notReturned: string, environment: string): string[] {
  return [`The environment is not back at what is declared: ${notReturned}`, `Go on with: npx serin up ${environment}`];
}

/** One rehearsal. The report is written before the return. */
export async function rehearseOnce(name: string, options: RehearseOptions, invocation: Invocation): Promise<Repeated> {
  const environment = declaredEnvironment(options.environment);
  const model = declaredModel(environment, name);
  rejectProblems(`The rehearsal of "${name}" cannot start`, [
    ...faultProblems(options.fault),
    ...(options.timeout === undefined
      ? []
      : durationProblems("--timeout", options.timeout, { min: "10s", max: "24h" })),
    ...reportProblems(options.report),
    ...orderProblems(options),
  ]);
  requireOwn(environment.name, { takeOver: options.yes });
  const { embedded } = embeddedCluster(environment.name);
  const rate = options.rate ?? model.traffic.expectedQps.trough;
  rejectProblems(`The rehearsal of "${name}" cannot start`, [
    ...storedVersionProblems(name, withVersion(model, options.to), embedded.modelStore, "--to"),
    ...rateProblems(rate, model.traffic),
  ]);

  const requests = options.input === undefined ? undefined : readRequests(options.input);
  if (requests !== undefined && options.input !== undefined) {
    const read = { file: options.input, ...requests };
    const versions = [model, withVersion(model, options.to)].flatMap(
      (one) => declaredInputs(name, one, embedded.modelStore) ?? [],
    );
    // What the version that serves takes and the new one does not is the first thing to know of it.
    const found = versions.map((inputs) => requestProblems(read.file, read.bodies, inputs));
    rejectProblems(`The rehearsal of "${name}" cannot start`, [
      ...read.problems,
      ...(read.problems.length > 0 ? [] : (found.find((problems) => problems.length > 0) ?? [])),
    ]);
  }
  const time = rehearsalTime(name, model, environment, { rate, faults: options.fault });
  rejectProblems(`The rehearsal of "${name}" cannot start`, timeProblems(time, rate, options.timeout !== undefined));
  const timeoutMs = timeoutOf(time, options.timeout);
  if (!invocation.json) process.stdout.write(`At ${rate} requests a second ${timeLine(time, timeoutMs)}.\n`);

  const left = timeLeft(time);
  const done: Done = {};
  const steps: ListrTask<Done>[] = [
    {
      title: `Rehearsal at ${rate} requests a second`,
      task: async (_, task) => {
        let shown = "";
        done.rehearsed = await runRehearsal({
          environment,
          name,
          model,
          to: options.to,
          faults: options.fault,
          rate,
          timeoutMs,
          seed: options.seed ?? 1,
          ...(requests === undefined
            ? {}
            : {
                requests: {
                  file: String(options.input),
                  bodies: requests.bodies.length,
                  order: options.order ?? "turn",
                  seed: options.seed ?? 1,
                  texts: requests.bodies.map(({ text }) => text),
                },
              }),
          signal: invocation.signal,
          onPhase: (phase) => {
            task.title = `Rehearsal: ${phase}`;
          },
          onReport: (report) => {
            done.files = write(report, options.report);
          },
          onState: (rollout, { atMs, weight, counters }) => {
            const remaining = rollout.aborted ? "" : left(rollout.step, atMs);
            const line = `${weight} % on version ${rollout.version}: ${counters.requests} requests, ${counters.errors} failed, ${counters.slow} slow${remaining === "" ? "" : `; ${remaining}`}`;
            // Where output is piped a line per weight is enough.
            const key = process.stdout.isTTY ? line : `${weight} ${rollout.aborted}`;
            if (key === shown) return;
            shown = key;
            task.output = `${String(Math.round(atMs / 1_000)).padStart(4)} s  ${line}`;
          },
        });
      },
      rendererOptions: { outputBar: 1, persistentOutput: false },
    },
  ];
  await alone(environment.name, () => runSteps(done, steps, invocation));
  if (done.rehearsed === undefined || done.files === undefined) {
    throw new Error("the rehearsal ended without a report");
  }
  return { rehearsed: done.rehearsed, files: done.files };
}

/** Where a report is. */
export interface Files {
  /** The path of the JSON document. */
  readonly json: string;
  /** The path of the page. */
  readonly page: string;
}

interface Done {
  rehearsed?: Rehearsed;
  files?: Files;
}

/** The outcome; and what is left to do, with an exit code of its own, if the return failed. */
export function answer({ report, notReturned }: Rehearsed, files: Files, environment: string): Answer {
  return {
    result: { ...report, files, ...(notReturned === undefined ? {} : { notReturned }) },
    text: [
      headline(report),
      ...(report.findings === undefined ? [report.reason] : ["", findingsText(report.findings)]),
      ...(report.standIn === undefined ? [] : [`Not as on a cluster: ${report.standIn}`]),
      "",
      ...(report.steps.length === 0 ? [] : [columns(stepColumns, stepRows(report), [0, 1, 2, 3, 4, 5]), ""]),
      ...servedLines(report),
      `Report: ${files.page}`,
      ...(notReturned === undefined ? [] : ["", ...notReturnedLines(notReturned, environment)]),
    ].join("\n"),
    exitCode: exitCodeOf(report.outcome === "promoted", notReturned),
  };
}

function write(report: RehearsalReport, folder: string): Files {
  mkdirSync(folder, { recursive: true });
  const stem = join(resolve(folder), `${report.model}-${report.to}-${report.startedAt.replaceAll(/[:.]/g, "")}`);
  const files = { json: `${stem}.json`, page: `${stem}.html` };
  writeFileSync(files.json, `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(files.page, rehearsalPage(report));
  return files;
}

/** A report that cannot be written is known before the rehearsal, not after it. */
function reportProblems(folder: string): Problem[] {
  let nearest = resolve(folder);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  try {
    // The slash makes a file that is not a folder fail, too.
    accessSync(join(nearest, "/"), constants.W_OK | constants.X_OK);
    return [];
  } catch {
    return [
      {
        path: "--report",
        reason: `${nearest} is not a folder that can be written to.`,
        fix: "Name another folder for the report.",
      },
    ];
  }
}

function orderProblems({ input, order }: RehearseOptions): Problem[] {
  if (input !== undefined || order === undefined) return [];
  return [
    {
      path: "--order",
      reason: "it is about the requests of a file, and there is none.",
      fix: "Write --input <file>, too.",
    },
  ];
}

function faultProblems(text: string): readonly Problem[] {
  try {
    parseFaults(text);
    return [];
  } catch (error) {
    if (error instanceof ProblemError) return error.problems;
    throw error;
  }
}

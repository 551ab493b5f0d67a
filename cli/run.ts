import { pipeline } from "node:stream/promises";
import { messageOf } from "../components/core/messageOf.ts";
import { type ExitCode, exitCodes, ProblemError } from "../components/core/problem.ts";
import { printable } from "./printable.ts";

/** What every verb is given besides its own options. */
export interface Invocation {
  /** Aborted on SIGINT, SIGTERM or SIGHUP. The verb then ends what it started and throws. */
  readonly signal: AbortSignal;
  /** Whether `--json` was given. The verb then prints nothing on standard output itself. */
  readonly json: boolean;
}

/** The answer of a verb: a document for programs and a text for people. */
export interface Answer {
  /** Printed with `--json`, so it must be serialisable. */
  readonly result: unknown;
  /** Printed without `--json`. @default nothing is printed */
  readonly text?: string;
  /** The exit code of the command. @default `exitCodes.ok` */
  readonly exitCode?: ExitCode;
}

/** An answer that may be too large for memory: its text in parts, as JSON if `--json` was given. */
export interface LongAnswer {
  /** The parts of the text, printed one after another as fast as they are read. */
  readonly pieces: AsyncIterable<string> | Iterable<string>;
  /** The exit code of the command. @default `exitCodes.ok` */
  readonly exitCode?: ExitCode;
}

/**
 * Runs a verb to its exit code. With `--json`, standard output carries exactly one document, on failure too.
 * Ctrl-C lets the verb end what it started; a second one ends the process at once.
 */
export async function run(
  verb: (invocation: Invocation) => Promise<Answer | LongAnswer>,
  { json }: { json: boolean },
): Promise<void> {
  const interruption = new AbortController();
  const interrupt = (): void => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort(new Interrupted());
  };
  for (const signal of signals) process.on(signal, interrupt);
  process.stdout.on("error", endOfOutput);
  // Messages that nobody can read change neither what is done nor the exit code.
  process.stderr.on("error", () => {});
  try {
    const answer = await verb({ signal: interruption.signal, json });
    if ("pieces" in answer) await print(answer.pieces);
    else if (json) process.stdout.write(`${JSON.stringify(answer.result, undefined, 2)}\n`);
    else if (answer.text !== undefined && answer.text !== "") process.stdout.write(`${printable(answer.text)}\n`);
    process.exitCode = answer.exitCode ?? exitCodes.ok;
  } catch (error) {
    process.exitCode = fail(interruption.signal.aborted ? new Interrupted() : error, json);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

/** A closed terminal is an interruption like Ctrl-C: what the verb started is ended. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The reader may have what it wants (`| head`); a disk that is full has not. */
function endOfOutput(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit();
  process.stderr.write(`The answer cannot be written: ${error.message}.\n`);
  process.exit(exitCodes.unavailable);
}

/** As fast as it is read. Whoever reads no further (`| head`) has what they want. */
async function print(pieces: LongAnswer["pieces"]): Promise<void> {
  try {
    await pipeline(pieces, process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}

class Interrupted extends Error {
  constructor() {
    super("Interrupted.");
  }
}

function fail(error: unknown, json: boolean): ExitCode {
  const exitCode =
    error instanceof ProblemError
      ? error.exitCode
      : error instanceof Interrupted
        ? exitCodes.interrupted
        : isRefusedByMachine(error)
          ? exitCodes.unavailable
          : exitCodes.internal;
  const message = messageOf(error);
  if (json) {
    const problems = error instanceof ProblemError ? error.problems : [];
    process.stdout.write(`${JSON.stringify({ error: { message, problems, exitCode } }, undefined, 2)}\n`);
  }
  // A stack trace only for what is a defect of ours.
  const said = exitCode === exitCodes.internal && error instanceof Error ? (error.stack ?? message) : message;
  process.stderr.write(`${printable(said)}\n`);
  return exitCode;
}

/** The machine, and not the program, says no: a folder that is missing, read-only or full, too many open files. */
function isRefusedByMachine(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return (
    syscall !== undefined && ["ENOENT", "EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EMFILE"].includes(code ?? "")
  );
}

import { type ExitCode, exitCodes, ProblemError } from "../components/core/problem.ts";

/** What a verb is given: a signal that fires on Ctrl-C, and whether a program reads the answer. */
export interface Invocation {
  readonly signal: AbortSignal;
  readonly json: boolean;
}

/** What a verb answers: a document for programs and, unless it has been printed already, text for people. */
export interface Answer {
  readonly result: unknown;
  readonly text?: string;
  readonly exitCode?: ExitCode;
}

/**
 * Runs a verb to its exit code. With `--json`, standard output carries exactly one document, on failure too.
 * Ctrl-C lets the verb end what it started; a second one ends the process at once.
 */
export async function run(
  verb: (invocation: Invocation) => Promise<Answer>,
  { json }: { json: boolean },
): Promise<void> {
  const interruption = new AbortController();
  const interrupt = (): void => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort(new Interrupted());
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const { result, text, exitCode = exitCodes.ok } = await verb({ signal: interruption.signal, json });
    if (json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    else if (text !== undefined && text !== "") process.stdout.write(`${text}\n`);
    process.exitCode = exitCode;
  } catch (error) {
    process.exitCode = fail(interruption.signal.aborted ? new Interrupted() : error, json);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
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
        : exitCodes.internal;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    const problems = error instanceof ProblemError ? error.problems : [];
    process.stdout.write(`${JSON.stringify({ error: { message, problems, exitCode } }, undefined, 2)}\n`);
  }
  // A stack trace only for what is a defect of ours.
  process.stderr.write(
    `${exitCode === exitCodes.internal && error instanceof Error ? (error.stack ?? message) : message}\n`,
  );
  return exitCode;
}

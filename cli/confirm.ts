import { createInterface } from "node:readline/promises";
import { ProblemError } from "../components/core/problem.ts";
import { printable } from "./printable.ts";

/** Whether a command may destroy something without asking. */
export interface ConfirmOptions {
  /** Asks nothing: for automation. */
  readonly yes?: boolean;
}

/** Where a question is asked. */
export interface Terminal {
  /** Where a person types. */
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Where the question is shown. */
  readonly output: NodeJS.WritableStream;
}

/**
 * Shows what will be removed, and goes on only when the environment's name is typed, or with `--yes`.
 *
 * @throws ProblemError when nobody can be asked, and when something else is typed; then nothing was changed.
 */
export async function confirmRemoval(
  environment: string,
  whatGoes: readonly string[],
  { yes = false }: ConfirmOptions,
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes) return;
  if (input.isTTY !== true) {
    throw new ProblemError(`Environment "${environment}" was not taken down`, [
      {
        path: "--yes",
        reason: `it removes ${whatGoes.join("; ")}, and there is no terminal to ask on.`,
        fix: "Write --yes to remove it without a question.",
      },
    ]);
  }
  output.write(`This removes:\n${whatGoes.map((line) => `  ${line}`).join("\n")}\n`);
  await typed(
    environment,
    `Type the name of the environment to go on (${environment}): `,
    `Environment "${environment}" was not taken down`,
    signal,
    { input, output },
  );
}

/**
 * Shows what a verb will do to something that serves people, and goes on only when its name is typed, or with `--yes`.
 *
 * @throws ProblemError when nobody can be asked, and when something else is typed; then nothing was changed.
 */
export async function confirmAction(
  { what, subject, told }: { readonly what: string; readonly subject: string; readonly told: readonly string[] },
  { yes = false }: ConfirmOptions,
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes) return;
  if (input.isTTY !== true) {
    throw new ProblemError("Nothing was changed", [
      {
        path: "--yes",
        reason: `there is no terminal to ask on. ${what} does this: ${told.join(" ")}`,
        fix: "Write --yes to do it without a question.",
      },
    ]);
  }
  output.write(`${printable([...told, ""].join("\n"))}`);
  await typed(subject, `Type the name of the model to ${what} (${subject}): `, "Nothing was changed", signal, {
    input,
    output,
  });
}

async function typed(
  name: string,
  question: string,
  refused: string,
  signal: AbortSignal,
  { input, output }: Terminal,
): Promise<void> {
  const terminal = createInterface({ input, output });
  try {
    const answer = (await terminal.question(question, { signal })).trim();
    if (answer === name) return;
    throw new ProblemError(refused, [
      { path: "answer", reason: `"${answer}" is not "${name}".`, fix: "Nothing was changed." },
    ]);
  } finally {
    terminal.close();
  }
}

import { createInterface } from "node:readline/promises";
import { ProblemError } from "../components/core/problem.ts";

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
  const terminal = createInterface({ input, output });
  try {
    const typed = await terminal.question(`Type the name of the environment to go on (${environment}): `, { signal });
    if (typed.trim() === environment) return;
    throw new ProblemError(`Environment "${environment}" was not taken down`, [
      { path: "answer", reason: `"${typed.trim()}" is not "${environment}".`, fix: "Nothing was changed." },
    ]);
  } finally {
    terminal.close();
  }
}

import { Listr, type ListrTask } from "listr2";
import colours from "picocolors";
import { getBorderCharacters, table } from "table";
import type { Invocation } from "./run.ts";

/**
 * Runs the steps of a long verb one after another, each with a line of progress: live on a terminal, a line per event
 * where output is piped, nothing at all for programs.
 */
export async function runSteps<C extends object>(
  context: C,
  steps: readonly ListrTask<C>[],
  { json }: Invocation,
): Promise<void> {
  const renderer = json ? "silent" : process.stdout.isTTY ? "default" : "simple";
  let failure: unknown;
  const remembering = steps.map(
    (step): ListrTask<C> => ({
      ...step,
      task: async (at, task) => {
        const start = performance.now();
        try {
          const done: unknown = await step.task(at, task);
          const tookMs = performance.now() - start;
          if (tookMs >= worthSayingMs) task.title = `${task.title} (${Math.round(tookMs / 1_000)} s)`;
          return done;
        } catch (error) {
          failure = error;
          // The simple renderer always prints the message, and whoever called prints it too.
          throw new Error("see below");
        }
      },
    }),
  );
  const list = new Listr<C, "default" | "simple" | "silent">(remembering, {
    ctx: context,
    renderer,
    fallbackRenderer: "simple",
    // The error itself is printed once, at the end.
    rendererOptions: { collapseSubtasks: false, showErrorMessage: false, collapseErrors: false },
    // The verb's own handlers decide what Ctrl-C means.
    registerSignalListeners: false,
  });
  await list.run().catch((error: unknown) => {
    throw failure ?? error;
  });
}

/** A step that took less says nothing of it. */
const worthSayingMs = 2_000;

/** Rows under a header, aligned, without borders; numbers to the right. */
export function columns(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  if (rows.length === 0) return "";
  const width = process.stdout.columns ?? 120;
  const natural = header.map((_, index) => Math.max(...[header, ...rows].map((row) => (row[index] ?? "").length)));
  // The last column takes what is left of the line and wraps; the others are names and numbers, which must stay whole.
  const last = header.length - 1;
  const before = natural.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  const lastWidth = Math.max(12, Math.min(natural[last] ?? 12, width - before));
  const text = table([header.map((title) => colours.dim(title)), ...rows.map((row) => [...row])], {
    border: { ...getBorderCharacters("void"), bodyJoin: "  " },
    columnDefault: { paddingLeft: 0, paddingRight: 0 },
    columns: header.map((_, index) => ({
      alignment: right.includes(index) ? ("right" as const) : ("left" as const),
      ...(index === last ? { width: lastWidth, wrapWord: true } : {}),
    })),
    drawHorizontalLine: () => false,
  });
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd();
}

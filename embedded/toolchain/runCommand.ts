import { execa } from "execa";

/** How a program is run. */
export interface CommandOptions {
  /** The working directory. @default the one of this process */
  readonly cwd?: string;
  /** Environment variables, added to those of this process. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Aborting it kills the program and its child processes. @default the program cannot be aborted */
  readonly signal?: AbortSignal;
  /** When the program is killed, milliseconds after its start. @default never, because builds take minutes */
  readonly timeoutMs?: number;
  /** Whether an exit code other than 0 is accepted. @default false: it is an error */
  readonly mayFail?: boolean;
  /** Called with each line of standard output and standard error. @default the lines are only collected */
  readonly onLine?: (line: string) => void;
}

const groups = new Set<number>();
let exitHookSet = false;

/** Runs a program as `runCommand` does and returns its standard output. */
export async function commandOutput(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return (await runCommand(file, args, options)).stdout;
}

/**
 * Runs a program and returns its output: `stdout`, and `all`, which has the lines of standard error too.
 *
 * The program gets a process group of its own, which is killed on an abort, after the timeout and when this process
 * exits: `go build` and `pip` start child processes that would otherwise go on.
 * @throws Error with the last four lines of the output if the program fails or cannot be started; the reason of
 * `signal`
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<{ stdout: string; all: string }> {
  options.signal?.throwIfAborted();
  const child = execa(file, args, {
    all: true,
    detached: true,
    reject: false,
    stdin: "ignore",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const group = child.pid;
  const end = () => killGroup(group);
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(end, options.timeoutMs);
  options.signal?.addEventListener("abort", end, { once: true });
  rememberGroup(group);
  try {
    if (options.onLine !== undefined) for await (const line of child.iterable({ from: "all" })) options.onLine(line);
    const result = await child;
    options.signal?.throwIfAborted();
    if (result.failed && !(options.mayFail === true && result.exitCode !== undefined))
      throw new Error(failure(file, args, result));
    return { stdout: result.stdout, all: result.all };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", end);
    if (group !== undefined) groups.delete(group);
  }
}

interface Outcome {
  readonly all: string;
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

function failure(file: string, args: readonly string[], { all, code, exitCode, signal }: Outcome): string {
  if (code === "ENOENT") return `${file} is not on PATH`;
  if (code === "EACCES") return `${file} may not be run`;
  const ended = signal === undefined ? `ended with code ${exitCode ?? "unknown"}` : `was ended by ${signal}`;
  const tail = all.trim().split("\n").slice(-4).join("\n");
  return `${[file, ...args.slice(0, 2)].join(" ")} ${ended}${tail === "" ? "" : `: ${tail}`}`;
}

/** SIGKILL, because a compiler has nothing to save and its files are in a scratch directory. */
function killGroup(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function rememberGroup(group: number | undefined): void {
  if (group === undefined) return;
  groups.add(group);
  if (exitHookSet) return;
  exitHookSet = true;
  process.once("exit", () => {
    for (const each of groups) killGroup(each);
  });
}

import { execa } from "execa";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Milliseconds after which it is ended. Default: none, because builds take as long as they take. */
  readonly timeoutMs?: number;
  /** Whether a failing exit code counts as an end like any other. Default: no. */
  readonly mayFail?: boolean;
  /** Each line of both outputs. */
  readonly onLine?: (line: string) => void;
}

const groups = new Set<number>();
let exitHookSet = false;

/** What the program printed on standard output; otherwise as `runCommand`. */
export async function commandOutput(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return (await runCommand(file, args, options)).stdout;
}

/**
 * Runs a program to its end and gives what it printed: standard output alone, and with standard error between its
 * lines.
 *
 * It gets a process group of its own, and the group is ended with it: `go build` and `pip` start compilers and
 * downloads that would otherwise go on after a Ctrl-C. Throws with the last lines of its output.
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

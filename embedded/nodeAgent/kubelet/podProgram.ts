import type { ChildProcess, StdioOptions } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as system } from "node:os";
import { delimiter, isAbsolute, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { spawnBound } from "../../process/spawnBound.ts";
import type { ServedProcess } from "./servedPod.ts";

/** The streams of a program, as the caller has them. */
export interface ProgramStreams {
  /** Its input. @default none */
  readonly stdin?: Readable;
  /** Its output; with a terminal its messages, too. @default it is dropped */
  readonly stdout?: Writable;
  /** Its messages. @default they are dropped */
  readonly stderr?: Writable;
  /** Sizes of the caller's terminal, JSON: `{"Width":80,"Height":24}`. Given: the program gets a terminal. */
  readonly sizes?: Readable;
}

/**
 * Runs a program beside the server of a pod: as the same user, in the folder of the pod and with its environment
 * variables. There is no container, so it sees the files and programs of this machine. It is ended with the server,
 * and when `gone` is aborted.
 *
 * Returns its exit code; 128 plus the number of the signal that ended it.
 *
 * @param python the interpreter that makes terminals
 * @throws Error, in the words of container runtimes, if there is no such program
 */
export async function runProgram(
  command: readonly string[],
  { directory, env, ended }: ServedProcess,
  { stdin, stdout, stderr, sizes }: ProgramStreams,
  { python, gone }: { readonly python: string; readonly gone: AbortSignal },
): Promise<number> {
  const [program = "", ...args] = command;
  const all = { ...process.env, ...env };
  const found = findProgram(program, all.PATH ?? "", directory);
  const options = {
    cwd: directory,
    env: sizes === undefined ? all : { ...all, TERM: all.TERM ?? "xterm" },
    detached: true,
  };
  const stdio: StdioOptions = [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"];
  const child =
    sizes === undefined
      ? spawnBound(found, args, { ...options, stdio })
      : spawnBound(python, [terminal, found, ...args], { ...options, stdio: [...stdio, "pipe"] });
  const over = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : system.signals[signal])));
  });
  const end = (): void => endGroup(child);
  const stop = AbortSignal.any([ended, gone]);
  if (stop.aborted) end();
  stop.addEventListener("abort", end, { once: true });
  try {
    connect(child, { stdin, stdout, stderr, sizes });
    const exitCode = await over;
    // Waits for the rest of the output, but not for a process that was left behind and keeps the pipe open.
    const written = [child.stdout, child.stderr].map((output) => output && finished(output, { writable: false }));
    await Promise.race([Promise.allSettled(written), sleep(restMs, undefined, { ref: false })]);
    return exitCode;
  } finally {
    stop.removeEventListener("abort", end);
    end();
  }
}

const terminal = fileURLToPath(new URL("terminal.py", import.meta.url));
const restMs = 500;

function connect(
  child: ChildProcess,
  { stdin, stdout, stderr, sizes }: { [Key in keyof ProgramStreams]: unknown },
): void {
  // A program that reads no more closes its input, and a caller that goes away ends its streams.
  child.stdin?.on("error", () => undefined);
  if (child.stdin !== null) (stdin as Readable).pipe(child.stdin);
  for (const [from, to] of [[child.stdout, stdout] as const, [child.stderr, stderr] as const]) {
    if (to === undefined) from?.resume();
    else from?.pipe(to as Writable, { end: false });
  }
  const resizes = child.stdio[3] as Writable | undefined;
  if (resizes === undefined || resizes === null || sizes === undefined) return;
  resizes.on("error", () => undefined);
  (sizes as Readable).on("data", (chunk: Buffer) => {
    // Each change is a document; several may come together.
    for (const [, document = ""] of chunk.toString().matchAll(/(\{[^}]*\})/g)) resizes.write(sizeLine(document));
  });
}

/** `<rows> <columns>`; empty for what is no size. Clients spell the names in either case. */
function sizeLine(document: string): string {
  const number = (name: string) => new RegExp(`"${name}":\\s*(\\d{1,5})`, "i").exec(document)?.[1];
  const [rows, columns] = [number("height"), number("width")];
  return rows === undefined || columns === undefined ? "" : `${rows} ${columns}\n`;
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}

/** The path of a program, as a shell finds it. @throws Error if there is none */
function findProgram(name: string, path: string, directory: string): string {
  if (name.includes("/")) {
    const file = isAbsolute(name) ? name : resolve(directory, name);
    if (isProgram(file)) return file;
    throw new Error(`exec: "${name}": no such file, or it is not executable`);
  }
  for (const folder of path.split(delimiter)) {
    const file = resolve(directory, folder, name);
    if (name !== "" && isProgram(file)) return file;
  }
  throw new Error(`exec: "${name}": executable file not found in $PATH`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

import type { ChildProcess } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { spawnBound } from "../process/spawnBound.ts";
import type { OutputStream } from "./kubelet/containerLog.ts";
import type { Termination } from "./podStatus.ts";

const sharedMemory = "/dev/shm";
const keptLogBytes = 16_384;

/** What takes the output of a process: `ContainerLog` of a pod. */
export interface ProcessLog {
  /** Begins the log of the next run. */
  start(): { write(stream: OutputStream, chunk: Buffer): void };
  /** Ends the log of the run now, because the process has ended. */
  end(): void;
}

/** The arguments for starting a Triton process. */
export interface TritonStart {
  /** The path of tritonserver, or `bash`. */
  readonly bin: string;
  /** The arguments. */
  readonly args: readonly string[];
  /** Environment variables, added to those of the node agent. */
  readonly env: Readonly<Record<string, string>>;
  /** The working directory. */
  readonly directory: string;
  /** Receives the output, as one run of the container. */
  readonly log: ProcessLog;
  /** The prefix of the names of the process's shared memory, which is removed when it ends. */
  readonly sharedMemoryPrefix: string;
}

/** One running Triton with the processes of its Python models, or the script of an init container. */
export class TritonProcess {
  /** When the process was started. */
  readonly startedAt = new Date();
  /** Resolves when the process has ended, or could not be started. Never rejects. */
  readonly ended: Promise<Termination>;
  readonly #child: ChildProcess;
  #lastOutput = "";
  #over = false;

  /** Starts the process. */
  constructor({ bin, args, env, directory, log, sharedMemoryPrefix }: TritonStart) {
    // A separate process group: the model processes are ended with the server, and Ctrl-C in a terminal does not
    // reach it.
    this.#child = spawnBound(bin, args, {
      cwd: directory,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const run = log.start();
    for (const stream of ["stdout", "stderr"] satisfies OutputStream[]) {
      this.#child[stream]?.on("data", (chunk: Buffer) => {
        run.write(stream, chunk);
        this.#lastOutput = (this.#lastOutput + chunk.toString()).slice(-keptLogBytes);
      });
    }
    this.ended = this.#watchEnd(sharedMemoryPrefix).finally(() => log.end());
  }

  /** The group of its processes, which it leads. Undefined: it could not be started. */
  get processGroup(): number | undefined {
    return this.#child.pid;
  }

  /** Sends SIGTERM, waits up to `graceMs`, then sends SIGKILL. With `graceMs` 0 it sends SIGKILL at once. */
  async stop(graceMs: number): Promise<Termination> {
    if (graceMs > 0) {
      this.#signal("SIGTERM");
      const waiting = new AbortController();
      const timeout = sleep(graceMs, undefined, { signal: waiting.signal }).catch(() => undefined);
      await Promise.race([this.ended, timeout]);
      waiting.abort();
    }
    this.#signal("SIGKILL");
    return this.ended;
  }

  async #watchEnd(sharedMemoryPrefix: string): Promise<Termination> {
    const closed = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    const [exitCode, signal, failure] = await new Promise<[number, NodeJS.Signals | null, string?]>((resolve) => {
      this.#child.once("error", (error) => resolve([128, null, error.message]));
      this.#child.once("exit", (code, by) => resolve([code ?? 128 + (by === null ? 0 : constants.signals[by]), by]));
    });
    this.#signal("SIGKILL");
    this.#over = true;
    // Waits for the rest of the output, which has the reason, but not for a process that keeps the pipe open.
    await Promise.race([closed, sleep(500)]);
    removeSharedMemory(sharedMemoryPrefix);
    return this.#termination(exitCode, signal, failure);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined || this.#over) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // All processes of the group have ended.
    }
  }

  #termination(exitCode: number, signal: NodeJS.Signals | null, failure?: string): Termination {
    const message = failure ?? (exitCode === 0 ? undefined : lastErrors(this.#lastOutput));
    return {
      exitCode,
      ...(signal === null ? {} : { signal: constants.signals[signal] }),
      reason: exitCode === 0 ? "Completed" : "Error",
      ...(message === undefined || message === "" ? {} : { message }),
      startedAt: this.startedAt,
      finishedAt: new Date(),
    };
  }
}

/** Removes the shared memory of killed Python models. The prefix is that of one environment or of one pod. */
export function removeSharedMemory(prefix: string): void {
  for (const name of readdirSync(sharedMemory)) {
    if (name.startsWith(prefix)) rmSync(join(sharedMemory, name), { force: true });
  }
}

/**
 * The last three error lines of Triton's output, or its last three lines if it has no errors. What it says of every
 * machine without a GPU is no error.
 */
function lastErrors(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /^(E\d{4} |error: |\[libprotobuf ERROR )(?!.*CudaDriverHelper)/.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join("\n").slice(0, 1_024);
}

import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { BoundedLog } from "./boundedLog.ts";
import { endProcesses } from "./leftovers.ts";
import { identityOf, type ProcessIdentity } from "./processIdentity.ts";
import type { ProcessSpec } from "./processSpec.ts";
import { isReady } from "./readiness.ts";
import { spawnBound } from "./spawnBound.ts";

/** The state of one supervised program. */
export interface ProcessStatus {
  /** The name in the program's `ProcessSpec`. */
  readonly name: string;
  /** The running process. Absent while the program waits to be restarted. */
  readonly identity?: ProcessIdentity;
  /** When the running process started, ISO 8601. Absent while none runs. */
  readonly since?: string;
  /** How often the program has been restarted after it ended. */
  readonly restarts: number;
  /** Whether the last readiness checks succeeded. */
  readonly ready: boolean;
  /** How the previous process ended: `exit 1`, `SIGKILL`, or why it could not be started. Absent before that. */
  readonly lastExit?: string;
}

/**
 * Keeps one program running: restarts it whenever it ends, without limit, until it is stopped. The delay before a
 * restart doubles from 50 ms to 5 s.
 */
export class SupervisedProcess {
  /** What runs, as given to the constructor. */
  readonly spec: ProcessSpec;
  readonly #log: BoundedLog;
  readonly #directory: string;
  readonly #onChange: () => void;
  #identity: ProcessIdentity | undefined;
  #since: Date | undefined;
  #restarts = 0;
  #ready = false;
  #lastExit: string | undefined;
  #tail = "";
  #stopping = new AbortController();
  #running: Promise<void> | undefined;

  /**
   * Prepares the program without starting it. Its output goes to `log`, its working directory is `directory`, and
   * `onChange` is called after every change of `status`.
   */
  constructor(spec: ProcessSpec, log: BoundedLog, directory: string, onChange: () => void) {
    this.spec = spec;
    this.#log = log;
    this.#directory = directory;
    this.#onChange = onChange;
  }

  /** Starts the program. A second call has no effect. */
  start(): void {
    this.#running ??= this.#keepRunning();
  }

  /** The state at this moment. */
  get status(): ProcessStatus {
    return {
      name: this.spec.name,
      ...(this.#identity === undefined ? {} : { identity: this.#identity }),
      ...(this.#since === undefined ? {} : { since: this.#since.toISOString() }),
      restarts: this.#restarts,
      ready: this.#ready,
      ...(this.#lastExit === undefined ? {} : { lastExit: this.#lastExit }),
    };
  }

  /**
   * Resolves once the program is ready.
   * @throws ProblemError if it is not ready within `timeoutMs` or has ended six times; an abort error after `stop`
   */
  async whenReady(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#ready) {
      this.#stopping.signal.throwIfAborted();
      const ended = this.#restarts > 0 ? ` It has ended ${this.#restarts} times, last with ${this.#lastExit}.` : "";
      if (this.#restarts >= mostRestartsBeforeReady || performance.now() > deadline) {
        const lastLine = this.#tail.trimEnd().split("\n").at(-1) ?? "";
        throw new ProblemError(
          "The environment did not start",
          [
            {
              path: this.spec.name,
              reason: `it did not become ready.${ended}${lastLine === "" ? "" : ` Its last log line: ${lastLine.slice(0, 300)}`}`,
              fix: `Read ${this.#log.file}.`,
            },
          ],
          exitCodes.unavailable,
        );
      }
      await sleep(25);
    }
  }

  /** Ends the program and does not restart it: sends SIGTERM, waits up to `graceMs`, then sends SIGKILL. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    if (this.#identity !== undefined) await endProcesses([this.#identity], graceMs);
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      const started = performance.now();
      await this.#runOnce();
      if (this.#stopping.signal.aborted) return;
      failures = performance.now() - started > healthyMs ? 1 : failures + 1;
      this.#restarts += 1;
      this.#log.write(`serin: ${this.spec.name} ended (${this.#lastExit}) and is restarted\n`);
      this.#onChange();
      await this.#pause(Math.min(maxBackoffMs, firstBackoffMs * 2 ** (failures - 1)));
    }
  }

  async #runOnce(): Promise<void> {
    const { command, args, env } = this.spec;
    const child = spawnBound(command, args, {
      cwd: this.#directory,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const over = new AbortController();
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit ${code}`));
    });
    if (child.pid !== undefined) this.#identity = identityOf(child.pid);
    this.#since = new Date();
    this.#tail = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#onChange();
    const watched = this.#watchReadiness(over.signal);
    this.#lastExit = await ended;
    over.abort();
    await watched;
    this.#identity = undefined;
    this.#since = undefined;
    this.#setReady(false);
  }

  #read(chunk: Buffer): void {
    this.#log.write(chunk);
    const text = this.#tail + chunk.toString();
    this.#tail = text.slice(-tailLength);
    const { ready } = this.spec;
    // Tests the whole chunk: on a busy machine the first read may be longer than the tail that is kept.
    if ("logLine" in ready && !this.#ready && ready.logLine.test(text)) this.#setReady(true);
  }

  async #watchReadiness(over: AbortSignal): Promise<void> {
    const { ready: probe } = this.spec;
    if ("logLine" in probe) return;
    let missed = 0;
    while (!over.aborted) {
      const answered = await isReady(probe);
      if (over.aborted) return;
      missed = answered ? 0 : missed + 1;
      // On a busy machine one check may fail although the program is ready, so only a second failure in a row counts.
      if (answered || missed > 1) this.#setReady(answered);
      await sleep(this.#ready ? steadyProbeMs : startProbeMs, undefined, { signal: over }).catch(() => undefined);
    }
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready) return;
    this.#ready = ready;
    this.#onChange();
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

const tailLength = 2_000;
/** A program that has ended this often without being ready will not become ready: the start fails early. */
const mostRestartsBeforeReady = 6;
const startProbeMs = 50;
const steadyProbeMs = 5_000;
const firstBackoffMs = 50;
const maxBackoffMs = 5_000;
/** The back-off starts anew after a run of this length: the program did not fail because of how it was started. */
const healthyMs = 10_000;

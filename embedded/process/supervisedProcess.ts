import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { BoundedLog } from "./boundedLog.ts";
import { endProcesses } from "./leftovers.ts";
import { identityOf, type ProcessIdentity } from "./processIdentity.ts";
import type { ProcessSpec } from "./processSpec.ts";
import { isReady } from "./readiness.ts";
import { spawnBound } from "./spawnBound.ts";

/** What one supervised process is doing. */
export interface ProcessStatus {
  readonly name: string;
  readonly identity?: ProcessIdentity;
  /** When the present process started, ISO 8601. */
  readonly since?: string;
  /** How often it was started again after dying. */
  readonly restarts: number;
  readonly ready: boolean;
  /** How the previous process ended: "exit 1", "SIGKILL". */
  readonly lastExit?: string;
}

/** One program kept running: started again whenever it dies, without limit, until it is stopped. */
export class SupervisedProcess {
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

  constructor(spec: ProcessSpec, log: BoundedLog, directory: string, onChange: () => void) {
    this.spec = spec;
    this.#log = log;
    this.#directory = directory;
    this.#onChange = onChange;
  }

  start(): void {
    this.#running ??= this.#keepRunning();
  }

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
   * Resolves once the program is ready. Rejects when it is not within `timeoutMs`, when it died over and over before it
   * ever was, and when the environment stops.
   */
  async whenReady(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#ready) {
      this.#stopping.signal.throwIfAborted();
      const died = this.#restarts > 0 ? ` It died ${this.#restarts} times, last with ${this.#lastExit}.` : "";
      if (this.#restarts >= hopelessDeaths || performance.now() > deadline) {
        const lastLine = this.#tail.trimEnd().split("\n").at(-1) ?? "";
        throw new ProblemError(
          "The environment did not start",
          [
            {
              path: this.spec.name,
              reason: `it does not get ready.${died}${lastLine === "" ? "" : ` Its last words: ${lastLine.slice(0, 300)}`}`,
              fix: `Read ${this.#log.file}.`,
            },
          ],
          exitCodes.unavailable,
        );
      }
      await sleep(25);
    }
  }

  /** Ends the program for good: asks, waits up to `graceMs`, kills. */
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
      this.#log.write(`serin: ${this.spec.name} ended (${this.#lastExit}) and is started again\n`);
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
    // Looked for in all of it: a program that starts under load has said more than a tail's length by the first read.
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
      // One slow answer under load says nothing; two do.
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
const hopelessDeaths = 6;
const startProbeMs = 50;
const steadyProbeMs = 5_000;
const firstBackoffMs = 50;
const maxBackoffMs = 5_000;
/** A program that ran this long did not fail because of how it was started, so the back-off begins anew. */
const healthyMs = 10_000;

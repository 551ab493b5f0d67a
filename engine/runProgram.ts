import { status } from "@grpc/grpc-js";
import { exitCodes, ProblemError } from "../components/core/problem.ts";
import { MonitorServer } from "./monitorServer.ts";
import { programError } from "./programErrors.ts";
import type { RecordedProperties } from "./recordedResource.ts";
import type { ResourceMonitor } from "./resourceMonitor.ts";
import { configureRun, isolated, type RunSettings, runStack, watchRejections } from "./sdkInternals.ts";

/**
 * Makes the resources of the current stack and returns its outputs, as the default export of `stacks/index.ts` does.
 */
export type StackProgram = () => Promise<Record<string, unknown>> | Record<string, unknown>;

/** How a program is run. */
export interface ProgramOptions extends Omit<RunSettings, "monitor"> {
  /** Answers what the program asks for. */
  readonly monitor: ResourceMonitor;
  /** Outputs of the stacks this one may refer to; undefined for a stack that is not there. @default there are none */
  readonly stackOutputs?: (stack: string) => RecordedProperties | undefined;
  /** Ends the run with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * How long nothing may happen before the program counts as stuck, in ms.
   * @default 60 000, longer than any request should take
   */
  readonly idleTimeoutMs?: number;
}

/**
 * Runs a stack program in this process against `monitor` and returns the stack's outputs. Runs are isolated:
 * each has its own SDK state, so several may follow one another or overlap.
 *
 * @throws ProblemError for everything a person can put right; any other error is a defect and keeps its stack.
 */
export async function runProgram(program: StackProgram, options: ProgramOptions): Promise<RecordedProperties> {
  return isolated(async () => {
    const run = new Run(options);
    const stopWatching = watchRejections(run);
    try {
      return await run.finish(program);
    } finally {
      stopWatching();
    }
  });
}

class Run {
  readonly #options: ProgramOptions;
  readonly #errors: unknown[] = [];
  readonly #ended = new AbortController();
  readonly #server: MonitorServer;
  readonly isCurrent: () => boolean;

  constructor(options: ProgramOptions) {
    this.#options = options;
    this.#server = new MonitorServer({
      project: options.project,
      stack: options.stack,
      monitor: options.monitor,
      stackOutputs: options.stackOutputs ?? (() => undefined),
      onFailure: (error) => this.reject(error),
      signal: this.#ended.signal,
    });
    this.isCurrent = configureRun({ ...options, monitor: this.#server });
  }

  reject(error: unknown): void {
    if (isEndOfRun(error) || this.#errors.includes(error)) return;
    this.#errors.push(error);
    this.#ended.abort();
  }

  async finish(program: StackProgram): Promise<RecordedProperties> {
    const interrupt = () => this.reject(this.#options.signal?.reason);
    this.#options.signal?.addEventListener("abort", interrupt, { once: true });
    const watchdog = this.#watchIdleness();
    try {
      if (this.#options.signal?.aborted) interrupt();
      else await Promise.race([this.#run(program), this.#failed()]);
      await this.#server.drained();
      await rejectionsDelivered();
    } finally {
      clearInterval(watchdog);
      this.#options.signal?.removeEventListener("abort", interrupt);
    }
    if (this.#errors.length > 0) throw programError(this.#options.stack, this.#errors);
    return this.#server.outputs;
  }

  async #run(program: StackProgram): Promise<void> {
    const attributed = async () => {
      try {
        return await program();
      } catch (error) {
        // Before the SDK's own reactions to it.
        this.reject(error);
        throw error;
      }
    };
    try {
      await runStack(attributed);
    } catch (error) {
      this.reject(error);
    }
  }

  #failed(): Promise<void> {
    const { signal } = this.#ended;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  /** A program that awaits what never comes would hang, or leave an empty event loop and exit without a word. */
  #watchIdleness(): NodeJS.Timeout {
    const limit = this.#options.idleTimeoutMs ?? 60_000;
    return setInterval(
      () => {
        if (this.#server.busy || performance.now() - this.#server.lastActivity < limit) return;
        const reason = `nothing has happened for ${limit / 1_000} s: the program waits for a value that never comes.`;
        this.reject(
          new ProblemError(
            `${this.#options.stack} is stuck`,
            [{ path: "stacks/index.ts", reason, fix: "Look for a promise that is never resolved." }],
            exitCodes.incomplete,
          ),
        );
      },
      Math.min(1_000, limit),
    );
  }
}

/** True for the SDK's own reaction to a run that has been ended here. */
function isEndOfRun(error: unknown): boolean {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return code === status.CANCELLED || code === status.UNAVAILABLE;
}

/** Node reports unhandled rejections after the microtasks of a turn. */
async function rejectionsDelivered(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

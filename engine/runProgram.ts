import { setAllConfig } from "@pulumi/pulumi/runtime/config.js";
import * as settings from "@pulumi/pulumi/runtime/settings.js";
import { runInPulumiStack } from "@pulumi/pulumi/runtime/stack.js";
import state from "@pulumi/pulumi/runtime/state.js";
import { exitCodes, ProblemError } from "../components/core/problem.ts";
import type { ResourceMonitor } from "./monitor.ts";
import { MonitorServer } from "./monitorServer.ts";
import { programError } from "./programErrors.ts";
import { type Assumptions, assumeUndeployedStacks } from "./pulumi/undeployedStacks.ts";
import type { RecordedProperties } from "./recordedResource.ts";
import { watchRejections } from "./unhandledRejections.ts";

/**
 * Makes the resources of the current stack and returns its outputs, as the default export of `stacks/index.ts` does.
 */
export type StackProgram = () => Promise<Record<string, unknown>> | Record<string, unknown>;

export interface ProgramOptions {
  readonly project: string;
  /** `<environment>-<layer>`, what `pulumi.getStack()` answers. */
  readonly stack: string;
  /** Full keys (`serin:kubeconfig`) → values. @default none */
  readonly config?: Readonly<Record<string, string>>;
  /** Full keys of `config` whose values are secret. @default none */
  readonly secretKeys?: readonly string[];
  readonly monitor: ResourceMonitor;
  /** Resources that are not there yet have unknown outputs. */
  readonly preview: boolean;
  /** Outputs of the stacks this one may refer to. @default there are none */
  readonly stackOutputs?: (stack: string) => RecordedProperties | undefined;
  /** For a preview of stacks that were never deployed. @default a missing key is an error, as under the engine */
  readonly assumptions?: Assumptions;
  /** What the program logs (`pulumi.log.*`), except debug messages. @default dropped */
  readonly onLog?: (severity: "info" | "warning" | "error", message: string) => void;
  /** Ends the run with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long nothing may happen before the program counts as stuck, in ms. @default 60 000 */
  readonly idleTimeoutMs?: number;
}

interface RunState {
  settings: { engine?: unknown };
  assumptions?: Assumptions;
}

/**
 * Internal to the SDK, which keeps everything a run changes in this store: what its Automation API uses for inline
 * programs.
 */
const { withLocalStorage, getLocalStore } = state as unknown as {
  withLocalStorage<T>(run: () => Promise<T>): Promise<T>;
  getLocalStore(): RunState | undefined;
};

/**
 * Runs a stack program in this process against a monitor of ours and returns the stack's outputs. Runs are isolated:
 * each has its own SDK state, so several may follow one another or overlap.
 *
 * @throws ProblemError for everything a person can put right; any other error is a defect and keeps its stack.
 */
export async function runProgram(program: StackProgram, options: ProgramOptions): Promise<RecordedProperties> {
  assumeUndeployedStacks(() => getLocalStore()?.assumptions);
  return withLocalStorage(async () => {
    const run = new Run(options);
    const stopWatching = watchRejections(run);
    try {
      return await run.finish(program);
    } finally {
      stopWatching();
      // The SDK keeps the last stack in a global, and with it the whole program.
      globalThis.stackResource = undefined;
    }
  });
}

class Run {
  readonly #options: ProgramOptions;
  readonly #errors: unknown[] = [];
  readonly #ended = new AbortController();
  readonly #server: MonitorServer;
  readonly #store: RunState | undefined;

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
    settings.setMockOptions(this.#server, options.project, options.stack, options.preview, "organization");
    setAllConfig({ ...options.config }, [...(options.secretKeys ?? [])]);
    this.#store = getLocalStore();
    if (this.#store === undefined) return;
    this.#store.settings.engine = new ProgramLog(options.onLog);
    if (options.assumptions !== undefined) this.#store.assumptions = options.assumptions;
  }

  isCurrent(): boolean {
    return getLocalStore() === this.#store;
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
      await runInPulumiStack(attributed);
      await settings.disconnect();
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

/** What the SDK logs to instead of the console. */
class ProgramLog {
  readonly #onLog: ProgramOptions["onLog"];

  constructor(onLog: ProgramOptions["onLog"]) {
    this.#onLog = onLog;
  }

  log(request: { getSeverity(): number; getMessage(): string }, reply: () => void): void {
    // `LogSeverity` of engine.proto: debug, info, warning, error.
    const severity = ([undefined, "info", "warning", "error"] as const)[request.getSeverity()];
    if (severity !== undefined) this.#onLog?.(severity, request.getMessage());
    reply();
  }

  setRootResource(_request: unknown, reply: (error: null) => void): void {
    reply(null);
  }

  requirePulumiVersion(_request: unknown, reply: (error: null, response: object) => void): void {
    reply(null, {});
  }
}

/** The SDK's own reaction to a run that we have ended: gRPC's CANCELLED or UNAVAILABLE. */
function isEndOfRun(error: unknown): boolean {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return code === 1 || code === 14;
}

/** Node reports unhandled rejections after the microtasks of a turn. */
async function rejectionsDelivered(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

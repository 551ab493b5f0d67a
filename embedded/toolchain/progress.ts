import type { Attempt, ToolEvent } from "./tool.ts";

/** The time between two events of a tool that is being fetched. */
const heartbeatMs = 3000;

/** Reports the progress of one tool, with an event every 3 s while it is fetched. */
export class ToolProgress {
  readonly #tool: string;
  readonly #emit: (event: ToolEvent) => void;
  #start = performance.now();
  #how: string | undefined;
  #detail: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(tool: string, emit: (event: ToolEvent) => void) {
    this.#tool = tool;
    this.#emit = emit;
  }

  /** Reports that a source is tried, by its name. The heartbeat then lasts until `ended` or `stop`. */
  started(how: string, attempt: Attempt): void {
    if (this.#how === undefined) this.#start = performance.now();
    this.#how = how;
    this.#detail = undefined;
    this.#say("started", attempt);
    this.#beat();
  }

  /** Reports what the tool waits for, at once and with each heartbeat until `ended` or `stop`. */
  waiting(detail: string): void {
    this.#detail = detail;
    this.#say("progress");
    this.#beat();
  }

  /** Sets the detail of the next heartbeat. It is not reported at once, because compilers print many lines a second. */
  detail(detail: string): void {
    this.#detail = detail;
  }

  /** Ends the heartbeat and reports how the tool was found or fetched, or with `failed` the reason in `detail`. */
  ended(state: "cached" | "found" | "done" | "failed", how: string | undefined, detail?: string): void {
    this.stop();
    this.#how = how;
    this.#detail = detail;
    this.#say(state);
  }

  /** Ends the heartbeat without an event. A second call has no effect. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    this.#timer ??= setInterval(() => this.#say("progress"), heartbeatMs);
  }

  #say(state: ToolEvent["state"], attempt?: Attempt): void {
    this.#emit({
      tool: this.#tool,
      state,
      elapsedMs: Math.round(performance.now() - this.#start),
      ...(this.#how === undefined ? {} : { how: this.#how }),
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
      ...(attempt === undefined ? {} : { attempt }),
    });
  }
}

import type { ToolEvent } from "./tool.ts";

/** How often a tool that is being fetched says that it still is. */
const heartbeatMs = 3000;

/** Tells what happens to one tool, with a heartbeat while it takes long. */
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

  /** Begins with one source; the heartbeat lasts until the tool is done or has failed. */
  started(how: string): void {
    if (this.#how === undefined) this.#start = performance.now();
    this.#how = how;
    this.#detail = undefined;
    this.#say("started");
    this.#beat();
  }

  /** Says at once, and goes on saying, why nothing is happening to it. */
  waiting(detail: string): void {
    this.#detail = detail;
    this.#say("progress");
    this.#beat();
  }

  /** Kept for the next heartbeat: compilers say more than anyone can read. */
  detail(detail: string): void {
    this.#detail = detail;
  }

  ended(state: "cached" | "found" | "done" | "failed", how: string | undefined, detail?: string): void {
    this.stop();
    this.#how = how;
    this.#detail = detail;
    this.#say(state);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    this.#timer ??= setInterval(() => this.#say("progress"), heartbeatMs);
  }

  #say(state: ToolEvent["state"]): void {
    this.#emit({
      tool: this.#tool,
      state,
      elapsedMs: Math.round(performance.now() - this.#start),
      ...(this.#how === undefined ? {} : { how: this.#how }),
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
    });
  }
}

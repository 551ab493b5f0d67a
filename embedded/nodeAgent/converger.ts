import { setTimeout as sleep } from "node:timers/promises";

const firstRetryMs = 200;
const longestRetryMs = 5_000;

/**
 * Makes something outside agree with the newest value, one attempt at a time, for as long as it takes: values that were
 * overtaken while the other side was away are never sent.
 */
export class Converger<T> {
  readonly #apply: (value: T) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #closing = new AbortController();
  #wanted: { readonly value: T } | undefined;
  #working: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(apply: (value: T) => Promise<void>, onError: (error: unknown) => void) {
    this.#apply = apply;
    this.#onError = onError;
  }

  /** Resolves when this value, or a newer one, is applied, or when the converger is closed. */
  set(value: T): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    this.#wanted = { value };
    if (!this.#busy) {
      this.#busy = true;
      this.#working = this.#work();
    }
    return this.#working;
  }

  /** Sends nothing more; an attempt under way ends by itself. */
  close(): void {
    this.#closing.abort();
  }

  async #work(): Promise<void> {
    let failures = 0;
    while (this.#wanted !== undefined && !this.#closing.signal.aborted) {
      const { value } = this.#wanted;
      const attempt = this.#wanted;
      try {
        await this.#apply(value);
        failures = 0;
        if (this.#wanted === attempt) this.#wanted = undefined;
      } catch (error) {
        if (failures === 0) this.#onError(error);
        const delay = Math.min(longestRetryMs, firstRetryMs * 2 ** failures);
        failures += 1;
        await sleep(delay, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
    this.#busy = false;
  }
}

import { setTimeout as sleep } from "node:timers/promises";

const firstRetryMs = 200;
const longestRetryMs = 5_000;

/**
 * Applies the newest value to an outside system, such as the API server, and retries until it succeeds. One attempt
 * runs at a time. A value that is replaced before it was applied is skipped. The delay between attempts doubles from
 * 200 ms to 5 s.
 */
export class Reconciler<T> {
  readonly #apply: (value: T) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #closing = new AbortController();
  #wanted: { readonly value: T } | undefined;
  #working: Promise<void> = Promise.resolve();
  #busy = false;

  /** `apply` makes one attempt; `onError` receives the first error of each outage. */
  constructor(apply: (value: T) => Promise<void>, onError: (error: unknown) => void) {
    this.#apply = apply;
    this.#onError = onError;
  }

  /** Sets the value to apply. Resolves when it or a newer one is applied, or when the reconciler is closed. */
  set(value: T): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    this.#wanted = { value };
    if (!this.#busy) {
      this.#busy = true;
      this.#working = this.#work();
    }
    return this.#working;
  }

  /** Starts no further attempt. A running attempt is not interrupted. */
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

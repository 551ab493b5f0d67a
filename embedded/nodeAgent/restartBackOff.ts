const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
const forgivenAfterMs = 600_000;

/**
 * When a container that keeps ending is started again, with the kubelet's numbers: at once, then 10 s, 20 s, … 5 min.
 */
export class RestartBackOff {
  #failures = 0;

  /** Counts one end of the container; gives how long to wait from then. Ten good minutes and the count begins anew. */
  nextDelayMs(ranForMs: number): number {
    this.#failures = ranForMs >= forgivenAfterMs ? 1 : this.#failures + 1;
    return this.#failures === 1 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#failures - 2));
  }
}

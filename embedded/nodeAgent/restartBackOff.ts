const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
const forgivenAfterMs = 600_000;

/** The delay before a container is restarted, with the kubelet's numbers: none, then 10 s, 20 s, and so on to 5 min. */
export class RestartBackOff {
  #failures = 0;

  /** Counts one end of the container and gives the delay, milliseconds. A run of ten minutes resets the count. */
  nextDelayMs(ranForMs: number): number {
    this.#failures = ranForMs >= forgivenAfterMs ? 1 : this.#failures + 1;
    return this.#failures === 1 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#failures - 2));
  }
}

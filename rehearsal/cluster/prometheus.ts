import { setTimeout as sleep } from "node:timers/promises";

/** How long the server may be gone: long enough to be restarted and to read its log again. */
const patienceMs = 60_000;

/** Instant queries of a Prometheus server; they ride out its restart. */
export class PrometheusClient {
  readonly #address: string;
  readonly #signal: AbortSignal | undefined;

  constructor(address: string, signal?: AbortSignal) {
    this.#address = address;
    this.#signal = signal;
  }

  /** The value of a query of one series; `undefined` when there is none. */
  async value(query: string): Promise<number | undefined> {
    const url = new URL("/api/v1/query", this.#address);
    const until = performance.now() + patienceMs;
    for (;;) {
      try {
        return await this.#ask(url, query);
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (performance.now() > until) throw error;
        await sleep(250, undefined, this.#signal === undefined ? {} : { signal: this.#signal });
      }
    }
  }

  async #ask(url: URL, query: string): Promise<number | undefined> {
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams({ query }),
      signal: AbortSignal.any([AbortSignal.timeout(5_000), ...(this.#signal === undefined ? [] : [this.#signal])]),
    });
    if (!response.ok)
      throw new Error(`Prometheus answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    const answer = (await response.json()) as QueryAnswer;
    const value = answer.data.result[0]?.value[1];
    return value === undefined ? undefined : Number(value);
  }
}

interface QueryAnswer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

import { patiently } from "./retry.ts";

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
    const answer = await patiently(async () => {
      const response = await fetch(url, {
        method: "POST",
        body: new URLSearchParams({ query }),
        signal: AbortSignal.any([AbortSignal.timeout(5_000), ...(this.#signal === undefined ? [] : [this.#signal])]),
      });
      if (!response.ok)
        throw new Error(`Prometheus answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
      return (await response.json()) as QueryAnswer;
    }, this.#signal);
    const value = answer.data.result[0]?.value[1];
    return value === undefined ? undefined : Number(value);
  }
}

interface QueryAnswer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

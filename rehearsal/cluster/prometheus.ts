import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import { serviceProxyPath } from "../../engine/kubernetes/serviceProxy.ts";

/** How long the server may be gone: long enough to be restarted and to read its log again. */
const patienceMs = 60_000;

/** Sends a query, or a query of a range (`query_range`), to a Prometheus server and returns what it answers. */
type Transport = (query: Readonly<Record<string, string>>) => Promise<QueryAnswer>;

/** Moments at equal distances, of Unix time in seconds. */
export interface Moments {
  /** The first one. */
  readonly start: number;
  /** The last one is not later. */
  readonly end: number;
  /** The distance. */
  readonly step: number;
}

/** Queries of a Prometheus server; they ride out its restart. */
export class PrometheusClient {
  readonly #send: Transport;
  readonly #signal: AbortSignal | undefined;
  readonly #patienceMs: number;

  /** `address` is the URL of a server that this machine reaches. */
  constructor(address: string, signal?: AbortSignal, send: Transport = direct(address, signal), patience = patienceMs) {
    this.#send = send;
    this.#signal = signal;
    this.#patienceMs = patience;
  }

  /**
   * The server of a cluster by its Service, through the API server (`services/proxy`). Undefined: the address is of no
   * Service, so only pods may reach it.
   */
  static throughCluster(
    client: KubernetesClient,
    address: string,
    signal: AbortSignal | undefined,
  ): PrometheusClient | undefined {
    const proxy = serviceProxyPath(address);
    if (proxy === undefined) return undefined;
    const path = `${proxy}/api/v1/`;
    // The client waits for the API server itself.
    return new PrometheusClient(
      address,
      signal,
      (query) =>
        client.send({
          method: "GET",
          path: `${path}${endpoint(query)}`,
          query,
          ...(signal === undefined ? {} : { signal }),
        }),
      0,
    );
  }

  /** The value of a query of one series, at `time` (ISO 8601) or now; `undefined` when there is none. */
  async value(query: string, time?: string): Promise<number | undefined> {
    const [series] = await this.#patiently({ query, ...(time === undefined ? {} : { time }) });
    const value = series?.value?.[1];
    return value === undefined ? undefined : Number(value);
  }

  /** The values of a query of one series by their moments; those at which there is none are left out. */
  async values(query: string, { start, end, step }: Moments): Promise<ReadonlyMap<number, number>> {
    const [series] = await this.#patiently({ query, start: String(start), end: String(end), step: String(step) });
    return new Map(series?.values?.map(([at, value]) => [at, Number(value)]) ?? []);
  }

  async #patiently(query: Readonly<Record<string, string>>): Promise<QueryAnswer["data"]["result"]> {
    const until = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return (await this.#send(query)).data.result;
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (performance.now() > until) throw error;
        await sleep(250, undefined, this.#signal === undefined ? {} : { signal: this.#signal });
      }
    }
  }
}

function direct(address: string, signal: AbortSignal | undefined): Transport {
  return async (query) => {
    const response = await fetch(new URL(`/api/v1/${endpoint(query)}`, address), {
      method: "POST",
      body: new URLSearchParams(query),
      signal: AbortSignal.any([
        AbortSignal.timeout("step" in query ? 30_000 : 5_000),
        ...(signal === undefined ? [] : [signal]),
      ]),
    });
    if (!response.ok)
      throw new Error(`Prometheus answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    return (await response.json()) as QueryAnswer;
  };
}

function endpoint(query: Readonly<Record<string, string>>): string {
  return "step" in query ? "query_range" : "query";
}

interface QueryAnswer {
  readonly data: {
    readonly result: readonly {
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

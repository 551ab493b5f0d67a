import type { Series } from "../components/model/analysis/selector.ts";
import { selected } from "../components/model/analysis/selector.ts";

/** A series of an Envoy, with its value, named as the embedded Prometheus stores it. */
export interface Sample {
  readonly series: Series;
  readonly value: number;
}

/** What an Envoy's admin interface has of Istio's metrics. */
export async function istioSamples(admin: string): Promise<Sample[]> {
  const text = await (await fetch(`http://${admin}/stats/prometheus?filter=istio`)).text();
  return [...text.matchAll(/^envoy_(istio_\w+)\{(.*)\} (\S+)$/gm)].map(([, name = "", labels = "", value]) => ({
    series: {
      __name__: name,
      ...Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text])),
    },
    value: Number(value),
  }));
}

/** The sum of the samples that any of the selectors matches; twice where two of them do. */
export function counted(samples: readonly Sample[], selectors: readonly string[] = [], hashes: Series = {}): number {
  return samples.reduce((sum, { series, value }) => sum + value * selected(selectors, series, hashes), 0);
}

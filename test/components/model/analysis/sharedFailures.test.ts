import { describe, expect, it } from "vitest";
import { guardMetrics } from "../../../../components/model/analysis/metrics.ts";
import { context, sound } from "../fixtures.ts";
import { evaluate, type Series } from "../verdict/promql.ts";

/** Three minutes of a canary, a scrape each 15 s; something happens in the last one. */
const [until, scrape] = [180, 15];
const during = (at: number) => at > 120;

/** A version's requests in one scrape, and its bad ones while something happens. */
interface Load {
  readonly requests: number;
  readonly bad: number;
}

/** Requests of both versions in each scrape. */
interface Loads {
  readonly canary: Load;
  readonly stable: Load;
}

const hashes = { canary: "new1", stable: "old1" } as const;

/** A counter that gains so much in each scrape. Pods of the stable version are older than the release. */
function counter(labels: Series["labels"], gained: (at: number) => number, from = 0): Series {
  let count = from;
  const samples = Array.from({ length: until / scrape + 1 }, (_, index): [number, number] => {
    count += gained(index * scrape);
    return [index * scrape, count];
  });
  return { labels, samples };
}

/** Where bad requests are counted, as Prometheus has them. */
const happens = {
  "5xx at the pods": (labels: Series["labels"], _: string, bad: (at: number) => number) => [
    counter({ ...labels, __name__: "istio_requests_total", response_code: "500" }, bad),
  ],
  "timeouts at the gateway": (_: Series["labels"], subset: string, bad: (at: number) => number) => [
    counter(
      {
        __name__: "istio_requests_total",
        reporter: "source",
        upstream_cluster: `outbound|8000|${subset}|fraud.models.svc.cluster.local`,
        pod: "istio-ingressgateway-1",
        response_code: "504",
        response_flags: "UT",
      },
      bad,
      1_000,
    ),
  ],
} as const;

function failures(kind: keyof typeof happens, loads: Loads): Series[] {
  return (["canary", "stable"] as const).flatMap((version) => {
    const { requests, bad } = loads[version];
    const labels = {
      reporter: "destination",
      destination_workload_namespace: "models",
      pod: `fraud-${hashes[version]}-x1y2z`,
    };
    const ok = { ...labels, __name__: "istio_requests_total", response_code: "200", response_flags: "-" };
    return [
      counter({ __name__: "up", namespace: "models", pod: labels.pod, endpoint: "metrics" }, (at) =>
        at === 0 ? 1 : 0,
      ),
      counter(ok, () => requests),
      ...happens[kind](labels, version, (at) => (during(at) ? bad : 0)),
    ];
  });
}

/** What the guard's query says at the end: 2 for fail. */
function guard(metric: string, series: readonly Series[]): number | undefined {
  const query = guardMetrics(sound, sound.release, context).find(({ name }) => name === metric)?.query ?? "";
  const filled = query
    .replaceAll("{{args.canary-hash}}", hashes.canary)
    .replaceAll("{{args.stable-hash}}", hashes.stable);
  return evaluate(filled, series, until)[0]?.value;
}

/** A burst of bad requests by the parts that the versions have of the traffic, and one that only the canary has. */
const bursts = {
  "5 % of 10 requests/s": { canary: { requests: 8, bad: 2 }, stable: { requests: 142, bad: 38 } },
  "20 % of 50 requests/s": { canary: { requests: 150, bad: 6 }, stable: { requests: 600, bad: 24 } },
  "50 % of 200 requests/s": { canary: { requests: 1_500, bad: 30 }, stable: { requests: 1_500, bad: 30 } },
} as const;
const alone = ({ canary, stable }: Loads): Loads => ({ canary, stable: { ...stable, bad: 0 } });

describe.each(Object.entries(bursts))("while bad requests fall on both versions, at %s,", (_, loads) => {
  it.each(["5xx at the pods", "timeouts at the gateway"] as const)(
    "%s fail only a version that has them alone",
    (kind) => {
      expect(guard("errors", failures(kind, loads))).toBe(0);
      expect(guard("errors", failures(kind, alone(loads)))).toBe(2);
    },
  );
});

it("a version is failed that fails three in ten of its requests while the stable version fails a hundredth", () => {
  const loads = { canary: { requests: 150, bad: 45 }, stable: { requests: 600, bad: 6 } };
  expect(guard("errors", failures("5xx at the pods", loads))).toBe(2);
});

/** Edges of Istio's own latency buckets in milliseconds, and two below and above them. */
const istioEdges = [0.5, 1, 5, 10, 25, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000];

/**
 * Envoy keeps durations in bins of two significant digits (openhistogram/libcircllhist): 14 ms, 15 ms, then 140 to
 * 149 ms, 150 to 159 ms. A bucket counts the whole bin that its edge lies in (envoy #43041), so the bucket of exactly
 * the durations below an objective has its edge inside the last bin before the objective. In the middle of it, since
 * an edge where a bin begins may be rounded into the bin before: in Envoy 1.40, `le="150"` counts durations below
 * 160 ms and `le="110"` those below 110 ms. Proxies older than Envoy 1.38 (Istio 1.30) leave out the bin that the edge
 * lies in, so that they test an objective of 150 ms as 140 ms.
 *
 * @param objectiveMs as `isMeasurable`
 */
export function latencyEdge(objectiveMs: number): number {
  // Durations are whole milliseconds: below 10 ms, any edge after the one before will do.
  return objectiveMs - Math.max(1, binBefore(objectiveMs)) / 2;
}

/** Edges of the latency buckets in milliseconds, the objective's among them. */
export function latencyEdges(objectiveMs: number): number[] {
  return [...new Set([...istioEdges, latencyEdge(objectiveMs)])].sort((a, b) => a - b);
}

/** Whether a number of milliseconds lies between two of Envoy's bins: a whole number of two significant digits. */
export function isMeasurable(objectiveMs: number): boolean {
  return Number.isInteger(objectiveMs) && objectiveMs >= 1 && Number(objectiveMs.toPrecision(2)) === objectiveMs;
}

/** The nearest measurable numbers of milliseconds, below and above. */
export function nearestMeasurable(objectiveMs: number): readonly [below: number, above: number] {
  const bin = 10 ** Math.max(0, Math.floor(Math.log10(objectiveMs)) - 1);
  return [Math.floor(objectiveMs / bin) * bin, Math.ceil(objectiveMs / bin) * bin];
}

/** The width of the bin that ends at a number of milliseconds. */
function binBefore(ms: number): number {
  return 10 ** (Math.ceil(Math.log10(ms)) - 2);
}

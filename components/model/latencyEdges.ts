/** Edges of Istio's own latency buckets in milliseconds, and two below and above them. */
const istioEdges = [0.5, 1, 5, 10, 25, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** Edges of the latency buckets in milliseconds, the objective among them. */
export function latencyEdges(objectiveMs: number): number[] {
  return [...new Set([...istioEdges, objectiveMs])].sort((a, b) => a - b);
}

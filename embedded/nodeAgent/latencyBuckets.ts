/** The upper bounds of the buckets of Istio's request duration histogram, milliseconds. They are Envoy's defaults. */
export const defaultBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

/** The pod annotation that sets other bucket bounds. Istio reads it in `pkg/bootstrap/config.go`. */
export const bucketsAnnotation = "sidecar.istio.io/statsHistogramBuckets";

/** The key of Istio's own metrics in the annotation, which maps prefixes of metric names to bounds. */
const istioPrefix = "istiocustom";

/**
 * The bucket bounds of the latency histogram of a pod's sidecar, milliseconds. As in Istio, an invalid annotation is
 * ignored; here it also gives a warning.
 */
export function latencyBuckets(annotation: string | undefined): { edges: readonly number[]; warning?: string } {
  if (annotation === undefined) return { edges: defaultBuckets };
  const edges = parse(annotation);
  return edges === undefined
    ? {
        edges: defaultBuckets,
        warning: `annotation ${bucketsAnnotation} is not {"${istioPrefix}": [increasing numbers]}; the default buckets are used: ${annotation}`,
      }
    : { edges };
}

function parse(annotation: string): number[] | undefined {
  try {
    const value: unknown = JSON.parse(annotation);
    if (typeof value !== "object" || value === null || !(istioPrefix in value)) return undefined;
    const edges: unknown = value[istioPrefix];
    const rising = (edge: unknown, index: number, all: unknown[]) =>
      typeof edge === "number" && edge > (index === 0 ? 0 : Number(all[index - 1]));
    return Array.isArray(edges) && edges.length > 0 && edges.every(rising) ? (edges as number[]) : undefined;
  } catch {
    return undefined;
  }
}

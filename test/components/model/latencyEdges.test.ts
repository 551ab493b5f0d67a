import { describe, expect, it } from "vitest";
import { isMeasurable, latencyEdge, latencyEdges, nearestMeasurable } from "../../../components/model/latencyEdges.ts";

/** Where Envoy's bin of a duration begins: two significant digits. */
const binOf = (ms: number) => {
  const bin = 10 ** Math.max(0, Math.floor(Math.log10(ms)) - 1);
  return Math.floor(ms / bin) * bin;
};
const measurable = Array.from({ length: 20_000 }, (_, index) => index + 1).filter(isMeasurable);

describe("the edge of an objective", () => {
  it("lies inside the last bin before it, so that the bucket counts exactly what is faster", () => {
    for (const objective of measurable) {
      const edge = latencyEdge(objective);
      expect(edge).toBeGreaterThan(objective - 1 > 0 ? binOf(objective - 1) : 0);
      expect(edge).toBeLessThan(objective);
    }
  });

  it("is among the edges of the pods' latency buckets, in their order", () => {
    expect(latencyEdges(120)).toContain(115);
    for (const objective of [1, 120, 150, 15_000]) {
      expect(latencyEdges(objective)).toEqual([...new Set(latencyEdges(objective))].sort((a, b) => a - b));
    }
  });
});

describe("an objective", () => {
  it("can be measured at two significant digits", () => {
    expect(["150", "99", "100", "1", "2500", "90000"].map(Number).filter(isMeasurable)).toHaveLength(6);
    expect([155, 101, 1_250, 0.5, 99.5, 0].filter(isMeasurable)).toEqual([]);
  });

  it("that cannot be measured lies between two that can", () => {
    expect(nearestMeasurable(155)).toEqual([150, 160]);
    expect(nearestMeasurable(1_250)).toEqual([1_200, 1_300]);
    expect(nearestMeasurable(999)).toEqual([990, 1_000]);
  });
});

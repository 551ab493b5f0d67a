import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normal, seededRandom } from "../../../components/core/random.ts";
import { arrivals } from "../../../embedded/traffic/arrivals.ts";
import { requestBodies } from "../../../embedded/traffic/requestBodies.ts";

function take<T>(source: Iterator<T, unknown>, count: number): T[] {
  return Array.from({ length: count }, () => source.next().value as T);
}

describe("arrivals", () => {
  it("are the same for the same seed and differ for another", () => {
    const first = take(arrivals(200, "poisson", seededRandom(1)), 100);
    expect(take(arrivals(200, "poisson", seededRandom(1)), 100)).toEqual(first);
    expect(take(arrivals(200, "poisson", seededRandom(2)), 100)).not.toEqual(first);
  });

  it("never go back in time and keep the declared rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer(), (rate, seed) => {
        const due = take(arrivals(rate, "poisson", seededRandom(seed)), 2000);
        expect(due.every((moment, n) => n === 0 || moment >= (due[n - 1] ?? 0))).toBe(true);
        // 2000 Poisson arrivals have a standard deviation of 2.2 %.
        expect((due.at(-1) ?? 0) / ((2000 * 1000) / rate)).toBeCloseTo(1, 0.7);
      }),
      { numRuns: 50 },
    );
  });

  it("are spaced as independent callers, or evenly when asked", () => {
    const gaps = (due: number[]): number[] => due.slice(1).map((moment, n) => moment - (due[n] ?? 0));
    const poisson = gaps(take(arrivals(1000, "poisson", seededRandom(1)), 5000));
    const mean = poisson.reduce((sum, gap) => sum + gap, 0) / poisson.length;
    const variance = poisson.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / poisson.length;
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(1, 0.5);
    expect(take(arrivals(4, "even", seededRandom(1)), 3)).toEqual([0, 250, 500]);
  });
});

describe("request bodies", () => {
  it("fill the free dimensions: one item, eight features, standard normal", () => {
    const bodies = requestBodies([{ name: "x", datatype: "FP32", shape: [-1, -1] }], seededRandom(1));
    const inputs = bodies.map((body) => JSON.parse(body).inputs[0]);
    expect(inputs[0]).toMatchObject({ name: "x", datatype: "FP32", shape: [1, 8] });
    const numbers: number[] = inputs.flatMap((input) => input.data);
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length).toBeCloseTo(1, 1);
  });

  it("are few for a large input, so that they fit in memory", () => {
    const bodies = requestBodies([{ name: "image", datatype: "FP32", shape: [-1, 3, 224, 224] }], seededRandom(1));
    expect(bodies.length).toBeGreaterThan(1);
    expect(bodies.length * (bodies[0]?.length ?? 0)).toBeLessThan(50_000_000);
    expect(JSON.parse(bodies[0] ?? "").inputs[0].shape).toEqual([1, 3, 224, 224]);
  });

  it("suit the type of the input", () => {
    const [body] = requestBodies(
      [
        { name: "ids", datatype: "INT64", shape: [-1, 4] },
        { name: "text", datatype: "BYTES", shape: [-1, 1] },
        { name: "flag", datatype: "BOOL", shape: [1] },
      ],
      seededRandom(1),
    );
    const [ids, text, flag] = JSON.parse(body ?? "").inputs;
    expect(ids.data.every(Number.isInteger)).toBe(true);
    expect(text.data).toEqual(["word"]);
    expect(typeof flag.data[0]).toBe("boolean");
  });

  it("draw from a finite normal source", () => {
    expect(Number.isFinite(normal(() => 0))).toBe(true);
  });
});

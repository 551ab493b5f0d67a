import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Bytes,
  byteCount,
  bytesProblems,
  type Duration,
  duration,
  durationProblems,
  kubernetesBytes,
  milliseconds,
  type Percent,
  percent,
  percentProblems,
  ratio,
  seconds,
} from "../../../components/core/quantity.ts";

describe("durations", () => {
  it("survive being written and read again", () => {
    fc.assert(fc.property(fc.nat(10_000_000), (ms) => milliseconds(duration(ms)) === ms));
  });

  it("are written in the largest whole unit", () => {
    expect([duration(150), duration(90_000), duration(120_000), duration(0)]).toEqual(["150ms", "90s", "2m", "0ms"]);
  });

  it("keep their meaning across units", () => {
    expect([milliseconds("1.5s"), seconds("150ms"), milliseconds("2h")]).toEqual([1_500, 0.15, 7_200_000]);
  });

  it.each(["150", "", "ms", "-5ms", "1e3ms", "150 ms", "150min", "٣ms"])("refuse %j", (value) => {
    const [problem] = durationProblems("slo.p99", value);
    expect(problem).toMatchObject({ path: "slo.p99", fix: expect.stringContaining('"150ms"') });
    expect(problem?.reason).toContain(`"${value}"`);
  });

  it("keep to their bounds, both included", () => {
    expect(durationProblems("x", "1s", { min: "1s", max: "1s" })).toEqual([]);
    expect(durationProblems("x", "999ms", { min: "1s" })[0]?.reason).toBe('"999ms" is below 1s.');
    expect(durationProblems("x", "2m", { max: "1m" })[0]?.reason).toBe('"2m" is above 1m.');
  });

  it("do not compile without a unit", () => {
    // @ts-expect-error a number without a unit is not a duration
    const wrong: Duration = "150";
    expect(durationProblems("x", wrong)).toHaveLength(1);
  });
});

describe("percentages", () => {
  it("survive being written and read again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), (milli) => {
        const written = `${milli / 1_000}%` as Percent;
        return percent(ratio(written)) === written;
      }),
    );
  });

  it("do not gain digits", () => {
    expect([ratio("0.1%"), ratio("0.7%"), ratio("29%")]).toEqual([0.001, 0.007, 0.29]);
  });

  it.each(["0.1", "5 %", "0%", "100%", "-1%", "0.1percent"])("refuse %j", (value) => {
    expect(percentProblems("slo.errorRate", value)).toHaveLength(1);
  });
});

describe("amounts of memory", () => {
  it("mean the same in bytes and to Kubernetes", () => {
    expect([byteCount("32GiB"), kubernetesBytes("32GiB")]).toEqual([34_359_738_368, "32Gi"]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), fc.constantFrom("KiB", "MiB", "GiB", "TiB"), (n, unit) => {
        const smaller = { KiB: 1, MiB: 1024, GiB: 1024 ** 2, TiB: 1024 ** 3 }[unit];
        return byteCount(`${n}${unit}` as Bytes) === byteCount("1KiB") * n * smaller;
      }),
    );
  });

  it.each(["32", "32Gi", "32GB", "0GiB"])("refuse %j", (value) => {
    expect(bytesProblems("memory", value)).toHaveLength(1);
  });
});

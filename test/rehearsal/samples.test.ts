import { expect, it } from "vitest";
import { Tallier } from "../../embedded/traffic/tally.ts";
import type { TrafficSample } from "../../embedded/traffic/traffic.ts";
import { samplesOf } from "../../rehearsal/samples.ts";

/** A second in which version 1 answers 90 times in 10 ms, and version 2 ten times in 40 ms, once with a failure. */
function second(number: number): TrafficSample {
  const tally = new Tallier(30);
  for (let n = 0; n < 100; n += 1) {
    tally.send(0);
    const canary = n % 10 === 0;
    tally.answer({
      outcome: n === 0 ? "503" : "ok",
      latencyMs: canary ? 40 : 10,
      version: canary ? "2" : "1",
      score: canary ? 0.25 : 0.125,
    });
  }
  return { ...tally.read(), second: number, inFlight: 0 };
}
const versions = { from: "1", to: "2" };

it("tells the versions apart by requests, failures, latency and score", () => {
  const [sample] = samplesOf([second(0)], versions, () => 10);
  expect(sample).toMatchObject({ atMs: 0, seconds: 1, weight: 10, sent: 100, errors: 1 });
  expect(sample?.stable).toMatchObject({ requests: 90, errors: 0, slow: 0, meanScore: 0.125 });
  expect(sample?.canary).toMatchObject({ requests: 10, errors: 1, slow: 9, meanScore: 0.25 });
  expect(sample?.stable?.p99Ms).toBeCloseTo(10, 1);
  expect(sample?.canary?.p50Ms).toBeCloseTo(40, 1);
});

it("puts the seconds of a long release together, with every request counted once", () => {
  const seconds = Array.from({ length: 2_400 }, (_, index) => second(index));
  const samples = samplesOf(seconds, versions, () => 10);
  expect(samples).toHaveLength(600);
  expect(samples[1]).toMatchObject({ atMs: 4_000, seconds: 4, sent: 400, errors: 4 });
  expect(samples.reduce((sum, { canary }) => sum + (canary?.requests ?? 0), 0)).toBe(24_000);
  expect(samples[1]?.p99Ms).toBeCloseTo(40, 1);
  expect(JSON.stringify(samples, undefined, 2).length).toBeLessThan(500_000);
});

it("says nothing of versions that nobody can tell apart", () => {
  expect(samplesOf([second(0)], { from: "1", to: "1" }, () => 10)[0]).not.toHaveProperty("canary");
});

it("counts a version that has not answered as without requests", () => {
  const [sample] = samplesOf([second(0)], { from: "1", to: "3" }, () => 0);
  expect(sample?.canary).toEqual({ requests: 0, errors: 0, slow: 0, p50Ms: 0, p99Ms: 0 });
});

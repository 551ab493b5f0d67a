import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparedVerdictOf,
  meanTest,
  meanVerdictOf,
  relativeEvidence,
  sequentialTest,
  verdictOf,
  verdicts,
} from "../../../components/model/verdict.ts";

/** θ, r, α, β, then p0, p1, h1, h0, N0, ASN(p0), ASN(p1): computed independently with exact sums. */
const golden = [
  [0.001, 10, 0.01, 0.05, 0.00025574, 0.00255739, 1.9757, 1.2954, 1296, 1697, 1164],
  [0.001, 4, 0.01, 0.05, 0.00046203, 0.00184811, 3.2816, 2.1516, 2152, 3898, 3549],
  [0.001, 2, 0.01, 0.05, 0.00069312, 0.00138624, 6.5633, 4.3031, 4304, 13668, 15586],
  [0.01, 3, 0.01, 0.05, 0.00548759, 0.01646278, 4.1037, 2.6905, 270, 581, 582],
  [0.01, 2, 0.01, 0.05, 0.00692869, 0.01385738, 6.5042, 4.2644, 427, 1353, 1547],
  [0.005, 3, 0.01, 0.05, 0.00274517, 0.00823551, 4.1244, 2.7041, 541, 1169, 1169],
  [0.05, 2, 0.01, 0.05, 0.03458503, 0.06917006, 6.2414, 4.0921, 82, 259, 299],
  [0.001, 10, 0.005, 0.05, 0.00025574, 0.00255739, 2.2765, 1.2976, 1298, 1719, 1347],
  [0.01, 3, 0.005, 0.05, 0.00548759, 0.01646278, 4.7283, 2.695, 270, 589, 674],
  [0.001, 10, 0.001, 0.05, 0.00025574, 0.00255739, 2.9747, 1.2993, 1300, 1740, 1773],
  [0.01, 3, 0.001, 0.05, 0.00548759, 0.01646278, 6.1786, 2.6987, 270, 596, 887],
] as const;

describe("the sequential test of a share", () => {
  it.each(golden)(
    "θ %d, r %d, α %d, β %d has its golden boundaries",
    (theta, r, falseAlarm, miss, p0, p1, h1, h0, n0, asn0, asn1) => {
      const test = sequentialTest(theta, r, { falseAlarm, miss });
      expect(test.p0).toBeCloseTo(p0, 8);
      expect(test.p1).toBeCloseTo(p1, 8);
      expect(test.failIntercept).toBeCloseTo(h1, 4);
      expect(test.passIntercept).toBeCloseTo(h0, 4);
      expect(test.cleanRequests).toBe(n0);
      expect(Math.round(test.expectedHealthy)).toBe(asn0);
      expect(Math.round(test.expectedBad)).toBe(asn1);
    },
  );

  const test = sequentialTest(0.001, 10, { falseAlarm: 0.01, miss: 0.05 });

  it("fails on two errors among the first 24 requests, and not on one", () => {
    expect(verdictOf(test, 2, 24, 0)).toBe(verdicts.fail);
    expect(verdictOf(test, 2, 25, 0)).toBe(verdicts.undecided);
    expect(verdictOf(test, 1, 1, 0)).toBe(verdicts.undecided);
  });

  it("passes on exactly as many clean requests as it says, and only past the minimum", () => {
    expect(verdictOf(test, 0, test.cleanRequests - 1, 0)).toBe(verdicts.undecided);
    expect(verdictOf(test, 0, test.cleanRequests, 0)).toBe(verdicts.pass);
    expect(verdictOf(test, 0, test.cleanRequests, test.cleanRequests + 1)).toBe(verdicts.undecided);
  });

  it("never turns from fail to pass by one more bad request, nor from pass to fail by one more good one", () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50_000), (bad, good) => {
        const now = verdictOf(test, bad, bad + good, 0);
        const worse = verdictOf(test, bad + 1, bad + good + 1, 0);
        const better = verdictOf(test, bad, bad + good + 1, 0);
        return (
          !(now === verdicts.fail && worse === verdicts.pass) && !(now === verdicts.pass && better === verdicts.fail)
        );
      }),
    );
  });

  it("keeps its word in 2,000 simulated canaries looked at after every request", () => {
    const outcome = (share: number, seed: number) => {
      const random = mulberry32(seed);
      for (let total = 1, bad = 0; total < 50_000; total++) {
        if (random() < share) bad++;
        const verdict = verdictOf(test, bad, total, 0);
        if (verdict !== verdicts.undecided) return verdict;
      }
      return verdicts.undecided;
    };
    const seeds = Array.from({ length: 2_000 }, (_, seed) => seed);
    const falseAlarms = seeds.filter((seed) => outcome(test.p0, seed) === verdicts.fail).length;
    const misses = seeds.filter((seed) => outcome(test.p1, seed) === verdicts.pass).length;
    expect(falseAlarms / seeds.length).toBeLessThan(0.015);
    expect(misses / seeds.length).toBeLessThan(0.06);
  });
});

describe("the sequential test of a mean", () => {
  const test = meanTest(0.12, 0.02, { falseAlarm: 0.01, miss: 0.05 });
  const outcome = (mean: number, seed: number) => {
    const random = mulberry32(seed);
    let moments = { count: 0, sum: 0, squares: 0 };
    while (moments.count < 20_000) {
      for (let i = 0; i < 20; i++) {
        const score = Math.min(1, Math.max(0, mean + 0.1 * (random() + random() + random() - 1.5)));
        moments = { count: moments.count + 1, sum: moments.sum + score, squares: moments.squares + score * score };
      }
      const verdict = meanVerdictOf(test, moments, test.minimum);
      if (verdict !== verdicts.undecided) return verdict;
    }
    return verdicts.undecided;
  };

  it("passes the declared mean, fails a mean twice the tolerance away on either side", () => {
    for (let seed = 0; seed < 200; seed++) {
      expect(outcome(0.12, seed)).toBe(verdicts.pass);
      expect(outcome(0.16, seed)).toBe(verdicts.fail);
      expect(outcome(0.08, seed)).toBe(verdicts.fail);
    }
  });

  it("fails fewer than one healthy version in a hundred when skewed scores are looked at one by one", () => {
    const random = mulberry32(7);
    // Standard deviation 0.11 around 0.12, most of it on one side, as fraud scores are.
    const score = () => Math.min(1, -0.12 * Math.log(1 - random()));
    let failed = 0;
    for (let release = 0; release < 2_000; release++) {
      let moments = { count: 0, sum: 0, squares: 0 };
      let verdict: number = verdicts.undecided;
      while (verdict === verdicts.undecided && moments.count < 1_000) {
        const one = score();
        moments = { count: moments.count + 1, sum: moments.sum + one, squares: moments.squares + one * one };
        verdict = meanVerdictOf(test, moments, test.minimum);
      }
      if (verdict === verdicts.fail) failed += 1;
    }
    expect(failed).toBeLessThan(20);
  });

  it("does not pass before the minimum, and stays finite when all scores are equal", () => {
    expect(meanVerdictOf(test, { count: 199, sum: 199 * 0.12, squares: 199 * 0.0144 }, test.minimum)).toBe(
      verdicts.undecided,
    );
    expect(meanVerdictOf(test, { count: 200, sum: 200 * 0.12, squares: 200 * 0.0144 }, test.minimum)).toBe(
      verdicts.pass,
    );
  });
});

describe("a verdict that compares", () => {
  const confidence = { falseAlarm: 0.005, miss: 0.05 };
  const test = sequentialTest(0.01, 3, confidence);
  const verdict = (canary: readonly [number, number], stable: readonly [number, number]) =>
    comparedVerdictOf(
      test,
      3,
      confidence,
      {
        canary: { bad: canary[0], total: canary[1] },
        recently: { canary: { bad: canary[0], total: canary[1] }, stable: { bad: stable[0], total: stable[1] } },
      },
      test.cleanRequests,
    );

  it("fails a canary that is slow alone", () => {
    expect(verdict([20, 100], [0, 1_900])).toBe(verdicts.fail);
  });

  it("passes a canary that is slow because everything is", () => {
    expect(verdict([60, 1_000], [1_140, 19_000])).toBe(verdicts.pass);
  });

  it("passes a canary that meets its objective, however fast the stable version is", () => {
    expect(verdict([0, 1_000], [0, 19_000])).toBe(verdicts.pass);
  });

  it("does not fail what it cannot compare", () => {
    expect(verdict([20, 100], [0, 0])).not.toBe(verdicts.fail);
  });

  it("finds no evidence in equal shares, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.9, noNaN: true }),
        fc.integer({ min: 10, max: 10_000 }),
        fc.integer({ min: 10, max: 100_000 }),
        (share, nc, ns) => relativeEvidence(3, { bad: share * nc, total: nc }, { bad: share * ns, total: ns }) <= 1e-9,
      ),
    );
  });
});

/** A small seeded generator, so that a failure repeats. */
function mulberry32(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import { describe, expect, it } from "vitest";
import { comparedVerdict } from "../../../../components/model/verdict/compared.ts";
import { scoreTest, scoreVerdict } from "../../../../components/model/verdict/score.ts";
import {
  type Interval,
  passLine,
  shareTest,
  shareVerdict,
  verdicts,
} from "../../../../components/model/verdict/share.ts";
import { refusals, scores } from "../../../benchmarks/verdicts/others.ts";
import { releases, type Scenario } from "../../../benchmarks/verdicts/releases.ts";
import { Betting } from "../../../benchmarks/verdicts/rules.ts";

const errors = shareTest(0.001, 10, { falseAlarm: 0.009, miss: 0.01 });
const latency = shareTest(0.01, 3, { falseAlarm: 0.00033, miss: 0.01 });

/** The same releases as `npm run benchmark:verdicts`, fewer of them. */
function simulated(scenario: Partial<Scenario> & Pick<Scenario, "bad">, runs = 100) {
  const whole = { rate: 200, scrape: 15, burst: 1, ...scenario };
  return releases(whole, errors, (clumping) => new Betting(errors, clumping), { runs, seed: 3, patience: 20_000 });
}

/** Two of a hundred: the chance of three at 0.9 % is 6 %, and the seed is the same each time. */
const few = 0.02;

describe("a version that keeps half of its objective is hardly ever rolled back", () => {
  it.each([1, 4, 8])("with failures in bursts of mean %d", (burst) => {
    expect(simulated({ bad: errors.healthy, burst }).aborted).toBeLessThanOrEqual(few);
  });

  it("for one batch of 8 that failed in an otherwise clean release", () => {
    const clean = (bad: number): Interval => ({ canary: { bad, total: 150 }, stable: { bad: 0, total: 2_850 } });
    const intervals = [clean(0), clean(8), ...Array.from({ length: 10 }, () => clean(0))];
    for (let seen = 1; seen <= intervals.length; seen++) {
      const found = { intervals: intervals.slice(0, seen), canary: { bad: 8, total: 150 * seen }, history: [] };
      expect(shareVerdict(errors, found)).toBe(verdicts.undecided);
    }
  });

  it("while malformed requests fail at both versions", () => {
    for (const malformed of [100, 1_000]) {
      expect(simulated({ bad: errors.healthy / 2, malformed }, 50).aborted).toBeLessThanOrEqual(few);
    }
  });

  it("for malformed requests that both versions refuse", () => {
    expect(refusals({ rate: 200, scrape: 15, malformed: 100, ratio: 1 }, 50, 1).aborted).toBeLessThanOrEqual(few);
  });
});

describe("a version that misses its objective", () => {
  it("ten times is rolled back after few failures, however little traffic there is", () => {
    const { aborted, bad, abort } = simulated({ bad: 0.01, rate: 10 });
    expect(aborted).toBe(1);
    expect(bad).toBeLessThan(3.5);
    expect(abort).toBeLessThan(700);
    expect(simulated({ bad: 0.01 }).abort).toBeLessThanOrEqual(60);
  });

  it("twice is hardly ever promoted", () => {
    expect(simulated({ bad: 0.002 }).promoted).toBeLessThanOrEqual(few);
  });

  it("is not excused by a stable version that is a little better and keeps it", () => {
    const intervals = Array.from({ length: 80 }, () => ({
      canary: { bad: 1.65, total: 150 },
      stable: { bad: 1.35, total: 150 },
    }));
    const canary = { bad: 132, total: 12_000 };
    const verdict = comparedVerdict(latency, { intervals, canary, history: [] }, passLine(latency, 1));
    expect(verdict).not.toBe(verdicts.pass);
  });
});

describe("a mean score as declared is not failed", () => {
  const declared = scoreTest(0.12, 0.03, { falseAlarm: 0.001, miss: 0.01 });

  it("for sixty low scores before the first high one", () => {
    for (let count = 1; count <= 60; count++) {
      const squares = count * 1e-6;
      expect(scoreVerdict(declared, { count, sum: count * 1e-3, squares })).not.toBe(verdicts.fail);
    }
  });

  it.each([0.01, 0.02, 0.1])("where a share of %d is high and the rest is nearly nothing", (positives) => {
    const found = scores({ positives, rate: 200, scrape: 15, off: 0 }, 40, 1, 600 * 18);
    expect(found.failed).toBeLessThanOrEqual(few);
    expect(scores({ positives, rate: 200, scrape: 15, off: 3 }, 40, 1, 600 * 18).failed).toBeGreaterThan(0.9);
  });
});

import { describe, expect, it } from "vitest";
import { evidence } from "../../../../components/model/verdict/betting.ts";
import { odds } from "../../../../components/model/verdict/odds.ts";
import { requestsToPass } from "../../../../components/model/verdict/sampleSize.ts";
import { scoreTest, scoreVerdict } from "../../../../components/model/verdict/score.ts";
import { passLine, shareTest, verdicts } from "../../../../components/model/verdict/share.ts";

const test = shareTest(0.001, 10, { falseAlarm: 0.007, miss: 0.01 });

describe("a verdict on a share of bad requests", () => {
  it.each([1, 7])("fails less than one version in a hundred at half of the objective, in bursts of %d", (clumping) => {
    expect(odds(test, 1, { bad: 0.0005, perInterval: 150, clumping }).fail).toBeLessThanOrEqual(0.01);
  });

  it.each([1, 7])("passes about one in a hundred at twice the objective, in bursts of %d", (clumping) => {
    expect(odds(test, 1, { bad: 0.002, perInterval: 150, clumping }).pass).toBeLessThanOrEqual(0.02);
  });

  it("fails a version with ten times the objective within some four hundred requests", () => {
    const { fail, mean } = odds(test, 1, { bad: 0.01, perInterval: 10, clumping: 1 });
    expect(fail).toBe(1);
    expect(mean).toBeLessThan(400);
  });

  it("takes as many requests for a healthy version as is planned", () => {
    const { late } = odds(test, 1, { bad: 0.00025, perInterval: 10, clumping: 1 });
    expect(late / requestsToPass(test, 1)).toBeCloseTo(1, 0);
  });

  it("takes a burst in one interval for little more than one bad request", () => {
    const at = (observed: readonly number[]) =>
      evidence(
        test.bets,
        observed.map((bad) => ({ observed: bad, allowed: 0.005 })),
      );
    expect(at([8])).toBeLessThan(test.fail);
    expect(at([1, 1, 1])).toBeGreaterThan(test.fail);
  });

  it("asks for a tenth of the errors of the last stage where all callers get a tenth of the traffic", () => {
    expect(passLine(test, 1).excluded).toBeCloseTo(0.002, 12);
    expect(passLine(test, 0.1).excluded).toBeCloseTo(0.02, 12);
  });
});

describe("a verdict on the mean score", () => {
  const score = scoreTest(0.12, 0.02, { falseAlarm: 0.001, miss: 0.01 });
  const of = (count: number, mean: number, deviation: number) => ({
    count,
    sum: count * mean,
    squares: count * (mean ** 2 + deviation ** 2),
  });

  it("passes the declared mean and fails one that is off, to either side", () => {
    expect(scoreVerdict(score, of(2_000, 0.12, 0.1))).toBe(verdicts.pass);
    expect(scoreVerdict(score, of(2_000, 0.17, 0.1))).toBe(verdicts.fail);
    expect(scoreVerdict(score, of(2_000, 0.07, 0.1))).toBe(verdicts.fail);
  });

  it("does not fail sixty low scores before the first high one", () => {
    expect(scoreVerdict(score, of(60, 0.001, 0))).toBe(verdicts.undecided);
  });
});

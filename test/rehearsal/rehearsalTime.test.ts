import { expect, it } from "vitest";
import type { Model } from "../../components/model/model.ts";
import { rehearsalTime, timeLeft, timeLine, timeoutOf, timeProblems } from "../../rehearsal/rehearsalTime.ts";
import { local } from "../../stacks/environments/local.ts";

const fraud: Model = local.models.fraud;
const at = (rate: number, faults = "") => rehearsalTime("fraud", fraud, local, { rate, faults });
const minutes = 60_000;

it("gives a healthy version the time that it needs at the rate, and more", () => {
  for (const rate of [5, 20, 50, 200, 500]) {
    const { healthy, timeoutMs } = at(rate);
    expect(healthy?.late).toBeGreaterThan(0);
    expect(timeoutMs).toBeGreaterThan(1_500 * Number(healthy?.late));
  }
  expect(at(200).timeoutMs).toBe(15 * minutes);
  expect(at(5).timeoutMs).toBeGreaterThan(60 * minutes);
});

it("expects a release at 200 requests a second to take the three to five minutes that it takes", () => {
  expect(at(200).healthy?.mean).toBeGreaterThan(120);
  expect(at(200).healthy?.mean).toBeLessThan(300);
});

it("adds the time of a slow start", () => {
  expect(at(200, "slow-start=10m").timeoutMs).toBe(25 * minutes);
});

it("takes the time that a person gives", () => {
  expect(timeoutOf(at(5), "10m")).toBe(10 * minutes);
  expect(timeoutOf(at(200), undefined)).toBe(15 * minutes);
});

it("refuses a rate at which a release takes more than half a working day, unless a time is given", () => {
  expect(timeProblems(at(5), 5, false)).toEqual([]);
  const [problem] = timeProblems(at(1), 1, false);
  expect(problem).toMatchObject({ path: "--rate", reason: expect.stringMatching(/^at 1 requests a second .* \d+h/) });
  const enough = Number(/--rate (\d+)/.exec(problem?.fix ?? "")?.[1]);
  expect(timeProblems(at(enough), enough, false)).toEqual([]);
  expect(timeProblems(at(1), 1, true)).toEqual([]);
});

it("says how long it takes, and when the time given is too short", () => {
  expect(timeLine(at(5), at(5).timeoutMs)).toMatch(
    /^a healthy version takes about .*; ends after \d+h.* at the latest$/,
  );
  expect(timeLine(at(5), 10 * minutes)).toMatch(/; --timeout ends it after 10m, before that$/);
});

it("says what is left: less with each second and each step", () => {
  const time = at(50);
  const left = timeLeft(time);
  const last = time.stepStages.length - 1;
  const texts = [left(0, 0), left(0, 60_000), left(last, 400_000)];
  const seconds = texts.map((text) => {
    const [, value, unit] = /^about (\d+)(s|m|h)/.exec(text) ?? [];
    return Number(value) * { s: 1, m: 60, h: 3_600 }[unit as "s" | "m" | "h"];
  });
  expect(seconds[1]).toBeLessThan(Number(seconds[0]));
  expect(seconds[2]).toBeLessThan(Number(seconds[1]));
  expect(left(last, 9_000_000)).toContain("later than most healthy versions");
});

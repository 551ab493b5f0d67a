import { expect, it } from "vitest";
import { rateProblems, sendingProblems } from "../../rehearsal/rateProblems.ts";

const traffic = { expectedQps: { trough: 100, peak: 1_000 } };

it.each([
  [80, {}, []],
  [81, {}, ["--rate"]],
  [2_000, { rateLimit: "none" }, []],
  [200, { rateLimit: { requestsPerSecond: 249 } }, ["--rate"]],
  [200, { rateLimit: { requestsPerSecond: 250 } }, []],
] as const)(
  "a rehearsal at %d requests a second with %j keeps clear of the limit of one client",
  (rate, limit, paths) => {
    expect(rateProblems(rate, { ...traffic, ...limit }).map(({ path }) => path)).toEqual(paths);
  },
);

it("names a rate and a limit that do", () => {
  const [problem] = rateProblems(100, traffic);
  expect(problem?.fix).toBe("Write 80 or less, or declare a rate limit of 125 in the environment that rehearses.");
  expect(rateProblems(80, traffic)).toEqual([]);
  expect(rateProblems(100, { ...traffic, rateLimit: { requestsPerSecond: 125 } })).toEqual([]);
});

it("does not judge a release by requests that this machine could not send, or sent late", () => {
  const second = { sent: 500, dropped: 0, sendDelayP99Ms: 3 };
  expect(sendingProblems(500, [second, second])).toEqual([]);
  // One busy second is not the machine.
  expect(sendingProblems(500, [second, { ...second, sendDelayP99Ms: 900 }])).toEqual([]);
  expect(sendingProblems(500, [{ ...second, dropped: 200 }, second])[0]?.reason).toContain("200 could not be sent");
  expect(sendingProblems(500, [{ ...second, sendDelayP99Ms: 800 }])[0]?.path).toBe("--rate");
  expect(sendingProblems(500, [])).toEqual([]);
});

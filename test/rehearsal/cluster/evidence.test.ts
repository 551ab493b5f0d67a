import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareEvidence } from "../../../components/model/analysis/evidence.ts";
import { guardMetrics } from "../../../components/model/analysis/metrics.ts";
import { rollback } from "../../../components/model/rollback.ts";
import { passLine, shareQuery, shareTest } from "../../../components/model/verdict/share.ts";
import { concluded, evidenceOf, lasting } from "../../../rehearsal/cluster/evidence.ts";
import { context, sound } from "../../components/model/fixtures.ts";
import { evaluate } from "../../components/model/verdict/promql.ts";
import { failed, now, reading, seriesOf, type World, worlds } from "../../components/model/verdict/world.ts";

const guarded = { ...sound, guards: [rollback({ metric: "http_5xx_rate", threshold: "5%", for: "2m" })] };
const seen = (metric: string) => {
  const found = guardMetrics(guarded, sound.release, context).find(({ name }) => name === metric)?.seen;
  if (found === undefined) throw new Error(`nothing sees ${metric}`);
  return found;
};
const clean = { bad: 0, total: 412, stableBad: 1, stableTotal: 7_900, money: 0.4, clumping: 1 };

describe("errors against their objective", () => {
  it("that fail say how seldom a version that keeps half of the objective does this", () => {
    const { reason, verdict, against, canary, stable } = concluded(
      seen("errors"),
      { ...clean, bad: 3, total: 326, money: 5_012 },
      { metric: "errors", next: 0.2 },
    );
    expect(reason).toBe(
      "3 of 326 requests failed; the objective is 0.1 %; a version that has half of that does this at most once in 5,000 releases (stable version: 1 of 7,900).",
    );
    expect(verdict).toBe("failed");
    expect(against?.evidence).toBe(5_012);
    expect(against?.failsAt).toBeGreaterThan(100);
    expect([canary, stable]).toEqual([
      { bad: 3, total: 326 },
      { bad: 1, total: 7_900 },
    ]);
  });

  it("that fail a release of a hundred hours count how often it looked, an hour at a time", () => {
    const long = { ...sound.release, waits: 360_000 };
    for (const [metric, bad] of [
      ["errors", 3],
      ["client-errors", 80],
    ] as const) {
      const found = guardMetrics(sound, long, context).find(({ name }) => name === metric)?.seen;
      if (found === undefined) throw new Error(`nothing sees ${metric}`);
      const { reason } = concluded(found, { ...clean, bad, total: 326, money: 501_200 }, { metric });
      expect(reason).toContain("at most once in 5,000 releases");
    }
  });

  it("that are undecided say what is missing, and how long that takes at this traffic", () => {
    const { reason, verdict, missing } = concluded(seen("errors"), clean, { metric: "errors", next: 0.2, rate: 20 });
    expect(verdict).toBe("undecided");
    expect(missing?.seconds).toBe(Math.ceil((missing?.requests ?? 0) / 20));
    expect(reason).toMatch(
      /^0 of 412 requests failed; the objective is 0.1 %; [\d,]+ more without one pass, .+ at 20 requests a second\.$/,
    );
  });

  it("pass exactly when what was missing has been answered", () => {
    const { missing } = concluded(seen("errors"), clean, { metric: "errors", next: 0.2 });
    const withMore = (more: number) =>
      concluded(seen("errors"), { ...clean, total: clean.total + more }, { metric: "errors", next: 0.2 }).verdict;
    expect(withMore((missing?.requests ?? 0) - 1)).toBe("undecided");
    expect(withMore(missing?.requests ?? 0)).toBe("passed");
  });

  it("need more requests where the stable version's failures come in bursts, and say so", () => {
    const single = concluded(seen("errors"), clean, { metric: "errors", next: 0.2 });
    const bursts = concluded(seen("errors"), { ...clean, clumping: 4 }, { metric: "errors", next: 0.2 });
    expect(bursts.missing?.requests).toBeGreaterThan(single.missing?.requests ?? 0);
    expect(bursts.reason).toContain("(bad ones of the stable version come 4.0 at a time)");
  });

  it("never pass for the guard, which only says what it sees", () => {
    const { verdict, missing, reason } = concluded(seen("errors"), { ...clean, total: 1e6 }, { metric: "errors" });
    expect([verdict, missing]).toEqual(["undecided", undefined]);
    expect(reason).toBe("0 of 1,000,000 requests failed; the objective is 0.1 % (stable version: 1 of 7,900).");
  });

  it("without a request are no data, and no pass", () => {
    expect(concluded(seen("errors"), { money: undefined }, { metric: "errors", next: 0.2 })).toMatchObject({
      verdict: "noData",
      reason: "No request has been counted yet.",
    });
  });
});

it("latency is told as the share that is slower than the objective", () => {
  const { reason } = concluded(seen("latency"), { ...clean, bad: 40, total: 900, money: 1e9 }, { metric: "latency" });
  expect(reason).toContain("40 of 900 requests were slower than 150ms; the objective is 1 %;");
  expect(reason).toContain("at most once in a million releases");
});

it("refused requests are told beside the stable version's", () => {
  const { reason, verdict } = concluded(
    seen("client-errors"),
    { ...clean, bad: 30, total: 300, stableBad: 20, stableTotal: 6_000, money: 12_345 },
    { metric: "client-errors" },
  );
  expect(verdict).toBe("failed");
  expect(reason).toBe(
    "30 of 300 requests were refused (stable version: 20 of 6,000); a version with 3 times the stable version's share does this at most once in 12,000 releases.",
  );
});

it("the mean score is told with what is declared and how many scores are missing", () => {
  const scores = { count: 120, sum: 14.4, squares: 3 };
  const { reason, verdict, missing } = concluded(seen("prediction-score"), scores, {
    metric: "prediction-score",
    next: 0.2,
    rate: 10,
  });
  expect(verdict).toBe("undecided");
  expect(reason).toMatch(/^The mean of 120 scores is 0.12; declared is 0.12 ± 0.02; about [\d,]+ more are needed/);
  expect(missing?.requests).toBeGreaterThan(0);
  expect(
    concluded(seen("prediction-score"), { count: 4_000, sum: 2_000, squares: 1_100 }, { metric: "prediction-score" }),
  ).toMatchObject({ verdict: "failed" });
});

it("a rollback guard is told by its limit", () => {
  const limit = seen("rollback-http-5xx-rate-5-2m");
  expect(concluded(limit, { bad: 31.6, total: 400.2 }, { metric: "limit" })).toMatchObject({
    verdict: "failed",
    allowed: 0.05,
    reason: "32 of 400 requests failed in the last 2m; the limit is 5%.",
  });
});

it("asks for the parts of the metric alone", async () => {
  const asked: string[] = [];
  await evidenceOf(
    seen("errors"),
    async (query) => {
      asked.push(query);
      return 0;
    },
    { metric: "errors" },
  );
  expect(asked).toHaveLength(7);
  expect(asked.every((query) => query.includes("fraud-{{args."))).toBe(true);
});

it("concludes from the counts what the query of the analysis concludes", async () => {
  const value = (query: string, world: World) => evaluate(query, seriesOf(world), now)[0]?.value;
  const words = ["undecided", "passed", "failed"] as const;
  const concludedSo = new Set<string>();
  await fc.assert(
    fc.asyncProperty(worlds, fc.constantFrom(0.01, 0.05, 0.3), async (world, objective) => {
      const test = shareTest(objective, 10, { falseAlarm: 0.2, miss: 0.2 });
      const next = 1;
      const verdict = value(shareQuery(test, failed, reading, passLine(test, next)), world);
      const found = await evidenceOf(
        shareEvidence("failed", test, failed, reading),
        // How fast requests come is no part of a verdict.
        async (query) => (query.includes("rate(") ? undefined : value(query, world)),
        { metric: "errors", next },
      );
      concludedSo.add(found.verdict);
      expect(found.verdict).toBe(verdict === undefined ? "noData" : words[verdict]);
    }),
    // So that each verdict is among them.
    { numRuns: 40, seed: 1 },
  );
  expect([...concludedSo].sort()).toEqual(["failed", "passed", "undecided"]);
});

it.each([
  [52, "52 s"],
  [150, "3 min"],
  [9_000, "3 h"],
])("%d seconds are %s", (seconds, text) => {
  expect(lasting(seconds)).toBe(text);
});

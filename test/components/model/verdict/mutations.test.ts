import { describe, expect, it } from "vitest";
import { evidence } from "../../../../components/model/verdict/betting.ts";
import { clumping } from "../../../../components/model/verdict/clumping.ts";
import {
  comparedQuery,
  comparedVerdict,
  twiceAsBad,
  worse,
  worseFailQuery,
} from "../../../../components/model/verdict/compared.ts";
import {
  allowedBad,
  passLine,
  shareQuery,
  shareTest,
  shareVerdict,
} from "../../../../components/model/verdict/share.ts";
import { mutations } from "./mutations.ts";
import { type Expression, evaluate, parse } from "./promql.ts";
import { failed, now, reading, seenIn, seriesOf, slow, worldOf } from "./world.ts";

const wide = shareTest(0.02, 10, { falseAlarm: 0.01, miss: 0.01 });

function survivors(
  cases: { query: string; series: ReturnType<typeof seriesOf>; verdict: number }[],
  where: (what: string) => boolean = () => true,
) {
  const parsed = cases.map((one) => ({ ...one, tree: parse(one.query) }));
  const value = (query: Expression, series: ReturnType<typeof seriesOf>) => {
    try {
      return evaluate(query, series, now)[0]?.value;
    } catch {
      return Number.NaN;
    }
  };
  const lists = parsed.map(({ tree }) => mutations(tree).filter(({ what }) => where(what)));
  return (lists[0] ?? []).flatMap(({ what }, index) =>
    parsed.some(({ series, verdict }, at) => value(lists[at]?.[index]?.query as Expression, series) !== verdict)
      ? []
      : [what],
  );
}

describe("one wrong operator, sign, bound or moment in the query", () => {
  it("changes the verdict on failed requests", { timeout: 120_000 }, () => {
    const cases = Array.from({ length: 100 }, (_, seed) => {
      const world = worldOf(seed);
      const { alive, intervals, canary, minutes } = seenIn(world, true);
      if (alive === 0) return undefined;
      const seen = {
        intervals: intervals.filter(({ there }) => there),
        canary,
        history: minutes,
      };
      const money = evidence(
        wide.bets,
        seen.intervals.map((one) => ({ observed: one.canary.bad, allowed: allowedBad(wide.healthy, one) })),
      );
      const more = wide.bets.map((bet) => ({ ...bet, part: (bet.part * 10) / money }));
      const test = { ...wide, bets: more, fail: 10 * (1 + (seed % 4 === 3 ? -1 : 1) * 1e-4) };
      const line = passLine(wide, 0.5);
      const intercept =
        ((line.slope * canary.total - canary.bad) / clumping(minutes)) * (1 + (seed % 2 === 0 ? 1 : -1) * 1e-4);
      const near = { ...line, intercept };
      return {
        query: shareQuery(test, failed, reading, near),
        series: seriesOf(world),
        verdict: shareVerdict(test, seen, near),
      };
    }).filter((one) => one !== undefined);
    expect(survivors(cases)).toEqual([]);
  });

  it("changes the verdict on slow requests, which is compared", { timeout: 120_000 }, () => {
    const cases = Array.from({ length: 240 }, (_, seed) => {
      const world = worldOf(seed);
      const { alive, intervals, canary, minutes: history } = seenIn(world, false);
      const there = intervals.filter((one) => one.there);
      const stable = there.reduce((sum, one) => sum + one.stable.total, 0);
      if (alive === 0 || stable === 0) return undefined;
      const [first, second] = [seed % 2 === 0 ? 1 + 1e-4 : 1 - 1e-4, seed % 4 < 2 ? 1 + 1e-4 : 1 - 1e-4];
      // The stable version misses an objective, keeps it, or is at it.
      const share = there.reduce((sum, one) => sum + one.stable.bad, 0) / stable;
      const objective = [share / 2, share * 2, share * first][seed % 3] ?? share;
      const money = evidence(
        wide.bets,
        there.map((one) => ({ observed: one.canary.bad, allowed: allowedBad(wide.healthy, one) })),
      );
      const more = wide.bets.map((bet) => ({ ...bet, part: (bet.part * 10) / money }));
      const isWorse = worse(1, there);
      const clumps = clumping(history);
      const test = {
        ...wide,
        objective,
        bets: more,
        fail: seed % 3 === 1 ? 10 * first : isWorse > 2.5 ? isWorse * first : 1e6,
        miss: Math.min(0.99, Math.exp((twiceAsBad(there) * second) / clumps)),
      };
      const line = passLine(wide, 0.5);
      const near = { ...line, intercept: ((line.slope * canary.total - canary.bad) / clumps) * second };
      return {
        query: comparedQuery(test, slow, reading, near),
        series: seriesOf(world),
        verdict: comparedVerdict(test, { intervals: there, canary, history }, near),
      };
    }).filter((one) => one !== undefined);
    // Evidence, clumping and how counters are read are in the other queries, too.
    expect(survivors(cases, (what) => !/\/(exp|clamp|sum)[/:]/.test(what))).toEqual([]);
  });

  it("changes the verdict on requests that one version refuses more often than the other", () => {
    const cases = Array.from({ length: 100 }, (_, seed) => {
      const world = worldOf(seed);
      const { alive, intervals } = seenIn(world, true);
      const there = intervals.filter((one) => one.there);
      if (alive === 0) return undefined;
      const money = worse(3, there);
      const bound = money * (1 + (seed % 2 === 0 ? 1 : -1) * 1e-4);
      return {
        query: worseFailQuery(3, 1 / bound, failed, reading),
        series: seriesOf(world),
        verdict: money >= bound ? 2 : 0,
      };
    }).filter((one) => one !== undefined);
    expect(survivors(cases)).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { evidence } from "../../../../components/model/verdict/betting.ts";
import { clumping } from "../../../../components/model/verdict/clumping.ts";
import {
  allowedBad,
  passLine,
  shareQuery,
  shareTest,
  shareVerdict,
} from "../../../../components/model/verdict/share.ts";
import { mutations } from "./mutations.ts";
import { type Expression, evaluate, parse } from "./promql.ts";
import { failed, now, reading, seenIn, seriesOf, worldOf } from "./world.ts";

const wide = shareTest(0.02, 10, { falseAlarm: 0.01, miss: 0.01 });

function survivors(cases: { query: string; series: ReturnType<typeof seriesOf>; verdict: number }[]) {
  const parsed = cases.map((one) => ({ ...one, tree: parse(one.query) }));
  const value = (query: Expression, series: ReturnType<typeof seriesOf>) => {
    try {
      return evaluate(query, series, now)[0]?.value;
    } catch {
      return Number.NaN;
    }
  };
  const lists = parsed.map(({ tree }) => mutations(tree));
  return (lists[0] ?? []).flatMap(({ what }, index) =>
    parsed.some(({ series, verdict }, at) => value(lists[at]?.[index]?.query as Expression, series) !== verdict)
      ? []
      : [what],
  );
}

describe("one wrong operator, sign, bound or moment in the query", () => {
  it("changes the verdict on failed requests", () => {
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
});

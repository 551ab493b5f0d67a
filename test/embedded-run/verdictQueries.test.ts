import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clumpingQuery } from "../../components/model/verdict/clumping.ts";
import { comparedQuery, worseQuery } from "../../components/model/verdict/compared.ts";
import { scoreQuery, scoreTest, scoreTotals } from "../../components/model/verdict/score.ts";
import { canaryEvidence, passLine, shareQuery, shareTest } from "../../components/model/verdict/share.ts";
import { evaluate, type Series } from "../components/model/verdict/promql.ts";
import { counters, seriesOf as scoreSeries } from "../components/model/verdict/scores.ts";
import { failed, now, reading, seriesOf, slow, worldOf } from "../components/model/verdict/world.ts";
import { promtoolPath } from "./promtool.ts";

const directory = mkdtempSync(join(tmpdir(), "serin-verdicts-"));
let promtool: string;

beforeAll(async () => {
  promtool = await promtoolPath();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const test = shareTest(0.02, 10, { falseAlarm: 0.01, miss: 0.01 });
const line = passLine(test, 0.5);
const queries = [
  canaryEvidence(test, failed, reading),
  canaryEvidence(test, slow, reading),
  clumpingQuery(failed.stable, reading),
  clumpingQuery(slow.stable, reading),
  worseQuery(3, slow, reading),
  shareQuery(test, failed, reading, line),
  comparedQuery(test, slow, reading, line),
  comparedQuery(test, slow, reading),
];

const rounded = 1e-6;

/** promtool's clock begins at 0, and pods of the worlds may have begun before that. */
const shift = 120;

const labelsOf = (labels: Series["labels"]) =>
  Object.entries(labels)
    .filter(([name]) => name !== "__name__")
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");

/** A case of `promtool test rules`: a sample a second, `_` where there is none. */
function caseOf(series: readonly Series[], of: readonly string[] = queries) {
  const shifted = series.map(({ labels, samples }) => ({
    labels,
    samples: samples.map(([time, value]) => [time + shift, value] as const),
  }));
  return {
    interval: "1s",
    input_series: shifted.map(({ labels, samples }) => {
      const values = new Map(samples.map(([time, value]) => [time, value === undefined ? "stale" : String(value)]));
      const all = Array.from({ length: now + shift + 1 }, (_, second) => values.get(second) ?? "_");
      return { series: `${labels.__name__}{${labelsOf(labels)}}`, values: all.join(" ") };
    }),
    promql_expr_test: of.map((expr) => ({
      // Sums of floats differ in their last digits with the order of the series.
      expr: `round(${expr}, ${rounded})`,
      eval_time: `${now + shift}s`,
      exp_samples: evaluate(expr, shifted, now + shift).map(({ labels, value }) => ({
        labels: `{${labelsOf(labels)}}`,
        value: Math.round(value / rounded) * rounded,
      })),
    })),
  };
}

function agree(tests: readonly ReturnType<typeof caseOf>[]): void {
  const file = join(directory, "verdicts.json");
  writeFileSync(file, JSON.stringify({ fuzzy_compare: true, evaluation_interval: "5s", tests }));
  expect(execFileSync(promtool, ["test", "rules", file], { encoding: "utf8", stdio: "pipe" })).toContain("SUCCESS");
}

it("Prometheus returns what the evaluator of the tests returns, on the queries of verdicts", () => {
  agree(Array.from({ length: 24 }, (_, seed) => caseOf(seriesOf(worldOf(seed)))));
});

it("and on those of scores that may be negative, with and without a counter for these", () => {
  const score = scoreTest(-0.1, 0.05, { falseAlarm: 0.001, miss: 0.01 }, { min: -1 });
  const asked = [
    ...Object.values(scoreTotals(counters, reading)),
    scoreQuery(score, counters, reading),
    scoreQuery(score, counters, reading, true),
  ];
  const means = [-0.3, -0.12, 0, 0.2];
  agree([
    ...means.map((mean) => {
      const count = 800;
      const scores = { count, sum: mean * count, squares: (mean ** 2 + 0.01) * count, below: 300 };
      return caseOf(scoreSeries(scores), asked);
    }),
    caseOf(scoreSeries({ count: 800, sum: 20, squares: 9 }), asked),
    caseOf([], asked),
  ]);
});

import { describe, expect, it } from "vitest";
import { validateModel } from "../../../../../components/model/modelProblems.ts";
import { type AbTest, abTest, withMatchers } from "../../../../../components/model/strategies/abTest/abTest.ts";
import { canary } from "../../../../../components/model/strategies/canary/canary.ts";
import { sequence } from "../../../../../components/model/strategies/sequence/sequence.ts";
import { strategyOf } from "../../../../../components/model/strategies/strategies.ts";
import { analysesOf, released, rolloutOf } from "../phases/releases.ts";

const metric = { successes: "checkouts_total", trials: "visits_total" };
const tested = (change: Partial<AbTest> = {}) =>
  sequence([canary({ weights: [5, 100] }), abTest({ metric, ...change })]);

describe("an A/B test after a canary", () => {
  it("stays at its weight for the least time, then until a winner shows, then goes on as a canary ends", () => {
    const { steps } = rolloutOf(tested()).canary;
    const first = steps.findIndex(({ setWeight }) => setWeight === 50);
    expect(steps.slice(first, first + 3)).toMatchObject([
      { setWeight: 50 },
      { pause: { duration: 604_800 } },
      { analysis: { templates: [{ templateName: "fraud-ab-test" }] } },
    ]);
    expect(steps.filter(({ setWeight }) => setWeight !== undefined).map(({ setWeight }) => setWeight)).toEqual([
      5, 50, 100,
    ]);
  });

  it("passes for the better version alone, fails for a worse one and for users that are split otherwise", () => {
    const spec = analysesOf(tested()).get("fraud-ab-test")?.spec as unknown as { metrics: object[] } | undefined;
    expect(spec?.metrics).toMatchObject([
      {
        successCondition: "len(result) > 0 && result[0] == 1",
        failureCondition: "len(result) > 0 && result[0] >= 2",
        failureLimit: 0,
        consecutiveSuccessLimit: 1,
        count: 1_000_000,
        inconclusiveLimit: 1_000_000,
      },
    ]);
  });

  it("keeps users on one version from the canary's first weight on", () => {
    const release = tested();
    expect(strategyOf(release).stickyUsers?.(release)).toEqual({ header: "x-user-id" });
    const plain = sequence([canary()]);
    expect(strategyOf(plain).stickyUsers?.(plain)).toBeUndefined();
  });
});

it("an A/B test alone does not give half of the users a version that nothing has judged", () => {
  const paths = (release: AbTest) => validateModel("fraud", released(release)).map(({ path }) => path);
  expect(paths(abTest({ metric }))).toEqual(["release.percent"]);
  expect(paths(abTest({ metric, percent: 20 }))).toEqual([]);
});

it("an A/B test has the problems of its fields, by the path that was typed", () => {
  const paths = (change: Partial<AbTest>) => validateModel("fraud", released(tested(change))).map(({ path }) => path);
  const at = (...names: string[]) => names.map((name) => `release.phases[1].${name}`);
  expect(paths({})).toEqual([]);
  expect(paths({ percent: 0 })).toEqual(at("percent"));
  expect(paths({ percent: 100, user: { header: "X-User" } })).toEqual(at("percent", "user.header"));
  expect(paths({ user: { cookie: "a b" } })).toEqual(at("user.cookie"));
  expect(paths({ metric: { successes: "rate(a[5m])", trials: "sum(b)", versionLabel: "a-b" } })).toEqual(
    at("metric.successes", "metric.trials", "metric.versionLabel"),
  );
  for (const wrong of ["a_total{shop=eu}", 'a_total{shop="eu" place="1"}', 'a_total{="eu"}', 'a_total{shop="e"u"}']) {
    expect(paths({ metric: { ...metric, trials: wrong } }), wrong).toEqual(at("metric.trials"));
  }
  const right = 'a_total{ shop =~ "e|\\"u", place != "" , }';
  expect(paths({ metric: { ...metric, trials: right } })).toEqual([]);
  expect(paths({ shortest: "9s" })).toEqual(at("shortest"));
  expect(paths({ shortest: "24h", longest: "24h" })).toEqual(at("longest"));
  expect(paths({ metricsOutage: "1s" })).toEqual(at("metricsOutage"));
});

it("matchers are added to those that a counter has", () => {
  expect(withMatchers("a_total", 'b="c"')).toBe('a_total{b="c"}');
  expect(withMatchers("a_total{}", 'b="c"')).toBe('a_total{b="c"}');
  expect(withMatchers('a_total{d="e", }', 'b="c"')).toBe('a_total{d="e",b="c"}');
});

import { requestsToPass } from "../../../components/model/verdict/sampleSize.ts";
import { type ShareTest, shareTest } from "../../../components/model/verdict/share.ts";
import { refusals, scores, stochasticOrder } from "./others.ts";
import { type Cell, releases, type Scenario } from "./releases.ts";
import { Absolute, Betting, FixedThreshold, Flagger, MixtureSprt, type Rule, Sprt, singleBet } from "./rules.ts";

const errors = shareTest(0.001, 10, { falseAlarm: 0.009, miss: 0.01 });
const latency = shareTest(0.01, 3, { falseAlarm: 0.00033, miss: 0.01 });

const rules = {
  ships:
    (test: ShareTest) =>
    (clumping: number): Rule =>
      new Betting(test, clumping),
  "objective alone":
    (test: ShareTest) =>
    (clumping: number): Rule =>
      new Absolute(test, clumping),
  "one bet":
    (test: ShareTest) =>
    (clumping: number): Rule =>
      new Betting(singleBet(test), clumping),
  SPRT:
    (test: ShareTest) =>
    (clumping: number): Rule =>
      new Sprt(test, clumping),
  "mixture SPRT":
    (test: ShareTest) =>
    (clumping: number): Rule =>
      new MixtureSprt(test, clumping),
  "fixed threshold": (test: ShareTest) => (): Rule => new FixedThreshold(test.objective),
  Flagger: (test: ShareTest) => (): Rule => new Flagger(test.objective),
} as const;

/** A row of the report and how to find it. */
export interface Job {
  readonly table: string;
  readonly row: readonly string[];
  readonly run: (runs: number) => readonly string[];
}

const parts = [0, 0.25, 0.5, 1, 2] as const;
const rates: readonly [number, number][] = [
  [10, 1],
  [10, 15],
  [50, 1],
  [50, 15],
  [200, 1],
  [200, 15],
];

const percent = (part: number) => (Number.isFinite(part) ? (100 * part).toFixed(1) : "–");
const whole = (value: number) => (Number.isFinite(value) ? value.toFixed(0) : "–");
const one = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : "–");
const outcome = ({ promoted, aborted, waiting }: Cell) => [promoted, aborted, waiting].map(percent).join(" / ");

/** A release waits too long after twenty times what 95 of 100 healthy ones need at the first weight. */
function patience(test: ShareTest, rate: number, burst: number): number {
  return (20 * requestsToPass(test, 1, 2 * burst)) / (rate * 0.05) / 4;
}

function share(name: string, test: ShareTest, extra: Partial<Scenario>, rule: keyof typeof rules, seen = rates): Job[] {
  const table = `${name}: promoted / aborted / waiting in %, at so many times the objective; a healthy promotion; ten times (errors) or three times (latency)`;
  return seen.map(([rate, scrape], index) => ({
    table,
    row: [rule, `${rate}/s`, `${scrape} s`],
    run: (runs) => {
      const cell = (bad: number) => {
        const scenario = { rate, scrape, burst: 1, ...extra, bad };
        const rest = {
          runs,
          seed: 100 * index + Math.round(bad * 1e6),
          patience: patience(test, rate, scenario.burst),
        };
        return releases(scenario, test, rules[rule](test), rest);
      };
      const cells = parts.map((part) => cell(part * test.objective));
      const far = cell((test === errors ? 10 : 3) * test.objective);
      return [
        ...cells.map(outcome),
        `${whole(cells[0]?.promotion ?? Number.NaN)} s`,
        `${whole(far.abort)} s, mean ${whole(far.meanAbort)} s, ${one(far.bad)} bad, ${percent(far.promoted)} % promoted`,
      ];
    },
  }));
}

/** All rows. */
export function jobs(): Job[] {
  const some = rates.filter(([rate, scrape]) => rate !== 50 && scrape === 15);
  return [
    ...share("Errors, one by one", errors, {}, "ships"),
    ...share("Errors in bursts of 4", errors, { burst: 4 }, "ships"),
    ...share("Errors in bursts of 8", errors, { burst: 8 }, "ships"),
    ...share("Errors over a day", errors, { daily: true }, "ships", some),
    ...share("Errors, a pod replaced every 5 minutes", errors, { restarts: 300 }, "ships", some),
    ...(["ships", "objective alone", "fixed threshold", "Flagger"] as const).flatMap((rule) =>
      [20, 100, 1_000].flatMap((malformed) =>
        share(
          `Errors one by one, and ${malformed} malformed requests in a minute that fail at both`,
          errors,
          { malformed },
          rule,
          some,
        ),
      ),
    ),
    ...share("Latency, one by one", latency, {}, "ships", some),
    ...share("Latency in batches of 8", latency, { burst: 8, batch: true }, "ships", some),
    ...(["one bet", "SPRT", "mixture SPRT", "fixed threshold", "Flagger"] as const).flatMap((rule) => [
      ...share("Errors, one by one", errors, {}, rule, some),
      ...share("Errors in bursts of 4", errors, { burst: 4 }, rule, some),
    ]),
    ...[10, 50, 200].flatMap((rate) =>
      (
        [
          [0, 1],
          [100, 1],
          [1_000, 1],
          [0, 10],
          [0, 30],
        ] as const
      ).map(([malformed, ratio]) => ({
        table: "Refused requests (4xx): aborted in %, median; before",
        row: [`${rate}/s`, `${malformed} malformed in a minute to both`, `canary ${ratio} times stable`],
        run: (runs: number) => {
          const found = refusals({ rate, scrape: 15, malformed, ratio }, Math.min(runs, 300), rate + malformed + ratio);
          return [percent(found.aborted), `${whole(found.median)} s`, percent(found.before)];
        },
      })),
    ),
    ...[0.01, 0.02, 0.1].flatMap((positives) =>
      [10, 200].flatMap((rate) =>
        [0, 0.5, 1.5].map((off) => ({
          table: "Score, a few positives at 0.9: passed / failed / waiting in %, median; failed before",
          row: [`${100 * positives} %`, `${rate}/s`, `off by ${off} tolerances`],
          run: (runs: number) => {
            const some = Math.min(runs, 200);
            const found = scores(
              { positives, rate, scrape: 15, off },
              some,
              rate + positives * 1e3 + off,
              (600 * 3_600) / rate,
            );
            return [
              [found.passed, found.failed, found.waiting].map(percent).join(" / "),
              `${whole(found.median)} s`,
              percent(found.before),
            ];
          },
        })),
      ),
    ),
    {
      table:
        "Latency by stochastic order on all buckets (Lindon et al.): requests until a version with 3 % and with 20 % slow fails",
      row: ["against 0.5 % of stable"],
      run: () => [0.03, 0.2].map((slow) => whole(stochasticOrder(slow, 0.005, 0.001, 20, 1))),
    },
  ];
}

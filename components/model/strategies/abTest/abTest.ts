import { type Problem, under } from "../../../core/problem.ts";
import { type Duration, durationProblems, milliseconds } from "../../../core/quantity.ts";
import { withDefaults } from "../../../core/withDefaults.ts";
import type { UserKey } from "../../stickyUsers.ts";
import { type Canary, canary, canaryProblems } from "../canary/canary.ts";

/** What the two versions of an A/B test are compared by: how many trials end well. */
export interface BusinessMetric {
  /**
   * The counter of trials that ended well, as a name in Prometheus with label matchers if needed:
   * `checkouts_total{shop="eu"}`. Count each user once, or once a session: trials are taken to be independent.
   */
  readonly successes: string;
  /** The counter of all trials, written alike. */
  readonly trials: string;
  /**
   * The label of both counters that has the model's version, for counters of an application. It must be on the series
   * of both versions.
   * @default none: the counters are those of the model's own pods
   */
  readonly versionLabel?: string;
}

/**
 * A release that asks which version serves the business better. Each user keeps one version. The new one gets all
 * traffic if it is better; if it is worse, or no winner shows in time, all traffic goes back. Requests without the
 * header or cookie are split by chance.
 */
export interface AbTest {
  readonly kind: "abTest";
  /** Percent of the users on the new version, a whole number from 1 to 99. @default 50, which decides soonest */
  readonly percent: number;
  /** What tells users apart. @default the header `x-user-id` */
  readonly user: UserKey;
  /** What is compared. */
  readonly metric: BusinessMetric;
  /**
   * Least time of the test, "10s" to "30d" in hours ("720h"): whole seconds. Whole weeks see every day of a week.
   * @default "168h", a week
   */
  readonly shortest: Duration;
  /**
   * Longest time from the first trial of the new version, at most "2160h"; Prometheus must keep its data for as long.
   * @default "336h", two weeks
   */
  readonly longest: Duration;
  /**
   * What happens when `longest` is over without a winner: `back` returns all traffic to the stable version, `wait` goes
   * on until a person promotes or aborts the release.
   * @default "back", since nothing shows that the new version is better
   */
  readonly noWinner: "back" | "wait";
  /** Longest outage of Prometheus that does not abort a release. @default "5m" */
  readonly metricsOutage: Duration;
  /**
   * How often a verdict may be wrong, as for a canary. `falseAlarm` is also the chance that one of two equal versions
   * is declared the better one.
   * @default 1 % false alarms, 5 % misses
   */
  readonly confidence: Canary["confidence"];
}

/** An A/B test; see `AbTest` for the fields. */
export function abTest(
  options: Partial<Omit<AbTest, "kind" | "metric">> & { readonly metric: BusinessMetric },
): AbTest {
  const { metricsOutage, confidence } = canary();
  const defaults: Omit<AbTest, "metric"> = {
    kind: "abTest",
    percent: 50,
    user: { header: "x-user-id" },
    shortest: "168h",
    longest: "336h",
    noWinner: "back",
    metricsOutage,
    confidence,
  };
  return withDefaults(defaults, options);
}

/** The canary of one weight that an A/B test is, for its Services, its guard and its last steps. */
export function abCanary({ percent, metricsOutage, confidence }: AbTest): Canary {
  return canary({ weights: [percent, 100], bake: "0s", metricsOutage, confidence });
}

/** Problems of an A/B test, by the path below it. */
export function abTestProblems(declared: AbTest): Problem[] {
  const { percent, user, metric, shortest, longest, metricsOutage, confidence } = declared;
  const problems: Problem[] = [];
  if (!(Number.isInteger(percent) && percent >= 1 && percent <= 99)) {
    problems.push({
      path: "percent",
      reason: `${percent} is not a whole number from 1 to 99.`,
      fix: "Write the percent of users on the new version.",
    });
  }
  const times = [
    ...durationProblems("shortest", shortest, { min: "10s", max: "720h", whole: "1s" }),
    ...durationProblems("longest", longest, { min: "10s", max: "2160h", whole: "1s" }),
  ];
  if (times.length === 0 && milliseconds(longest) <= milliseconds(shortest)) {
    times.push({
      path: "longest",
      reason: `"${longest}" is not above the least time (shortest, ${shortest}).`,
      fix: "Raise longest, or lower shortest.",
    });
  }
  return [
    ...problems,
    ...under("user", userProblems(user)),
    ...under("metric", metricProblems(metric)),
    ...times,
    ...canaryProblems({ ...canary(), metricsOutage, confidence }),
  ];
}

function userProblems(user: UserKey): Problem[] {
  const [path, name] = "header" in user ? (["header", user.header] as const) : (["cookie", user.cookie] as const);
  const isName = path === "header" ? /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/ : /^[A-Za-z0-9_.-]+$/;
  if (isName.test(name)) return [];
  return [
    {
      path,
      reason: `"${name}" is not the name of a ${path}${path === "header" ? " in lower case" : ""}.`,
      fix: path === "header" ? 'Write, for example, "x-user-id".' : 'Write, for example, "session".',
    },
  ];
}

/** A counter's name and, in braces, label matchers, with a comma between two of them. */
const counter = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^{}]*)\})?$/;
const matchers = /^(\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(=|!=|=~|!~)\s*"([^"\\]|\\.)*"\s*(,|$))*\s*$/;

function isCounter(text: string): boolean {
  const found = counter.exec(text);
  return found !== null && matchers.test(found[2] ?? "");
}

function metricProblems(metric: BusinessMetric): Problem[] {
  const problems = (["successes", "trials"] as const).flatMap((key): Problem[] =>
    isCounter(metric[key])
      ? []
      : [
          {
            path: key,
            reason: `"${metric[key]}" is not a counter's name with label matchers.`,
            fix: 'Write, for example, "checkouts_total" or "checkouts_total{shop=\\"eu\\"}"; rates and sums are ours to take.',
          },
        ],
  );
  if (metric.versionLabel !== undefined && !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(metric.versionLabel)) {
    problems.push({
      path: "versionLabel",
      reason: `"${metric.versionLabel}" is not the name of a label.`,
      fix: 'Write, for example, "model_version".',
    });
  }
  return problems;
}

/** A counter with more label matchers. Its text was found to be a counter's before. */
export function withMatchers(text: string, more: string): string {
  const [, name = text, matchers = ""] = counter.exec(text) ?? [];
  return `${name}{${[matchers.replace(/,\s*$/, "").trim(), more].filter((part) => part !== "").join(",")}}`;
}

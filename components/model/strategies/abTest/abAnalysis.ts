import type { CustomResourceSpecs, DeepInput } from "../../../core/customResource.ts";
import { duration, milliseconds, ratio, seconds } from "../../../core/quantity.ts";
import { revisionHashes } from "../../analysis/templates.ts";
import type { ServedModel } from "../../servedModel.ts";
import type { AnalysisContext, ModelName } from "../releaseStrategy.ts";
import { type AbTest, withMatchers } from "./abTest.ts";

/** What the query of an A/B test returns. An AnalysisTemplate takes 1 as successful, 2 and 3 as failed. */
export const abVerdicts = {
  /** Nothing is decided. */
  undecided: 0,
  /** The new version is better. */
  better: 1,
  /** The new version is worse, or the time is over without a winner. */
  back: 2,
  /** The versions do not have the users that they should have, so the comparison says nothing. */
  mismatch: 3,
} as const;

/**
 * The spread of effects that the test looks for, in units of the log odds that a success is the new version's: most
 * powerful for versions that differ by about a tenth. It is as valid for others.
 */
const effect = 0.1;

/**
 * The square of the standard deviations that the new version's part of the trials may be off, for trials in half of
 * the least time: 4.5 of them happen by chance once in 150,000 looks. A part that is off by more has a cause.
 */
const mismatch = 20;

/** Far more looks than any test takes: an analysis that ran out of them would pause the release. */
const looks = 1_000_000;

/** The most points in time that a look goes through. */
const mostPoints = 2_000;

/** Argo Rollouts tries again 10 s after an error of a metric provider. */
const errorRetrySeconds = 10;

/** The analysis of an A/B test, which starts when its least time is over. */
export function abTemplate(
  model: ServedModel,
  declared: AbTest,
  context: AnalysisContext,
): DeepInput<CustomResourceSpecs["AnalysisTemplate"]> {
  const look = lookSeconds(declared, context);
  return {
    args: revisionHashes.map(({ name }) => ({ name })),
    metrics: [
      {
        name: "business-metric",
        interval: duration(1_000 * look),
        initialDelay: duration(1_000 * look),
        count: looks,
        inconclusiveLimit: looks,
        failureLimit: 0,
        consecutiveSuccessLimit: 1,
        consecutiveErrorLimit: Math.ceil(seconds(declared.metricsOutage) / errorRetrySeconds),
        successCondition: `len(result) > 0 && result[0] == ${abVerdicts.better}`,
        failureCondition: `len(result) > 0 && result[0] >= ${abVerdicts.back}`,
        provider: {
          prometheus: { address: context.prometheusAddress, query: abQuery(model, declared, look, context) },
        },
      },
    ],
  };
}

/** Seconds between two looks, which are also those between two points of a query. At least two scrapes. */
export function lookSeconds({ longest }: AbTest, { scrapeInterval }: Pick<AnalysisContext, "scrapeInterval">): number {
  return Math.max(Math.ceil((2 * milliseconds(scrapeInterval)) / 1_000), Math.ceil(seconds(longest) / mostPoints));
}

/**
 * PromQL of the verdict, with `look` seconds between two of its points.
 *
 * In an interval in which the new version had a part π of both versions' trials, equal versions give it the part π of
 * the successes in the mean, whatever the hour, the weight and the rate of successes. The sum Z of what it had more
 * than that is a martingale; given the trials, its part is hypergeometric, which spreads less than a binomial
 * (Hoeffding 1963), so that with S successes exp(θZ − θ²S/8) is a supermartingale for every θ. A normal mixture over θ
 * with standard deviation τ gives (1 + τ²S/4)^-½ · exp(τ²Z² / (2(1 + τ²S/4))). It reaches 1/α for equal versions with a
 * chance of α at most, however often one looks (Ville's inequality); the sign of Z says who is better.
 */
export function abQuery(model: ServedModel, declared: AbTest, look: number, at: ModelName): string {
  const { percent, shortest, longest, noWinner, confidence } = declared;
  const { successes, trials } = selectors(model, declared, at);
  const range = `[${seconds(longest) + 2 * look}s:${look}s]`;
  const gap = Math.ceil(Math.max(300, seconds(declared.metricsOutage) + 2 * look));
  const of = ({ new: first, stable }: ByVersion): ByVersion => ({
    new: newIncrease(first, look, gap),
    stable: increase(stable, look, gap),
  });
  const won = of(successes);
  const tried = of(trials);
  const allSuccesses = `(${won.new} + ${won.stable})`;
  const part = `${tried.new} / clamp_min(${tried.new} + ${tried.stable}, 1)`;
  const both = `(${tried.new} > bool 0) * (${tried.stable} > bool 0)`;
  const ahead = `sum_over_time((${both} * (${won.new} - ${allSuccesses} * ${part}))${range})`;
  const spread = `(1 + ${decimal(effect ** 2 / 4)} * sum_over_time((${both} * ${allSuccesses})${range}))`;
  const evidence = `(${decimal(effect ** 2 / 2)} * (${ahead}) ^ 2 / ${spread} - 0.5 * ln(${spread}))`;
  const decided = `(${evidence} >= bool ${decimal(-Math.log(ratio(confidence.falseAlarm)))})`;
  const worse = `${abVerdicts.back} * ${decided} * (${ahead} < bool 0)`;
  const better = `${abVerdicts.better} * ${decided} * (${ahead} > bool 0)`;
  // From the first trial of the new version on, its counter has a value at each point.
  const over = `(sum_over_time((0 * sum(${trials.new}) + 1)${range}) >= bool ${Math.floor(seconds(longest) / look)})`;
  const late = noWinner === "back" ? ` + ${abVerdicts.back} * (1 - ${decided}) * ${over}` : "";
  const share = decimal(percent / 100);
  // The second half of the least time: in the first, the weight is still on its way to the gateways.
  const half = `[${Math.max(look, Math.ceil(seconds(shortest) / 2))}s:${look}s]`;
  // Not from the gain itself: where few users come, an interval without one of the stable version counts, too.
  const known = `(0 * sum(${before(trials.stable, look, gap)}) + 1 or vector(0))`;
  const first = `sum_over_time((${known} * ${tried.new})${half})`;
  const counted = `(${first} + sum_over_time((${tried.stable})${half}))`;
  const off = `(${first} - ${share} * ${counted}) ^ 2`;
  const bound = `${decimal((mismatch * percent * (100 - percent)) / 10_000)} * ${counted}`;
  const mismatched = `(${off} > bool ${bound})`;
  return `${abVerdicts.mismatch} * ${mismatched}\n+ (1 - ${mismatched}) * (${worse} + ${better}${late})`;
}

/** The last samples before the last `look` seconds, at most `gap` seconds older. */
function before(series: string, look: number, gap: number): string {
  return `last_over_time(${series}[${gap}s] offset ${look}s)`;
}

/**
 * What a counter of the stable version gained in the last `look` seconds: of each of its series by itself, since a pod
 * that ends takes all that it has counted with it. 0 where the value before is not known, as after an outage of
 * Prometheus: such an interval is not counted.
 */
function increase(series: string, look: number, gap: number): string {
  const now = `last_over_time(${series}[${look}s])`;
  return `(sum(clamp_min(${now} - ${before(series, look, gap)}, 0)) or vector(0))`;
}

/** The same of the new version, whose pods are new: a counter that was not there before began at 0. */
function newIncrease(series: string, look: number, gap: number): string {
  const now = `last_over_time(${series}[${look}s])`;
  return `(sum(clamp_min(${now} - (${before(series, look, gap)} or 0 * ${now}), 0)) or vector(0))`;
}

interface ByVersion {
  readonly new: string;
  readonly stable: string;
}

function selectors(
  { version }: ServedModel,
  { metric }: AbTest,
  { name, namespace }: ModelName,
): { readonly successes: ByVersion; readonly trials: ByVersion } {
  const { successes, trials, versionLabel } = metric;
  const pods = (hash: string) => `namespace="${namespace}",pod=~"${name}-{{args.${hash}}}-.+"`;
  const matchers: ByVersion =
    versionLabel === undefined
      ? { new: pods("canary-hash"), stable: pods("stable-hash") }
      : // While a release is under way there are two versions. Which one is stable is known to the controller alone.
        { new: `${versionLabel}="${version}"`, stable: `${versionLabel}!="",${versionLabel}!="${version}"` };
  const of = (counter: string): ByVersion => ({
    new: withMatchers(counter, matchers.new),
    stable: withMatchers(counter, matchers.stable),
  });
  return { successes: of(successes), trials: of(trials) };
}

/** Without an exponent, since people read the queries too. */
function decimal(value: number): string {
  return String(Number(value.toFixed(8)));
}

import type { Counter, RequestCounters } from "./counter.ts";

/** How the queries read counters over time, in seconds. */
export interface Readings {
  /**
   * The interval that is one observation: whole seconds, a multiple of the scrape interval. Bad requests within it may
   * depend on each other in any way.
   */
  readonly interval: number;
  /**
   * How far back observations reach; what lies further back is forgotten. Longer than a release that waits for nothing
   * but its tests. One that waits longer has one such span after the other: with a longer span, a version that becomes
   * bad after a long good time would be found later.
   */
  readonly range: number;
  /**
   * Interval and range of what is counted over the whole release, its waits included: of a long one in longer
   * intervals.
   */
  readonly whole: { readonly interval: number; readonly range: number };
  /**
   * The longest gap between two samples of a series after which the count goes on where it was. After a longer one the
   * series counts as new, so it must be at least as long as an outage of Prometheus that a release survives.
   */
  readonly gap: number;
  /** How far back the stable version's history reaches from which one sees how bad requests come together. */
  readonly history: number;
  /**
   * Bad requests of the history within so many seconds may belong together: a minute, rounded up to a multiple of the
   * scrape interval, since one that is none would have now one scrape in it and now two.
   */
  readonly minute: number;
  /** A pod is there while its newest sample is younger than this: some scrapes, since one may be missing. */
  readonly alive: number;
}

/** Fewer observations would be lost to jitter of scrapes; with scrapes each second a burst may last a few of them. */
const leastInterval = 5;
/** A subquery of 1,500 steps over some ten series takes Prometheus about 50 ms. */
const mostObservations = 1_500;

/**
 * How counters are read that are scraped every `scrape` seconds, in a release whose tests may take `release` seconds
 * and that waits `waits` seconds beside them, where Prometheus may be away for `outage` seconds.
 */
export function readings(scrape: number, release: number, outage: number, waits = 0): Readings {
  const range = Math.ceil(Math.max(3_600, release) / 60) * 60;
  const all = waits <= range ? range : range + Math.ceil(waits / 60) * 60;
  const every = (observed: number) => {
    const scrapes = Math.ceil(Math.max(leastInterval, observed / mostObservations, 1) / scrape);
    return Math.ceil(scrapes * scrape);
  };
  const interval = every(range);
  const whole = { interval: every(all), range: all };
  return {
    interval,
    range,
    whole,
    gap: Math.ceil(Math.max(300, outage + 2 * whole.interval)),
    // With fewer hours a model of 10 requests a second has shown too few bursts to tell how large they are.
    history: 24 * 3_600,
    minute: Math.ceil(Math.ceil(60 / scrape) * scrape),
    alive: Math.ceil(Math.max(3 * scrape, 10)),
  };
}

/** A number as people read it: 8 significant digits, no exponent. */
export function decimal(value: number): string {
  const rounded = Number(value.toPrecision(8));
  if (rounded === 0 || !Number.isFinite(rounded)) return String(rounded);
  const digits = Math.max(0, 8 - 1 - Math.floor(Math.log10(Math.abs(rounded))));
  const text = rounded.toFixed(Math.min(digits, 100));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** The last sample before the interval that ends now, also when a scrape was missed. */
function before(series: string, { gap, interval }: Readings, intervals = 1): string {
  return `last_over_time(${series}[${gap}s] offset ${intervals * interval}s)`;
}

/** The version's pods that are there at the time of the evaluation: a retry is not judged by the pods before it. */
function pods(counters: RequestCounters, { alive }: Readings): string {
  return `last_over_time(${presence(counters)}[${alive}s] @ end())`;
}

function presence({ present, total }: RequestCounters): string {
  return present ?? String(total.pods[0]);
}

function added(terms: readonly string[]): string {
  return terms.length === 1 ? String(terms[0]) : `(${terms.join(" + ")})`;
}

/** The last sample of the interval that ends now; none where its scrapes were missed. */
function newest(series: string, { interval }: Readings): string {
  return `last_over_time(${series}[${interval}s])`;
}

/**
 * What a series gained in the interval. A series without a sample before began at 0, if `known` is there or not given.
 * One that fell began anew: what it gained in that interval is left out.
 */
function gain(series: string, reading: Readings, known?: string): string {
  const now = newest(series, reading);
  const began = known === undefined ? `${now} * 0` : `(${now} * 0 and on(pod) ${known})`;
  return `clamp_min(${now} - (${before(series, reading)} or ${began}), 0)`;
}

/**
 * The sum of a counter's terms, each by `sum`. One without a series adds 0, but for a difference: without its parts
 * there is no data.
 */
export function sumOf({ pods, less }: Counter, sum: (series: string) => string): string {
  if (less === undefined) return added(pods.map((series) => `(${sum(series)} or vector(0))`));
  return `(${[pods.map(sum).join(" + "), ...less.map(sum)].join(" - ")})`;
}

/**
 * PromQL of what the counter gained in the interval that ends now, on the canary's pods and for them at the gateway; 0
 * while there is no series.
 */
export function canaryGain(counter: Counter, canary: RequestCounters, reading: Readings): string {
  const those = pods(canary, reading);
  const atPods = sumOf(counter, (series) => `sum(${gain(series, reading)} and on(pod) ${those})`);
  return added([atPods, ...gatewayGain(counter, canary, reading)]);
}

/** Only while one of the canary's pods is there, and only between two samples: these counters are older than it. */
function gatewayGain({ gateway = [] }: Counter, canary: RequestCounters, reading: Readings): string[] {
  return gateway.length === 0 ? [] : [whileCanary(added(atGateway({ gateway }, reading)), canary, reading)];
}

function atGateway({ gateway = [] }: Pick<Counter, "gateway">, reading: Readings): string[] {
  return gateway.map(
    (series) => `(sum(clamp_min(${newest(series, reading)} - ${before(series, reading)}, 0)) or vector(0))`,
  );
}

/** PromQL of all requests that the canary's pods answered in the interval that ends now; no series without a pod. */
export function canaryRequests(canary: RequestCounters, reading: Readings): string {
  const those = pods(canary, reading);
  return added(canary.total.pods.map((series) => `sum(${gain(series, reading)} and on(pod) ${those})`));
}

/**
 * PromQL of what the counter gained on the stable version's pods in the interval that ends now, and for them at the
 * gateway. Pods and series of it are older than the release, so the first sample of a pod only begins its count.
 */
export function stableGain(counter: Counter, stable: RequestCounters, reading: Readings): string {
  const atPods = sumOf(counter, (series) => knownGain(series, stable, reading));
  return added([atPods, ...atGateway(counter, reading)]);
}

function knownGain(series: string, stable: RequestCounters, reading: Readings): string {
  const known = before(String(stable.total.pods[0]), reading);
  return `sum(${gain(series, reading, known)})`;
}

/** PromQL of all requests that the stable version's pods answered in the interval that ends now. */
export function stableRequests(stable: RequestCounters, reading: Readings): string {
  return added(stable.total.pods.map((series) => knownGain(series, stable, reading)));
}

/** PromQL of the counter on the canary's pods since they started; 0 while there is no series. */
export function canaryTotal(counter: Counter, canary: RequestCounters, reading: Readings): string {
  const atPods = sumOf(counter, (series) => `sum(last_over_time(${series}[${reading.alive}s]))`);
  const whole = { ...reading, ...reading.whole };
  const gateway = gatewayGain(counter, canary, whole);
  return added([atPods, ...gateway.map((gained) => `sum_over_time(${over(gained, whole)})`)]);
}

/** PromQL of all requests that the canary's pods answered since they started; no series without a pod. */
export function canaryTotalRequests(canary: RequestCounters, { alive }: Readings): string {
  return added(canary.total.pods.map((series) => `sum(last_over_time(${series}[${alive}s]))`));
}

/** PromQL of an expression only in intervals at whose end one of the canary's pods is there. */
export function whileCanary(expression: string, canary: RequestCounters, reading: Readings): string {
  const there = `last_over_time(${presence(canary)}[${reading.alive}s])`;
  return `(${expression} and on() (${there} and on(pod) ${pods(canary, reading)}))`;
}

/** PromQL of an expression at the end of each interval. */
export function over(expression: string, { range, interval }: Readings): string {
  return `(${expression})[${range}s:${interval}s]`;
}

/**
 * What a verdict counts, as PromQL vector selectors: a metric name and matchers, without a function, range or offset.
 * The queries need the selectors themselves, because they read them at several moments.
 */
export interface Counter {
  /**
   * Counters of a version's own pods, which start at 0 with the pod. Their sum over all series is the count; no series
   * may match two of them. Each series has the label `pod`. None of them has a series while nothing has been counted.
   */
  readonly pods: readonly string[];
  /**
   * Counters of the same pods that are subtracted. Slow requests are a histogram's `_count` less its bucket at the
   * objective. Without a series there is no data: a histogram without that edge says nothing.
   */
  readonly less?: readonly string[];
  /**
   * Counters of others than the version's pods, such as the gateway's for a subset. They outlive a release, so only
   * what they gain while pods of the version are there is counted, from the second sample of a series on.
   */
  readonly gateway?: readonly string[];
}

/** Requests of one version. */
export interface RequestCounters {
  /** Requests that miss the objective: that failed, or that were too slow. */
  readonly bad: Counter;
  /** All requests that the version's pods answered. */
  readonly total: Counter;
  /**
   * A selector of series, one a pod, that are there while the pod is: a pod that no request reaches has counted none.
   * @default the first selector of `total`
   */
  readonly present?: string;
}

/**
 * The prediction scores of one version's pods: their number, sum and sum of squares. A counter may not fall, so scores
 * below 0 have a sum of their own.
 */
export interface ScoreCounters {
  /** How many scores. Its first selector also says which pods there are. */
  readonly count: Counter;
  /** The sum of the scores above 0. */
  readonly sum: Counter;
  /**
   * The sum of the scores below 0, without its sign. Without a series there are none: models that count in one sum have
   * only scores of at least 0.
   */
  readonly negativeSum: Counter;
  /** The sum of their squares. */
  readonly squares: Counter;
}

/** The versions that a verdict looks at. */
export interface JudgedRequests {
  /** The new version's requests. */
  readonly canary: RequestCounters;
  /** The stable version's requests, for what is compared over the same span. */
  readonly stable: RequestCounters;
}

/** A share with what it may be: bounds from 0 to 1. */
export interface ShareInterval {
  /** The lower bound. */
  readonly low: number;
  /** The upper bound. */
  readonly high: number;
}

/**
 * The interval of Clopper and Pearson for a share of which `hits` of `trials` were seen: whatever the true share is, at
 * least `confidence` of such intervals have it. It is exact for few trials, and rather too wide than too narrow.
 */
export function shareInterval(hits: number, trials: number, confidence = 0.95): ShareInterval {
  const tail = (1 - confidence) / 2;
  return {
    low: hits === 0 ? 0 : root((share) => 1 - atMost(hits - 1, trials, share) - tail),
    high: hits === trials ? 1 : root((share) => tail - atMost(hits, trials, share)),
  };
}

/** The chance of at most so many hits. */
function atMost(hits: number, trials: number, share: number): number {
  let term = (1 - share) ** trials;
  let sum = term;
  for (let n = 1; n <= hits; n += 1) {
    term *= ((trials - n + 1) / n) * (share / (1 - share));
    sum += term;
  }
  return sum;
}

/** Where a function that rises from 0 to 1 is 0. */
function root(value: (share: number) => number): number {
  let [low, high] = [0, 1];
  for (let n = 0; n < 60; n += 1) {
    const middle = (low + high) / 2;
    if (value(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

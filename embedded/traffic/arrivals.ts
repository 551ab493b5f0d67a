/** A generator of numbers in [0, 1), the same for the same seed, so that a rehearsal can be repeated (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal number from two uniform ones (Box-Muller transform). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `poisson`: random intervals, as many independent callers make them. `even`: one request every 1/rate seconds. */
export type Spacing = "poisson" | "even";

/**
 * The times at which requests are due, in milliseconds from the start, without an end. `rate` is in requests per
 * second, above 0.
 */
export function* arrivals(rate: number, spacing: Spacing, random: () => number): Generator<number, never> {
  const meanGap = 1_000 / rate;
  let due = 0;
  for (let n = 0; ; n += 1) {
    due = spacing === "even" ? n * meanGap : due - meanGap * Math.log(1 - random());
    yield due;
  }
}

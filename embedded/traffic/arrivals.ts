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

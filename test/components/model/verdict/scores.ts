import type { Scores } from "../../../../components/model/verdict/score.ts";
import { now } from "./world.ts";

/** The counters of scores that the tests' series have. */
export const counters = {
  count: { pods: ["score_count"] },
  sum: { pods: ["score_sum"] },
  negativeSum: { pods: ["score_negative_sum"] },
  squares: { pods: ["score_squares"] },
};

/**
 * Scores of two pods, as Prometheus has them. `below` is the sum of those below 0 without its sign; undefined: the model
 * has no counter for them.
 */
export function seriesOf({ count, sum, squares, below }: Scores<number> & { readonly below?: number | undefined }) {
  const negative = below === undefined ? {} : { score_negative_sum: below };
  const counted = { score_count: count, score_sum: sum + (below ?? 0), score_squares: squares, ...negative };
  return Object.entries(counted).flatMap(([name, value]) =>
    ["a", "b"].map((pod) => ({
      labels: { __name__: name, pod },
      samples: [[now - 5, value * (pod === "a" ? 0.25 : 0.75)]] as [number, number][],
    })),
  );
}

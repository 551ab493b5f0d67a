import { phasedStrategy, placed } from "../phases/phasedStrategy.ts";
import type { AbTest } from "./abTest.ts";
import { abTestPhase } from "./abTestPhase.ts";

/** An A/B test by itself. A canary before it, in a sequence, finds a bad version with fewer users. */
export const abTestStrategy = phasedStrategy<AbTest>(
  (release) => [placed(abTestPhase, release)],
  ({ percent }) =>
    percent >= 50
      ? [
          {
            path: "percent",
            reason: `${percent} is not below 50, so half of the users would meet the version before any analysis.`,
            fix: "Put a canary before it: sequence([canary({ weights: [5, 20, 100] }), abTest(...)]); or lower percent.",
          },
        ]
      : [],
);

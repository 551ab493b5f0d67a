import type { ReleaseStrategy } from "../../../../../components/model/strategies/releaseStrategy.ts";

/** A release without a test: every pod is replaced at once. */
export interface AllAtOnce {
  readonly kind: "allAtOnce";
  /** Seconds until the old pods go. */
  readonly delay: number;
}

/** The whole of a further strategy, as the rest of the program sees it. */
export const allAtOnceStrategy: ReleaseStrategy<AllAtOnce> = {
  problems: ({ delay }) => (delay >= 0 ? [] : [{ path: "delay", reason: `${delay} is below 0.` }]),
  analyses: () => [],
  rollout: (_model, { delay }, { name }) => ({ blueGreen: { activeService: name, scaleDownDelaySeconds: delay } }),
  progress: {
    owns: (strategy) => "blueGreen" in strategy,
    stepWeights: () => [100],
    counters: () => ({ requests: "vector(0)", errors: "vector(0)", slow: "vector(0)" }),
  },
  sentence: (_model, { delay }) => `all at once; the old pods go after ${delay} s`,
};

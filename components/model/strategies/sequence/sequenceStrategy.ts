import { type PlacedPhase, phasedStrategy } from "../phases/phasedStrategy.ts";
import { phases } from "./phases.ts";
import { orderProblems, type Sequence } from "./sequence.ts";

/** Phases one after the other, in one Rollout. */
export const sequenceStrategy = phasedStrategy<Sequence>(
  (release) =>
    release.phases.flatMap((declared, index): PlacedPhase[] => {
      const phase = phases[declared.kind];
      // An unknown kind has a problem of its own.
      return phase === undefined ? [] : [{ phase, declared, path: `phases[${index}]` }];
    }),
  orderProblems,
);

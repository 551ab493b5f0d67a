import { canary } from "../canary/canary.ts";
import { canaryPhase } from "../canary/canaryPhase.ts";
import { phasedStrategy, placed } from "../phases/phasedStrategy.ts";
import type { Shadow } from "./shadow.ts";
import { shadowPhase } from "./shadowPhase.ts";

/** A shadow that is the whole release: the default canary follows it. */
export const shadowStrategy = phasedStrategy<Shadow>((release) => [
  placed(shadowPhase, release),
  placed(canaryPhase, canary()),
]);

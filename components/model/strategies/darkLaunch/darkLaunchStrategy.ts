import { canary } from "../canary/canary.ts";
import { canaryPhase } from "../canary/canaryPhase.ts";
import { phasedStrategy, placed } from "../phases/phasedStrategy.ts";
import type { DarkLaunch } from "./darkLaunch.ts";
import { darkLaunchPhase } from "./darkLaunchPhase.ts";

/** A dark launch that is the whole release: the default canary follows it. */
export const darkLaunchStrategy = phasedStrategy<DarkLaunch>((release) => [
  placed(darkLaunchPhase, release),
  placed(canaryPhase, canary()),
]);

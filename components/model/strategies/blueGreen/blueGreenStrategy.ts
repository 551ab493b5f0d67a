import { phasedStrategy, placed } from "../phases/phasedStrategy.ts";
import type { BlueGreen } from "./blueGreen.ts";
import { blueGreenPhase } from "./blueGreenPhase.ts";

/** A blue-green release by itself. */
export const blueGreenStrategy = phasedStrategy<BlueGreen>((release) => [placed(blueGreenPhase, release)]);

import { abTestPhase } from "../abTest/abTestPhase.ts";
import { blueGreenPhase } from "../blueGreen/blueGreenPhase.ts";
import { canaryPhase } from "../canary/canaryPhase.ts";
import { darkLaunchPhase } from "../darkLaunch/darkLaunchPhase.ts";
import type { ReleasePhase } from "../phases/releasePhase.ts";
import { shadowPhase } from "../shadow/shadowPhase.ts";

/** Every phase that a sequence may have, by the `kind` it is declared with. */
const shipped = {
  abTest: abTestPhase,
  blueGreen: blueGreenPhase,
  canary: canaryPhase,
  darkLaunch: darkLaunchPhase,
  shadow: shadowPhase,
};

type DeclaredBy<One> = One extends ReleasePhase<infer Declared> ? Declared : never;

/** A phase as a sequence declares it, told apart by `kind`. */
export type Phase = DeclaredBy<(typeof shipped)[keyof typeof shipped]>;

/** The record that sequences look phases up in. */
export const phases: Readonly<Record<string, ReleasePhase>> = shipped;

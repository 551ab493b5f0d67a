import { canaryPhase } from "../canary/canaryPhase.ts";
import { darkLaunchPhase } from "../darkLaunch/darkLaunchPhase.ts";
import type { ReleasePhase } from "../phases/releasePhase.ts";

/** Every phase that a sequence may have, by the `kind` it is declared with. */
const shipped = { canary: canaryPhase, darkLaunch: darkLaunchPhase };

type DeclaredBy<One> = One extends ReleasePhase<infer Declared> ? Declared : never;

/** A phase as a sequence declares it, told apart by `kind`. */
export type Phase = DeclaredBy<(typeof shipped)[keyof typeof shipped]>;

/** The record that sequences look phases up in. */
export const phases: Readonly<Record<string, ReleasePhase>> = shipped;

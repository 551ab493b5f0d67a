import { abTestStrategy } from "./abTest/abTestStrategy.ts";
import { blueGreenStrategy } from "./blueGreen/blueGreenStrategy.ts";
import { canaryStrategy } from "./canary/canaryStrategy.ts";
import { darkLaunchStrategy } from "./darkLaunch/darkLaunchStrategy.ts";
import type { DeclaredRelease, FoundStrategy, ReleaseStrategy } from "./releaseStrategy.ts";
import { sequenceStrategy } from "./sequence/sequenceStrategy.ts";
import { shadowStrategy } from "./shadow/shadowStrategy.ts";

/** Every release strategy, by the `kind` of its releases: a folder and a line here. */
const shipped = {
  abTest: abTestStrategy,
  blueGreen: blueGreenStrategy,
  canary: canaryStrategy,
  darkLaunch: darkLaunchStrategy,
  sequence: sequenceStrategy,
  shadow: shadowStrategy,
};

type ReleaseOf<Strategy> = Strategy extends ReleaseStrategy<infer Release> ? Release : never;

/** A release as a model declares it, told apart by `kind`. */
export type Release = ReleaseOf<(typeof shipped)[keyof typeof shipped]>;

/**
 * The record that everything looks strategies up in. A program may add a strategy of its own before it declares a
 * model.
 */
export const strategies: Record<string, ReleaseStrategy> = shipped;

/** The strategy of a declared release. Its `kind` was found to be a known one before. */
export function strategyOf<Declared extends DeclaredRelease>({ kind }: Declared): ReleaseStrategy<Declared> {
  const strategy = Object.hasOwn(strategies, kind) ? strategies[kind] : undefined;
  if (strategy === undefined) throw new Error(`There is no release strategy "${kind}".`);
  return strategy;
}

/** Whether the controller adds routes to a release: gRPC requests then have a release VirtualService of their own. */
export function hasManagedRoutes(release: DeclaredRelease): boolean {
  return (strategyOf(release).managedRoutes?.(release) ?? []).length > 0;
}

/**
 * The percent of traffic on the new version during each step of a Rollout in a cluster. None where no strategy of ours
 * made it.
 */
export function stepWeightsOf(strategy: FoundStrategy): number[] {
  return (
    Object.values(strategies)
      .find(({ progress }) => progress.owns(strategy))
      ?.progress.stepWeights(strategy) ?? []
  );
}

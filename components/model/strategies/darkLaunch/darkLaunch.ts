import type { Duration } from "../../../core/quantity.ts";
import { withDefaults } from "../../../core/withDefaults.ts";
import { type Cohort, internalTesters } from "../phases/cohort.ts";

/**
 * A release whose version first answers only requests with a header: testers, and synthetic requests that send it.
 * Alone it is followed by the default canary; `sequence` says what follows instead.
 */
export interface DarkLaunch {
  readonly kind: "darkLaunch";
  /**
   * The requests that reach the new version, until the release ends.
   * @default the header `x-user-group: internal-testers`
   */
  readonly cohort: Cohort;
  /** Pods of the new version while only the cohort reaches it, at least 1. @default 1, since a cohort is small */
  readonly pods: number;
  /** Least time for the cohort: whole seconds, at most "24h". @default "10m", in which a person can try a version */
  readonly lasts: Duration;
  /**
   * Least number of requests that the new version must have answered before the release goes on; it waits for them. 0:
   * the time alone counts. @default 20, so that a version nobody tried does not go on
   */
  readonly requests: number;
  /**
   * What ends the dark launch: `automatic` by time and requests, `manual` by a person who promotes the release.
   * @default "automatic"
   */
  readonly gate: "automatic" | "manual";
}

/** A dark launch; see `DarkLaunch` for the fields. */
export function darkLaunch(options: Partial<Omit<DarkLaunch, "kind">> = {}): DarkLaunch {
  const defaults: DarkLaunch = {
    kind: "darkLaunch",
    cohort: internalTesters,
    pods: 1,
    lasts: "10m",
    requests: 20,
    gate: "automatic",
  };
  return withDefaults(defaults, options);
}

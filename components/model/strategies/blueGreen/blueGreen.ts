import type { Duration } from "../../../core/quantity.ts";
import { withDefaults } from "../../../core/withDefaults.ts";
import { type Canary, canary } from "../canary/canary.ts";
import { type Cohort, internalTesters } from "../phases/cohort.ts";

/**
 * A release that switches all traffic at once: the new version stands beside the old one and is tried through a header,
 * then gets all requests, and the old pods are kept so that going back needs no pod to start.
 */
export interface BlueGreen {
  readonly kind: "blueGreen";
  /**
   * The requests that reach the new version before the switch.
   * @default the header `x-user-group: internal-testers`
   */
  readonly preview: Cohort;
  /**
   * Pods of the new version before the switch, at least 1; all of them stand before the switch itself. After a phase
   * that gave the version a weight, at least the pods of that weight.
   * @default as many as the model has, so that the switch waits for none
   */
  readonly previewPods?: number;
  /** Least time before the switch: whole seconds, at most "24h". @default "10m" */
  readonly lasts: Duration;
  /**
   * Least number of requests that the new version must have answered before the switch; it waits for them. 0: the time
   * alone counts. @default 20, so that a version nobody tried does not get all traffic
   */
  readonly requests: number;
  /**
   * What switches: `automatic` by time and requests, `manual` by a person who promotes the release.
   * @default "automatic"
   */
  readonly gate: "automatic" | "manual";
  /**
   * Least time with all traffic before the analysis that decides: whole seconds, at most "24h". The old pods stand by,
   * and get all traffic back at once if it fails.
   * @default "2m", as for a canary
   */
  readonly bake: Duration;
  /**
   * How long the old pods stay after the release, so that going back is at once: whole seconds, "30s" to "24h". They
   * hold their GPUs meanwhile. @default "10m"
   */
  readonly keep: Duration;
  /** Longest outage of Prometheus that does not abort a release. @default "5m" */
  readonly metricsOutage: Duration;
  /** How often a verdict may be wrong, as for a canary. @default 1 % false alarms, 5 % misses */
  readonly confidence: Canary["confidence"];
}

/** A blue-green release; see `BlueGreen` for the fields. */
export function blueGreen(options: Partial<Omit<BlueGreen, "kind">> = {}): BlueGreen {
  const { bake, metricsOutage, confidence } = canary();
  const defaults: BlueGreen = {
    kind: "blueGreen",
    preview: internalTesters,
    lasts: "10m",
    requests: 20,
    gate: "automatic",
    bake,
    keep: "10m",
    metricsOutage,
    confidence,
  };
  return withDefaults(defaults, options);
}

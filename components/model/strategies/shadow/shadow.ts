import type { Problem } from "../../../core/problem.ts";
import { type Duration, durationProblems } from "../../../core/quantity.ts";
import { withDefaults } from "../../../core/withDefaults.ts";
import type { ServedModel } from "../../servedModel.ts";

/**
 * A release whose version first answers copies of requests, and nobody gets its answers. The version goes on once the
 * copies show errors, latency and score within the objectives. Alone it is followed by the default canary; `sequence`
 * says what follows instead. For models that are declared `stateless` only: each copied request is served twice.
 */
export interface Shadow {
  readonly kind: "shadow";
  /**
   * Percent of the requests that are copied, a whole number from 1 to 100. The new version gets as many pods as for
   * that weight.
   * @default 100, so that the version is judged under the load it will get
   */
  readonly percent: number;
  /** Least time of copying: whole seconds, at most "24h". @default "5m", in which caches fill and memory grows */
  readonly lasts: Duration;
}

/** A shadow; see `Shadow` for the fields. */
export function shadow(options: Partial<Omit<Shadow, "kind">> = {}): Shadow {
  const defaults: Shadow = { kind: "shadow", percent: 100, lasts: "5m" };
  return withDefaults(defaults, options);
}

/** Problems of a shadow, by the path below it. */
export function shadowProblems({ percent, lasts }: Shadow, { stateless }: ServedModel): Problem[] {
  const problems: Problem[] = [];
  if (stateless !== true) {
    problems.push({
      path: "kind",
      reason: "a shadow sends requests to two versions, and the model is not declared stateless.",
      fix: "Write stateless: true at the model if an inference changes nothing but its answer; else use darkLaunch().",
    });
  }
  if (!(Number.isInteger(percent) && percent >= 1 && percent <= 100)) {
    problems.push({
      path: "percent",
      reason: `${percent} is not a whole number from 1 to 100.`,
      fix: "Write the percent of requests that are copied.",
    });
  }
  return [...problems, ...durationProblems("lasts", lasts, { max: "24h", whole: "1s" })];
}

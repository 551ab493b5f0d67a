import { type Problem, unknownChoice } from "../../../core/problem.ts";
import { type Phase, phases } from "./phases.ts";

/** A release of several phases, one after the other, such as a dark launch, a canary and an A/B test. */
export interface Sequence {
  readonly kind: "sequence";
  /**
   * The phases in their order: those that prepare (`darkLaunch`, `shadow`), then those that shift traffic (`canary`,
   * `abTest`, `blueGreen`), each kind once.
   */
  readonly phases: readonly Phase[];
}

/**
 * A release of several phases.
 *
 * @example
 * release: sequence([darkLaunch(), canary({ weights: [5, 50, 100] })])
 */
export function sequence(declared: readonly Phase[]): Sequence {
  return { kind: "sequence", phases: declared };
}

/** Problems of the order of a sequence, by the path below `release`. */
export function orderProblems({ phases: declared }: Sequence): Problem[] {
  const unknown = declared.flatMap(({ kind }, index): Problem[] =>
    Object.hasOwn(phases, kind) ? [] : [unknownChoice(`phases[${index}].kind`, kind, Object.keys(phases))],
  );
  // What such a sequence lacks beside that follows from it.
  if (unknown.length > 0) return unknown;
  const problems: Problem[] = [];
  const kinds = declared.map(({ kind }) => kind);
  const shifts = kinds.map((kind) => phases[kind]?.canary !== undefined);
  for (const [index, kind] of kinds.entries()) {
    if (kinds.indexOf(kind) < index) {
      problems.push({
        path: `phases[${index}]`,
        reason: `there is a ${kind} before it, and a release has each kind of phase once.`,
        fix: "Remove one of them.",
      });
    } else if (shifts[index] === false && shifts.slice(0, index).includes(true)) {
      problems.push({
        path: `phases[${index}]`,
        reason: `${kind} prepares a version, and callers reach the version before.`,
        fix: "Move it before the phases that shift traffic.",
      });
    }
  }
  if (shifts.at(-1) !== true) {
    problems.push({
      path: "phases",
      reason: "no phase at the end shifts traffic, so the release would never reach the callers.",
      fix: "End with canary().",
    });
  }
  return problems;
}

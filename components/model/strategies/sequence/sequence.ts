import { type Problem, unknownChoice } from "../../../core/problem.ts";
import { type Phase, phases } from "./phases.ts";

/** A release of several phases, one after the other, such as a dark launch, a canary and an A/B test. */
export interface Sequence {
  readonly kind: "sequence";
  /**
   * The phases in their order: those that prepare (`darkLaunch`, `shadow`), then those that shift traffic (`canary`,
   * `abTest`, `blueGreen` at the end), each kind once. Weights rise from phase to phase.
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
    const isLast = index === kinds.length - 1;
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
    } else if (phases[kind]?.lastSteps !== undefined && !isLast) {
      problems.push({
        path: `phases[${index}]`,
        reason: `${kind} ends a release: it gives the version all of the traffic, and judges it then.`,
        fix: "Move it to the end.",
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
  return problems.length > 0 ? problems : weightProblems(declared);
}

/** Problems of weights that each phase has for itself, and that follow each other in the release. */
function weightProblems(declared: readonly Phase[]): Problem[] {
  const weights = declared.flatMap((one, index) =>
    (phases[one.kind]?.weights?.(one) ?? []).map((weight) => ({ weight, index, kind: one.kind })),
  );
  // A weight that is none has a problem of its own.
  if (weights.some(({ weight }) => !(Number.isInteger(weight) && weight >= 1 && weight < 100))) return [];
  const [first] = weights;
  // What prepares a version has judged it, or shown it to people.
  if (first?.index === 0 && first.weight >= 50) {
    return [
      {
        path: "phases[0]",
        reason: `it begins with ${first.weight} %, so half of the callers would meet the version before any analysis.`,
        fix: "Put canary({ weights: [5, 20, 100] }) before it, or begin with less.",
      },
    ];
  }
  const falling = weights.find(({ weight, index }, at) => {
    const before = weights[at - 1];
    return before !== undefined && before.index !== index && weight < before.weight;
  });
  const before = falling === undefined ? undefined : weights[weights.indexOf(falling) - 1];
  if (falling === undefined || before === undefined) return [];
  return [
    {
      path: `phases[${falling.index}]`,
      reason: `${falling.kind} begins with ${falling.weight} %, and the ${before.kind} before it ends with ${before.weight} %: the traffic of the version would fall.`,
      fix: "Let the weights rise from phase to phase.",
    },
  ];
}

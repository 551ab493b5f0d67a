import leven from "leven";

/** One rejected input: where it is, what is wrong, how to put it right. */
export interface Problem {
  /** What the person typed, as they would find it: `release.weights[2]`, `--fault`, `serin up <environment>`. */
  readonly path: string;
  /** The value and the rule it breaks, with the reason where that is not obvious. */
  readonly reason: string;
  /** What to write instead, as an imperative. */
  readonly fix?: string;
}

/** The exit codes of every verb, in one place because scripts depend on them. */
export const exitCodes = {
  ok: 0,
  /** A defect of ours: prints a stack trace. */
  internal: 1,
  /** The input is wrong; nothing was changed. */
  badInput: 2,
  /** A mandatory policy objects; nothing was changed. */
  policy: 3,
  /** A tool, a disk, a port or a cluster that is needed cannot be had; nothing was changed. */
  unavailable: 4,
  /** The release was rolled back or did not reach a verdict in time. */
  releaseFailed: 5,
  /** The run stopped half-way: the message says what was done and how to go on. */
  incomplete: 6,
  /** A cluster cannot carry what is declared for it; nothing was changed on any cluster. */
  preflight: 7,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * All problems of one input, thrown once; printed without a stack trace by the command line and by the Pulumi engine.
 */
export class ProblemError extends Error {
  readonly subject: string;
  readonly problems: readonly Problem[];
  readonly exitCode: ExitCode;
  /** The Pulumi engine prints only the message of errors that carry this mark (`RunError.isInstance`). */
  readonly __pulumiRunError = true;

  /** `exitCode` is `badInput` unless the input was right and something it needs cannot be had. */
  constructor(subject: string, problems: readonly Problem[], exitCode: ExitCode = exitCodes.badInput) {
    super(describeProblems(subject, problems));
    this.name = "ProblemError";
    this.subject = subject;
    this.problems = problems;
    this.exitCode = exitCode;
  }
}

/** The one form every error takes: a subject, then a line per problem. */
export function describeProblems(subject: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ path, reason, fix }) => `  - ${path}: ${reason}${fix === undefined ? "" : ` ${fix}`}`);
  return [`${subject}:`, ...lines].join("\n");
}

/** Throws when there is at least one problem. */
export function rejectProblems(subject: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ProblemError(subject, problems);
}

/** The same problems, seen from one level up: `weights[1]` becomes `release.weights[1]`. */
export function under(prefix: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({
    ...problem,
    path: problem.path.startsWith("[") ? `${prefix}${problem.path}` : `${prefix}.${problem.path}`,
  }));
}

/** A value outside a closed set: lists the choices and names the nearest one. */
export function unknownChoice(path: string, value: string, choices: readonly string[]): Problem {
  const nearest = nearestChoice(value, choices);
  return {
    path,
    reason: `"${value}" is not one of ${choices.map((choice) => `"${choice}"`).join(", ")}.`,
    ...(nearest === undefined ? {} : { fix: `Did you mean "${nearest}"?` }),
  };
}

/**
 * The nearest choice, where it can be a typing error: a third of the letters, two in a short word, and never all of
 * them; or the one choice that it begins.
 */
export function nearestChoice(value: string, choices: readonly string[]): string | undefined {
  const ranked = choices
    .map((choice) => ({ choice, distance: leven(value.toLowerCase(), choice.toLowerCase()) }))
    .filter(({ choice, distance }) => distance < Math.max(value.length, choice.length))
    .sort((a, b) => a.distance - b.distance);
  const begun = choices.filter((choice) => value.length >= 4 && choice.toLowerCase().startsWith(value.toLowerCase()));
  if (begun.length === 1) return begun[0];
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(2, Math.floor(value.length / 3)) ? best.choice : undefined;
}

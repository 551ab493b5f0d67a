import leven from "leven";

/** One rejected input: where it is, what is wrong, how to correct it. */
export interface Problem {
  /** What the person typed, as they would find it: `release.weights[2]`, `--fault`, `serin up <environment>`. */
  readonly path: string;
  /** The value and the rule it breaks, with the reason where that is not obvious. */
  readonly reason: string;
  /** What to write instead, as an imperative. */
  readonly fix?: string;
}

/** The exit codes of every verb. Scripts depend on them, so a number keeps its meaning. */
export const exitCodes = {
  /** The verb did what it was asked to. */
  ok: 0,
  /** A defect of the program. A stack trace is printed. */
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
  /** A cluster cannot carry what is declared for it and waits; `serin up` went on with the others. */
  preflight: 7,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** The exit code of a verb. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * All problems of one input, thrown once; printed without a stack trace by the command line and by the Pulumi engine.
 */
export class ProblemError extends Error {
  /** What the problems belong to: the first line of the message, without its colon. */
  readonly subject: string;
  /** Everything that is wrong, each with its path. */
  readonly problems: readonly Problem[];
  /** The exit code of the verb that the error ends. */
  readonly exitCode: ExitCode;
  /** The Pulumi engine prints errors with this field without a stack trace (`RunError.isInstance`). */
  readonly __pulumiRunError = true;

  /** `exitCode` defaults to `badInput`. Give another one where the input was right, for example `unavailable`. */
  constructor(subject: string, problems: readonly Problem[], exitCode: ExitCode = exitCodes.badInput) {
    super(describeProblems(subject, problems));
    this.name = "ProblemError";
    this.subject = subject;
    this.problems = problems;
    this.exitCode = exitCode;
  }
}

/** The text of an error: the subject and a colon, then one line for each problem. */
export function describeProblems(subject: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ path, reason, fix }) => `  - ${path}: ${reason}${fix === undefined ? "" : ` ${fix}`}`);
  return [`${subject}:`, ...lines].join("\n");
}

/** @throws ProblemError, with exit code `badInput` unless another is given, when there is at least one problem. */
export function rejectProblems(subject: string, problems: readonly Problem[], exitCode?: ExitCode): void {
  if (problems.length > 0) throw new ProblemError(subject, problems, exitCode);
}

/** The same problems with a prefix before each path: `weights[1]` becomes `release.weights[1]`. */
export function under(prefix: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({
    ...problem,
    path: problem.path.startsWith("[") ? `${prefix}${problem.path}` : `${prefix}.${problem.path}`,
  }));
}

/** The problem of a value that is none of the choices. It lists them and suggests the nearest one. */
export function unknownChoice(path: string, value: string, choices: readonly string[]): Problem {
  const nearest = nearestChoice(value, choices);
  return {
    path,
    reason: `"${value}" is not one of ${choices.map((choice) => `"${choice}"`).join(", ")}.`,
    ...(nearest === undefined ? {} : { fix: `Did you mean "${nearest}"?` }),
  };
}

/**
 * The choice that the person probably meant: the only one that begins with the value, if that has at least four
 * letters; else the nearest by edit distance, if a third of the letters differ at most (two in a short word, never
 * all).
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

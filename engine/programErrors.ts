import { ProblemError } from "../components/core/problem.ts";
import { describeResource } from "./recordedResource.ts";
import { ResourceError, RunError, typeAndName } from "./sdkInternals.ts";

/**
 * The one error a failed program run ends with. Errors meant for a person (`ProblemError`, `RunError`, `ResourceError`
 * that hides its stack) become one `ProblemError`; anything else is a defect and is returned as it is, with its stack.
 */
export function programError(stack: string, errors: readonly unknown[]): Error {
  const [first, ...others] = errors;
  if (!isForPeople(first)) return first instanceof Error ? first : new Error(`${stack}: ${String(first)}`);
  const distinct = [...new Map([first, ...others.filter(isForPeople)].map((error) => [error.message, error])).values()];
  if (distinct.length === 1 && isProblemError(first)) {
    // The SDK prefixes the message with where in a resource the error surfaced, once per level; the problems say it
    // better.
    return new ProblemError(first.subject, first.problems, first.exitCode);
  }
  const exitCode = isProblemError(first) ? first.exitCode : undefined;
  const problems = distinct.map((error) => ({ path: pathOf(error, stack), reason: indented(reasonOf(error)) }));
  return new ProblemError(`${stack} cannot be deployed`, problems, exitCode);
}

function isForPeople(error: unknown): error is Error {
  if (ResourceError.isInstance(error)) return error.hideStack === true;
  return RunError.isInstance(error);
}

function isProblemError(error: Error): error is ProblemError {
  return error instanceof ProblemError;
}

function pathOf(error: Error, stack: string): string {
  if (!ResourceError.isInstance(error)) return stack;
  return error.resource === undefined ? stack : describeResource(typeAndName(error.resource));
}

function reasonOf(error: Error): string {
  return isProblemError(error) ? new ProblemError(error.subject, error.problems).message : error.message;
}

function indented(text: string): string {
  return text.replaceAll("\n", "\n    ");
}

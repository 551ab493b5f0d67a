import { ProblemError } from "../../components/core/problem.ts";
import { findEnvironment } from "../../embedded/environment/environment.ts";
import { projectDirectory } from "../../stacks/project.ts";

/**
 * Refuses to change an embedded environment that another checkout brought up: its models would be replaced by those
 * declared here, or taken down. `takeOver` says that this is meant.
 *
 * @throws ProblemError that names the other checkout; then nothing was changed.
 */
export function requireOwn(name: string, { takeOver = false }: { readonly takeOver?: boolean | undefined } = {}): void {
  const owner = findEnvironment(name)?.owner;
  if (takeOver || owner === undefined || owner === projectDirectory) return;
  throw new ProblemError(`Environment "${name}" belongs to another checkout`, [
    {
      path: "environment",
      reason: `it was brought up from ${owner}, and this is ${projectDirectory}.`,
      fix: "Run the command there, write --yes to take it over, or set SERIN_HOME to have another one.",
    },
  ]);
}

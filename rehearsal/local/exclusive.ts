import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { environmentDir } from "../../embedded/machine/paths.ts";
import { claim } from "../../embedded/process/claim.ts";

/**
 * Does something that changes what `local` declares, alone: an `up` during a rehearsal would take its release back.
 *
 * @throws ProblemError when another process is at it.
 */
export async function alone<T>(environment: string, work: () => Promise<T>): Promise<T> {
  const held = await claim(`work ${environmentDir(environment)}`);
  if (held === undefined) {
    throw new ProblemError(
      `Environment "${environment}" is busy`,
      [
        {
          path: "environment",
          reason: "another serin is bringing it up, taking it down or rehearsing a release there.",
          fix: "Wait until it has ended.",
        },
      ],
      exitCodes.unavailable,
    );
  }
  try {
    return await work();
  } finally {
    await held.release();
  }
}

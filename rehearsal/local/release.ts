import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { ClusterView, RolloutView } from "../cluster/clusterView.ts";

const pollMs = 500;

/** A Rollout that stays degraded without a release has an invalid spec or gave up: waiting longer changes nothing. */
const degradedMs = 15_000;

/** Whether a new version is on its way: some traffic is on one revision and the rest on another. */
export function underWay({ stableHash, currentHash, aborted }: RolloutView): boolean {
  return stableHash !== "" && currentHash !== "" && stableHash !== currentHash && !aborted;
}

/**
 * Whether the first version was given up before its pods were ready. The controller calls that aborted, as it does a
 * release, but there is no version that the traffic could go back to.
 */
export function neverReady({ stableHash, aborted }: RolloutView): boolean {
  return aborted && stableHash === "";
}

/**
 * Waits until a model serves its declared version, or a release towards it is under way.
 *
 * @throws ProblemError when it does neither in time, with what the controller says.
 */
export async function waitUntilServing(
  view: ClusterView,
  namespace: string,
  name: string,
  { timeoutMs, signal, onState }: { timeoutMs: number; signal: AbortSignal; onState?: (state: string) => void },
): Promise<RolloutView> {
  const until = performance.now() + timeoutMs;
  let soundAt = performance.now();
  for (;;) {
    const rollout = await view.rollout(namespace, name);
    if (rollout?.phase !== "Degraded") soundAt = performance.now();
    const gaveUp = rollout?.observed === true && neverReady(rollout);
    if (rollout?.observed === true && !gaveUp) {
      if (rollout.phase === "Healthy" || underWay(rollout) || rollout.aborted) return rollout;
    }
    if (gaveUp || performance.now() > until || performance.now() > soundAt + degradedMs) {
      throw new ProblemError(
        `Model "${name}" is declared and does not serve yet`,
        [
          {
            path: `Rollout ${namespace}/${name}`,
            reason:
              rollout === undefined
                ? "it does not exist."
                : `it is ${rollout.phase}: ${rollout.message || "no reason given"}.`,
            fix: "It may still come up; look at it with: npx serin status",
          },
        ],
        exitCodes.incomplete,
      );
    }
    onState?.(
      rollout === undefined
        ? "declared"
        : `${rollout.phase.toLowerCase()}, ${rollout.readyReplicas} of ${rollout.replicas} ready`,
    );
    await sleep(pollMs, undefined, { signal });
  }
}

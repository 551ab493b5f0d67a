import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { Finding } from "../../diagnosis/diagnose.ts";
import { ExplainedError } from "../../diagnosis/findingText.ts";
import type { StartState } from "../../diagnosis/startFindings.ts";
import type { ClusterView, RolloutView } from "../cluster/clusterView.ts";

const pollMs = 500;

/** A Rollout that stays degraded without a release has an invalid spec or gave up: waiting longer changes nothing. */
const degradedMs = 15_000;

/** A release whose pods are not there by then waits for something else, such as requests. */
const podsMs = 3_000;

/** By then Triton has said what is wrong with most models that do not load; a release goes on by itself. */
const firstStartMs = 10_000;

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

/** How a model is waited for. */
export interface Waiting {
  /** The longest wait. */
  readonly timeoutMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called with what the model does, in a few words. */
  readonly onState?: (state: string) => void;
  /** How the start of its newest version goes. */
  readonly start: () => Promise<StartState>;
  /** Everything that is found, for a wait that was in vain. */
  readonly findings: () => Promise<readonly Finding[]>;
}

/**
 * Waits until a model serves its declared version, or a release towards it is under way and its pods may start.
 *
 * @throws ExplainedError as soon as it is certain that it will do neither, or when its time is over: with the pod, the
 * exit code, Triton's words and where its log is, or else what the controller says.
 */
export async function waitUntilServing(
  view: ClusterView,
  namespace: string,
  name: string,
  { timeoutMs, signal, onState, start, findings }: Waiting,
): Promise<RolloutView> {
  const until = performance.now() + timeoutMs;
  let soundAt = performance.now();
  let releasedAt: number | undefined;
  for (;;) {
    const rollout = await view.rollout(namespace, name);
    if (rollout?.phase !== "Degraded") soundAt = performance.now();
    const gaveUp = rollout?.observed === true && neverReady(rollout);
    if (rollout?.observed === true && !gaveUp) {
      if (rollout.phase === "Healthy" || rollout.aborted) return rollout;
    }
    const { pods, serves, hopeless } = await start();
    if (hopeless.length > 0) throw new ExplainedError(notStarting(name, rollout), hopeless, exitCodes.incomplete);
    if (rollout?.observed === true && underWay(rollout)) {
      releasedAt ??= performance.now();
      if (serves || performance.now() > releasedAt + (pods === 0 ? podsMs : firstStartMs)) return rollout;
    }
    if (gaveUp || performance.now() > until || performance.now() > soundAt + degradedMs) {
      const found = await findings();
      if (found.length > 0) {
        throw new ExplainedError(`Model "${name}" is declared and does not serve yet`, found, exitCodes.incomplete);
      }
      throw new ProblemError(
        `Model "${name}" is declared and does not serve yet`,
        [
          {
            path: `Rollout ${namespace}/${name}`,
            reason:
              rollout === undefined
                ? "it does not exist."
                : `it is ${rollout.phase}: ${rollout.message || "no reason given"}.`,
            fix: `It may still come up; look at it with: npx serin doctor ${name}`,
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

/** A release leaves the traffic where it is; a first version has nothing to leave it to. */
function notStarting(name: string, rollout: RolloutView | undefined): string {
  return rollout !== undefined && underWay(rollout)
    ? `Version ${rollout.version} of model "${name}" does not start; the version before has the traffic`
    : `Model "${name}" does not start`;
}

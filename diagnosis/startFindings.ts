import { diagnose, type Finding } from "./diagnose.ts";
import type { Evidence, PodEvidence } from "./evidence.ts";
import { type Place, startEvidence } from "./gather/startEvidence.ts";

/** What keeps a model from serving, as far as its pods show it. */
export async function startFindings(place: Place): Promise<Finding[]> {
  return diagnose(await startEvidence(place)).filter(({ rule }) => !states.has(rule));
}

/** How the start of a version goes. */
export interface StartState {
  /** Its pods that are not ending. */
  readonly pods: number;
  /** Whether one of them serves. */
  readonly serves: boolean;
  /** What is found about them that no waiting changes. Empty once one serves. */
  readonly hopeless: readonly Finding[];
}

/**
 * How the start of a version goes: of the one with this pod template hash, or of the newest. The newest has no pods
 * until the controller has seen the last change: what it calls the newest till then is the version before.
 */
export async function startState(place: Place, hash?: string): Promise<StartState> {
  const evidence = await startEvidence(place);
  const { rollout } = evidence;
  const current = hash ?? (rollout?.observed === true ? rollout.currentHash : "");
  const pods = current === "" ? [] : evidence.pods.filter((pod) => pod.hash === current && !pod.ending);
  const serves = pods.some(({ ready }) => ready);
  return { pods: pods.length, serves, hopeless: serves || current === "" ? [] : hopelessOf(evidence, pods) };
}

function hopelessOf(evidence: Evidence, pods: readonly PodEvidence[]): Finding[] {
  const names = new Set(pods.map(({ name }) => name));
  return diagnose({ ...evidence, pods }).filter(
    ({ final, follows, about, area }) =>
      final && !follows && (area === "admission" || about.some((one) => names.has(one))),
  );
}

/** Rules about what a release does, which its own verbs say. */
const states = new Set(["not-deployed", "waits-for-person", "rolled-back", "loading", "not-observed", "clock"]);

import type { Finding } from "../../diagnosis/diagnose.ts";
import type { Place } from "../../diagnosis/gather/startEvidence.ts";
import { startFindings } from "../../diagnosis/startFindings.ts";
import type { KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import { neverReady, underWay } from "../local/release.ts";
import { ClusterView, type RolloutView } from "./clusterView.ts";

/** What a model does on one cluster. */
export interface ModelState {
  /** The version that the Rollout was given last; `–` where there is no Rollout. */
  readonly version: string;
  /** In a few words, as `serin status` has it: `healthy`, `progressing, 0 of 2 ready`. */
  readonly state: string;
  /** Why its pods do not serve, as far as that is known by now. Absent: nothing is wrong with them. */
  readonly findings?: readonly Finding[];
}

/**
 * What a Rollout does, in a few words. Pods that are not ready are counted, since no engine waits for them. A Rollout
 * that has given up, or that is not valid, says why in the controller's words.
 */
export function stateOf(rollout: RolloutView): string {
  const { phase, readyReplicas, replicas } = rollout;
  if (neverReady(rollout)) {
    return becauseOf(rollout, `never became ready in time, ${readyReplicas} of ${replicas} ready`);
  }
  if (rollout.aborted) return `rolled back from ${rollout.version}`;
  if (rollout.inconclusive) return "undecided, waits for a person";
  const state = `${phase.toLowerCase()}${readyReplicas < replicas ? `, ${readyReplicas} of ${replicas} ready` : ""}`;
  return phase === "Degraded" ? becauseOf(rollout, state) : state;
}

function becauseOf({ message }: RolloutView, state: string): string {
  return message === "" ? state : `${state} (${message})`;
}

/**
 * What models do on clusters now, by `<cluster>/<model>`. It waits for none of them, and a cluster that does not answer
 * is no error: its models are said to be not looked at.
 *
 * @param kubeconfigs contents by cluster
 * @param place where a diagnosis of a model looks on the cluster of a client
 */
export async function modelStates(
  kubeconfigs: Readonly<Record<string, string>>,
  models: readonly string[],
  {
    namespace,
    signal,
    place,
  }: {
    readonly namespace: string;
    readonly signal: AbortSignal;
    readonly place: (model: string, client: KubernetesClient) => Place;
  },
): Promise<Record<string, ModelState>> {
  const looks = Object.entries(kubeconfigs).flatMap(([cluster, kubeconfig]) => {
    // One client for a cluster: each signs in by itself, as a rule with a program of the cloud.
    let made: ClusterView | undefined;
    const view = () => (made ??= new ClusterView(kubeconfig, { signal }));
    return models.map(async (model): Promise<[string, ModelState]> => {
      return [`${cluster}/${model}`, await look(view, namespace, model, (client) => place(model, client), signal)];
    });
  });
  return Object.fromEntries(await Promise.all(looks));
}

async function look(
  view: () => ClusterView,
  namespace: string,
  model: string,
  place: (client: KubernetesClient) => Place,
  signal: AbortSignal,
): Promise<ModelState> {
  try {
    const rollout = await view().rollout(namespace, model);
    if (rollout === undefined) return { version: "–", state: "not deployed" };
    const step = underWay(rollout) ? `, release under way, step ${rollout.step}` : "";
    const findings = rollout.phase === "Healthy" ? [] : await startFindings(place(view().client));
    return {
      version: rollout.version,
      state: `${stateOf(rollout)}${step}`,
      ...(findings.length === 0 ? {} : { findings }),
    };
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? (error.message.split("\n").at(-1) ?? "").trim() : String(error);
    return { version: "–", state: `not looked at (${reason})` };
  }
}

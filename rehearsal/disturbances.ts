import { spawn } from "node:child_process";
import type { V1Pod } from "@kubernetes/client-node";
import { environmentStatus } from "../embedded/environment/environment.ts";
import { type Fault, parseFaults } from "../embedded/faults/fault.ts";
import { identityOf, signalProcess } from "../embedded/process/processIdentity.ts";
import type { ClusterView, RolloutView } from "./cluster/clusterView.ts";
import type { Observation } from "./timeline.ts";

/** The faults that come from outside of the new version, while a rehearsal runs. */
export interface Disturbances {
  /** Acts on what was observed; never throws. */
  readonly on: (rollout: Pick<RolloutView, "currentHash">, observation: Observation) => void;
  /** Ends them: what stands still goes on. */
  readonly end: () => void;
}

/** Where faults from outside act. */
export interface DisturbedPlace {
  /** The cluster. */
  readonly view: Pick<ClusterView, "pods" | "client">;
  /** The namespace of the model. */
  readonly namespace: string;
  /** The embedded environment whose processes are stopped. */
  readonly environment: string;
}

/** Starts each fault from outside when the new version has answered its first requests. */
export function disturbances(faults: string, place: DisturbedPlace): Disturbances {
  const outage = found(faults, "prometheusOutage");
  const kill = found(faults, "podKill");
  let stopped: number | undefined;
  let [firstMs, nextKill] = [Number.POSITIVE_INFINITY, 0];
  return {
    on({ currentHash }, { atMs, counters }) {
      if (counters.requests > 0) firstMs = Math.min(firstMs, atMs);
      const begun = (fault: Fault | undefined) => atMs >= firstMs + (fault?.fromMs ?? 0);
      if (outage !== undefined && stopped === undefined && begun(outage))
        stopped = stopFor(prometheusPid(place), outage.outageMs);
      if (kill !== undefined && atMs >= nextKill && begun(kill)) {
        nextKill = atMs + kill.everyMs;
        // The API server may be away; the next kill comes.
        void killPod(place, currentHash).catch(() => undefined);
      }
    },
    end() {
      const identity = stopped === undefined ? undefined : identityOf(stopped);
      if (identity !== undefined) signalProcess(identity, "SIGCONT");
    },
  };
}

type FaultOf<Kind extends Fault["kind"]> = Extract<Fault, { kind: Kind }>;

function found<Kind extends Fault["kind"]>(faults: string, kind: Kind): FaultOf<Kind> | undefined {
  return parseFaults(faults).find((fault): fault is FaultOf<Kind> => fault.kind === kind);
}

function prometheusPid({ environment }: DisturbedPlace): number | undefined {
  return environmentStatus(environment).find(({ name }) => name === "prometheus")?.pid;
}

/** A process of its own lets it go on, so that it does even if this one is killed. Returns 0 if there is none. */
function stopFor(pid: number | undefined, ms: number): number {
  if (pid === undefined) return 0;
  const script = `kill -STOP ${pid}; sleep ${ms / 1_000}; kill -CONT ${pid}`;
  spawn("bash", ["-c", script], { detached: true, stdio: "ignore" }).unref();
  return pid;
}

/** Ends one pod of the version that is ready, as a node that dies would: without a grace period. */
async function killPod({ view, namespace }: DisturbedPlace, hash: string): Promise<void> {
  const pods = await view.pods(namespace, `rollouts-pod-template-hash=${hash}`);
  const victim = pods.find(isReady);
  if (victim === undefined) return;
  await view.client.send({
    method: "DELETE",
    path: `/api/v1/namespaces/${namespace}/pods/${victim.metadata?.name}`,
    body: { gracePeriodSeconds: 0 },
  });
}

function isReady({ metadata, status }: V1Pod): boolean {
  const ready = status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
  return ready && metadata?.deletionTimestamp === undefined;
}

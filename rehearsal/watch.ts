import { setTimeout as sleep } from "node:timers/promises";
import type { Duration } from "../components/core/quantity.ts";
import type { Model } from "../components/model/model.ts";
import { objectNames } from "../components/model/objectNames.ts";
import { strategyOf } from "../components/model/strategies/strategies.ts";
import type { Finding } from "../diagnosis/diagnose.ts";
import type { StartState } from "../diagnosis/startFindings.ts";
import type { AnalysisView, ClusterView, RolloutView } from "./cluster/clusterView.ts";
import { type EvidenceCourse, evidenceCourse } from "./cluster/evidenceCourse.ts";
import type { PrometheusClient } from "./cluster/prometheus.ts";
import { type AnalysisEvidence, evidenceOn, releaseEvidence } from "./cluster/releaseEvidence.ts";
import { type RecordedAction, releaseView } from "./cluster/releaseView.ts";
import type { Outcome } from "./report.ts";
import type { CanaryCounters, Observation } from "./timeline.ts";

/** How often the release is looked at. */
const pollMs = 500;

/** The course and the end of one release. */
export interface Watched {
  /** How the release ended. */
  readonly outcome: Outcome;
  /** Why it ended so, in the words of the controller and its analyses. */
  readonly reason: string;
  /** What was seen every half second from the first sight of the new revision, oldest first. */
  readonly observations: readonly Observation[];
  /** The AnalysisRuns of the new revision, oldest first. */
  readonly analyses: readonly AnalysisView[];
  /** What each metric of the analyses saw at its last measurement. */
  readonly evidence: readonly AnalysisEvidence[];
  /** What they saw in the course of the release; empty where Prometheus does not say. */
  readonly course: readonly EvidenceCourse[];
  /** What people have done with the model's releases, newest last. */
  readonly actions: readonly RecordedAction[];
  /** Unix time in milliseconds when the new version was declared. */
  readonly declaredAt: number;
  /** Why its pods cannot start. Absent: they can. */
  readonly findings?: readonly Finding[];
  /** The Rollout at the end. Its phase is `Unknown` if it was deleted. */
  readonly rollout: RolloutView;
  /** When the end was seen, milliseconds since the new version was declared. */
  readonly endMs: number;
}

/** Which release is watched, and for how long. */
export interface WatchArgs {
  /** The cluster that the model runs on. */
  readonly view: ClusterView;
  /** The Prometheus that has the model's metrics. */
  readonly prometheus: PrometheusClient;
  /** The namespace of the model. */
  readonly namespace: string;
  /** The name of the model and of its Rollout. */
  readonly name: string;
  /** The model with the version that is released. */
  readonly model: Model;
  /** Time between two scrapes of that Prometheus. */
  readonly scrapeInterval: Duration;
  /** The pod template hash of the revision that was stable before the release. */
  readonly before: string;
  /** `performance.now()` when the new version was declared. */
  readonly since: number;
  /** How long the release may take, milliseconds from `since`. After that the outcome is `timedOut`. */
  readonly timeoutMs: number;
  /** Aborting it ends the watch with its reason. The release goes on. */
  readonly signal: AbortSignal;
  /** How the start of a version goes, by its pod template hash. */
  readonly start: (hash: string) => Promise<StartState>;
  /** The steps of the Rollout that wait for a person without a time. */
  readonly gates: ReadonlySet<number>;
  /** Called while the release waits at a gate. It passes it. */
  readonly onGate: (rollout: RolloutView) => Promise<void>;
  /** Called with each observation. */
  readonly onState: (rollout: RolloutView, observation: Observation) => void;
}

/**
 * Watches a release until all traffic is on one version, it pauses without a verdict, its pods cannot start, or its
 * time is over.
 * @throws what `ClusterView` and `PrometheusClient` throw; the reason of `signal`
 */
export async function watchRelease(args: WatchArgs): Promise<Watched> {
  const { view, namespace, name, signal, since } = args;
  const observations: Observation[] = [];
  let served = false;
  for (;;) {
    const rollout = await view.rollout(namespace, name);
    const weight = await view.canaryWeight(namespace, objectNames(name).release);
    const atMs = Math.round(performance.now() - since);
    if (rollout !== undefined && rollout.currentHash !== "" && rollout.currentHash !== args.before) {
      const observation = { atMs, weight, counters: await counters(args, rollout.currentHash), step: rollout.step };
      observations.push(observation);
      args.onState(rollout, observation);
      const outcome = outcomeOf(rollout, weight, args.before);
      if (outcome !== undefined) return await ended(args, outcome, rollout, observations, atMs);
      if (rollout.observed && rollout.phase === "Paused" && args.gates.has(rollout.step)) await args.onGate(rollout);
      served ||= observation.counters.requests > 0;
      const start: StartState | undefined = served ? undefined : await args.start(rollout.currentHash);
      served ||= start?.serves === true;
      if (start !== undefined && start.hopeless.length > 0) {
        const end = await ended(args, "notStarted", rollout, observations, atMs);
        return { ...end, reason: start.hopeless.map(({ cause }) => cause).join(" "), findings: start.hopeless };
      }
    }
    if (atMs > args.timeoutMs) {
      return ended(args, "timedOut", rollout ?? missing(name), observations, atMs);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** All traffic is where it will stay: only then a release has ended for its callers. */
function outcomeOf(rollout: RolloutView, weight: number, before: string): Outcome | undefined {
  if (!rollout.observed) return undefined;
  if (rollout.aborted && weight === 0) return "rolledBack";
  if (rollout.inconclusive) return "undecided";
  if (rollout.phase === "Healthy" && rollout.stableHash === rollout.currentHash && rollout.stableHash !== before)
    return "promoted";
  return undefined;
}

async function ended(
  args: WatchArgs,
  outcome: Outcome,
  rollout: RolloutView,
  observations: readonly Observation[],
  endMs: number,
): Promise<Watched> {
  const { view, namespace, name } = args;
  const analyses = await view.analyses(namespace, name, rollout.currentHash);
  // After a promotion the new version is the stable one, too.
  const of = { ...args, rollout: { ...rollout, stableHash: args.before } };
  const evidence = await releaseEvidence({ ...of, analyses });
  const declaredAt = Date.now() - (performance.now() - args.since);
  // What the release ended with is known without it.
  const course = await evidenceCourse({ ...of, declaredAt, endMs, weightAt: highestWeight(observations) }).catch(
    () => [],
  );
  args.signal.throwIfAborted();
  const actions = (await releaseView(view, namespace, name))?.actions ?? [];
  return {
    outcome,
    reason: reasonOf(outcome, rollout, analyses, evidence),
    observations,
    analyses,
    evidence,
    course,
    actions,
    declaredAt,
    rollout,
    endMs,
  };
}

/** The weight that the release had reached by then: after an abort, what it would have gone on from. */
function highestWeight(observations: readonly Observation[]): (atMs: number) => number {
  return (at) => observations.reduce((most, { atMs, weight }) => (atMs <= at ? Math.max(most, weight) : most), 0);
}

/** What the metrics that failed saw; else what the controller says. */
function reasonOf(
  outcome: Outcome,
  rollout: RolloutView,
  analyses: readonly AnalysisView[],
  evidence: readonly AnalysisEvidence[],
): string {
  if (outcome === "promoted") return "Every analysis passed.";
  const failed = analyses.flatMap(({ step, metrics }) =>
    metrics.flatMap(({ name, phase }) => (phase === "Failed" ? evidenceOn(evidence, step, name) : [])),
  );
  if (outcome === "rolledBack" && failed.length > 0) {
    return [...new Map(failed.map(({ metric, reason }) => [metric, `${metric}: ${reason}`])).values()].join(" ");
  }
  const messages = analyses
    .filter(({ phase }) => !["Successful", "Running"].includes(phase))
    .map(({ message }) => message);
  const said = messages.some((message) => message !== "") ? messages : [rollout.message];
  return [...new Set(said)].filter((message) => message !== "").join(" ") || "The controller gave no reason.";
}

/** What the analysis itself counts. */
async function counters(args: WatchArgs, hash: string): Promise<CanaryCounters> {
  const queries = strategyOf(args.model.release).progress.counters(args.model, args);
  const value = (query: string) => args.prometheus.value(query.replaceAll("{{args.canary-hash}}", hash));
  const [requests, errors, slow] = await Promise.all([
    value(queries.requests),
    value(queries.errors),
    value(queries.slow),
  ]);
  return { requests: requests ?? 0, errors: errors ?? 0, slow: slow ?? 0 };
}

function missing(name: string): RolloutView {
  return {
    name,
    version: "?",
    phase: "Unknown",
    message: "The Rollout is gone.",
    aborted: false,
    inconclusive: false,
    stableHash: "",
    currentHash: "",
    replicas: 0,
    readyReplicas: 0,
    observed: false,
    step: 0,
    stepWeights: [],
  };
}

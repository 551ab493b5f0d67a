import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../components/core/messageOf.ts";
import { exitCodes, ProblemError, rejectProblems } from "../components/core/problem.ts";
import { milliseconds, ratio } from "../components/core/quantity.ts";
import { type Model, withVersion } from "../components/model/model.ts";
import { stepStages } from "../components/model/releasePlan/releasePlan.ts";
import { modelHost } from "../components/model/traffic.ts";
import { defaultScrapeInterval } from "../components/platform/prometheus.ts";
import { startState } from "../diagnosis/startFindings.ts";
import { faultAnnotation, parseFaults } from "../embedded/faults/fault.ts";
import { standInText } from "../embedded/standIn/standIn.ts";
import { startTraffic, type TrafficSample } from "../embedded/traffic/traffic.ts";
import type { TransformResource } from "../engine/live/liveMonitor.ts";
import { modelNamespace } from "../stacks/declared.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { project } from "../stacks/project.ts";
import { callersOf, personGates } from "./callers.ts";
import { ClusterView, type RolloutView } from "./cluster/clusterView.ts";
import { diagnosed, modelPlace } from "./cluster/modelPlace.ts";
import { PrometheusClient } from "./cluster/prometheus.ts";
import { disturbances } from "./disturbances.ts";
import { releaseEvents } from "./events.ts";
import { embeddedCluster, liveEngine, stacksOf } from "./local/localCluster.ts";
import { underWay } from "./local/release.ts";
import { rehearsalAnnotation, waitingReleaseProblems } from "./local/waitingRelease.ts";
import { predictOnce } from "./prediction.ts";
import { sendingProblems } from "./rateProblems.ts";
import { rehearsalContext } from "./rehearsalTime.ts";
import type { RehearsalReport, RequestsSent, Served } from "./report.ts";
import { samplesOf } from "./samples.ts";
import { type Observation, stepsOf } from "./timeline.ts";
import { type Watched, watchRelease } from "./watch.ts";

/** What is rehearsed, where, and for how long. */
export interface RehearsalArgs {
  /** The environment whose embedded cluster runs the model. */
  readonly environment: Environment;
  /** The name of the model in the environment. */
  readonly name: string;
  /** The model as it is declared. Its version is the one that the rehearsal starts from and returns to. */
  readonly model: Model;
  /** The version to release. */
  readonly to: string;
  /** The fault expression, which must be valid: `errors=1%,latency=+200ms`. Empty for a release without faults. */
  readonly faults: string;
  /** Requests per second, from 3 s before the release until 3 s after its end. */
  readonly rate: number;
  /** Requests of a file. @default random ones of the shape that the model's metadata say */
  readonly requests?: RequestsSent & { readonly texts: readonly string[] };
  /** What intervals between requests, and their order by chance, are made of. @default 1 */
  readonly seed?: number;
  /** The longest time for the release, milliseconds. The return to the declared version comes on top of it. */
  readonly timeoutMs: number;
  /** Aborting it ends the traffic and the release. The return to the declared version still takes place. */
  readonly signal: AbortSignal;
  /** Called at the start of each phase, with its name for a progress display. */
  readonly onPhase: (phase: string) => void;
  /** Called every half second from the first sight of the new revision until the release ends. */
  readonly onState: (rollout: RolloutView, observation: Observation) => void;
  /** Called with the report as soon as the release has ended, before the return, so that a failing return keeps it. */
  readonly onReport: (report: RehearsalReport) => void;
}

/** What came of a rehearsal. */
export interface Rehearsed {
  /** How the release went. */
  readonly report: RehearsalReport;
  /** Why the environment is not back at what is declared. Absent: it is. */
  readonly notReturned?: string;
}

/**
 * Traffic before the release, so that stable has something to be compared with, and after it, so that the end is seen.
 */
const leadMs = 3_000;
const tailMs = 3_000;
/** Time for the environment to be back at what is declared. */
const restoreMs = 120_000;

/**
 * Releases a version under traffic and returns to what is declared, whatever happened.
 *
 * @throws ProblemError, before anything is changed, while a release of a person has not ended; with both facts, if the
 * release could not be watched to its end and the return failed, too
 */
export async function runRehearsal(args: RehearsalArgs): Promise<Rehearsed> {
  const { environment, name, model, signal, onPhase } = args;
  const view = new ClusterView(embeddedCluster(environment.name).kubeconfig, { signal });
  const namespace = modelNamespace(environment);
  rejectProblems(`The rehearsal of "${name}" cannot start`, await waitingReleaseProblems(view, namespace, name, model));
  onPhase("declared version");
  await declare(args);
  const before = await settle(view, namespace, name, signal);

  let ended: RehearsalReport;
  try {
    ended = await underTraffic(args, view, before);
    args.onReport(ended);
  } catch (error) {
    const notReturned = await returned(args, namespace);
    if (notReturned === undefined || signal.aborted) throw error;
    throw new ProblemError(
      `The rehearsal of "${name}" has no end, and its environment is not back at what is declared`,
      [
        { path: "rehearsal", reason: messageOf(error) },
        { path: "return", reason: notReturned, fix: "Go on with: npx serin up local" },
      ],
      exitCodes.incomplete,
    );
  }
  const notReturned = await returned(args, namespace);
  return { report: ended, ...(notReturned === undefined ? {} : { notReturned }) };
}

/** Returns to what is declared, and says why that failed. */
async function returned(args: RehearsalArgs, namespace: string): Promise<string | undefined> {
  args.onPhase("return to what is declared");
  try {
    await restore(args, namespace);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The release and its traffic, until 3 s after its end. */
async function underTraffic(args: RehearsalArgs, view: ClusterView, before: RolloutView): Promise<RehearsalReport> {
  const { environment, name, model, to, signal, onPhase } = args;
  const { embedded } = embeddedCluster(environment.name);
  const namespace = modelNamespace(environment);
  const place = modelPlace(diagnosed(environment, name, model), view.client, { embedded }, { signal });
  const context = rehearsalContext(name, model, environment);
  const startedAt = new Date().toISOString();
  const samples: TrafficSample[] = [];
  const traffic = startTraffic({
    ...embedded.gateway,
    host: modelHost(name, environment.domain),
    model: name,
    rate: args.rate,
    durationMs: leadMs + args.timeoutMs + tailMs,
    slowerThanMs: milliseconds(model.slo.p99),
    ...callersOf(model, context),
    ...(args.requests === undefined ? {} : { bodies: args.requests.texts, order: args.requests.order }),
    ...(args.seed === undefined ? {} : { seed: args.seed }),
    signal,
  });
  const collecting = collect(traffic, samples);
  const disturbing = disturbances(args.faults, { view, namespace, environment: environment.name });
  try {
    await sleep(leadMs, undefined, { signal });
    rejectProblems(
      `The rehearsal of "${name}" cannot go on`,
      sendingProblems(args.rate, samples.slice(1)),
      exitCodes.unavailable,
    );
    onPhase(`release of version ${to}`);
    const lead = samples.length;
    const since = performance.now();
    await declare(args, to);
    const watched = await watchRelease({
      view,
      prometheus: new PrometheusClient(embedded.prometheusUrl, signal),
      namespace,
      name,
      model: withVersion(model, to),
      scrapeInterval: environment.platform.prometheus.scrapeInterval ?? defaultScrapeInterval,
      before: before.stableHash,
      since,
      timeoutMs: args.timeoutMs,
      signal,
      onState: (rollout, observation) => {
        args.onState(rollout, observation);
        disturbing.on(rollout, observation);
      },
      start: (hash) => startState(place, hash),
      gates: personGates(model, context),
      onGate: ({ step }) => view.passPause(namespace, name, step),
    });
    await sleep(tailMs, undefined, { signal });
    await traffic.stop();
    await collecting;
    return report(args, startedAt, watched, samples.slice(lead));
  } finally {
    disturbing.end();
    await traffic.stop().catch(() => undefined);
  }
}

/** Applies the layers, with another version of the model and faults in it, or as they are declared. */
async function declare(args: RehearsalArgs, to?: string): Promise<void> {
  const { environment, name, faults, signal } = args;
  const engine = await liveEngine(environment, embeddedCluster(environment.name), {
    signal,
    ...(to === undefined
      ? {}
      : {
          config: { [`${project}:versions`]: JSON.stringify({ [name]: to }) },
          transformResource: rehearsing(name, faults),
        }),
  });
  await engine.up(stacksOf(environment));
}

/** More than any node has. */
const tooManyGpus = "9999";

/** Marks the pods of one Rollout as rehearsed, and puts those faults in that are a part of their spec. */
export function rehearsing(name: string, faults: string): TransformResource {
  const annotate = annotating(name, {
    [rehearsalAnnotation]: new Date().toISOString(),
    ...(faults === "" ? {} : { [faultAnnotation]: faults }),
  });
  if (!parseFaults(faults).some(({ kind }) => kind === "noGpu")) return annotate;
  return (type, resource, props) => {
    const annotated = annotate(type, resource, props);
    return annotated === props ? props : withGpus(annotated as unknown as RolloutProps);
  };
}

function withGpus(rollout: RolloutProps): ReturnType<TransformResource> {
  const { spec } = rollout;
  const { template } = spec;
  const gpus = { "nvidia.com/gpu": tooManyGpus };
  const containers = template.spec?.containers?.map((container, index) =>
    index > 0
      ? container
      : {
          ...container,
          resources: {
            ...container.resources,
            requests: { ...container.resources?.requests, ...gpus },
            limits: { ...container.resources?.limits, ...gpus },
          },
        },
  );
  return { ...rollout, spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } } } as never;
}

interface RolloutProps {
  readonly metadata?: { readonly name?: string };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec?: {
        readonly containers?: readonly {
          readonly resources?: { readonly requests?: object; readonly limits?: object };
        }[];
      };
    };
  };
}

/** Adds annotations to the pods of one Rollout. */
function annotating(name: string, annotations: Readonly<Record<string, string>>): TransformResource {
  return (type, _name, props) => {
    const rollout = props as unknown as RolloutProps;
    if (!type.endsWith(":Rollout") || rollout.metadata?.name !== name) return props;
    const { spec } = rollout;
    const { metadata } = spec.template;
    return {
      ...props,
      spec: {
        ...spec,
        template: {
          ...spec.template,
          metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
        },
      },
    };
  };
}

/**
 * Waits until the declared version serves alone. A release that an earlier run left behind is ended without its
 * analyses: what is declared has been serving before.
 */
async function settle(view: ClusterView, namespace: string, name: string, signal: AbortSignal): Promise<RolloutView> {
  const until = performance.now() + restoreMs;
  for (;;) {
    const rollout = await view.rollout(namespace, name);
    if (rollout?.observed === true) {
      if (rollout.phase === "Healthy" && rollout.stableHash === rollout.currentHash) return rollout;
      if (underWay(rollout) || rollout.aborted) await view.promoteFully(namespace, name);
    }
    if (performance.now() > until) {
      throw new ProblemError(
        `Model "${name}" does not serve its declared version`,
        [
          {
            path: `Rollout ${namespace}/${name}`,
            reason: `it is ${rollout?.phase ?? "missing"}: ${rollout?.message || "no reason given"}.`,
          },
        ],
        exitCodes.incomplete,
      );
    }
    await sleep(500, undefined, { signal });
  }
}

/** Runs on Ctrl-C too, so it has a signal of its own. */
async function restore(args: RehearsalArgs, namespace: string): Promise<void> {
  const signal = AbortSignal.timeout(restoreMs);
  await declare({ ...args, signal });
  const view = new ClusterView(embeddedCluster(args.environment.name).kubeconfig, { signal });
  await settle(view, namespace, args.name, signal);
  await answersWith(args, signal);
}

/**
 * The gateway hears of the end a moment after the controller, and not at once: between the new weights and the new
 * subset it may go back to the old version. So the declared version has answered for a while before it counts as back.
 */
async function answersWith({ environment, name, model }: RehearsalArgs, signal: AbortSignal): Promise<void> {
  const { address, port } = embeddedCluster(environment.name).embedded.gateway;
  const at = { gateway: `${address}:${port}`, host: modelHost(name, environment.domain), model: name };
  for (let answers = 0; answers < steadyAnswers; ) {
    answers = (await predictOnce(at, undefined, signal)).version === model.version ? answers + 1 : 0;
    await sleep(100, undefined, { signal });
  }
}

/** Two seconds of answers: istiod sends a change within 100 ms, or a second while it is busy. */
const steadyAnswers = 20;

async function collect(traffic: AsyncIterable<TrafficSample>, into: TrafficSample[]): Promise<void> {
  for await (const sample of traffic) into.push(sample);
}

function report(
  args: RehearsalArgs,
  startedAt: string,
  watched: Watched,
  samples: readonly TrafficSample[],
): RehearsalReport {
  const { environment, name, model, to, faults, rate } = args;
  const { observations, analyses, evidence, course, rollout, outcome, reason, findings, endMs } = watched;
  const standIn = standInText(model.server);
  const listed = faults === "" ? [] : faults.split(",").map((fault) => fault.trim());
  const weightAt = (atMs: number) => observations.findLast((observation) => observation.atMs <= atMs)?.weight ?? 0;
  return {
    environment: environment.name,
    model: name,
    from: model.version,
    to,
    faults: listed,
    ...(standIn === undefined ? {} : { standIn }),
    rate,
    ...(args.requests === undefined ? {} : { requests: sentOf(args.requests) }),
    startedAt,
    durationMs: endMs,
    outcome,
    reason,
    ...(findings === undefined ? {} : { findings }),
    objectives: {
      p99Ms: milliseconds(model.slo.p99),
      errorRate: ratio(model.slo.errorRate),
      ...(model.slo.predictionScore === undefined ? {} : { meanScore: model.slo.predictionScore.mean }),
    },
    steps: stepsOf(observations, analyses, rollout, stepStages(model, rehearsalContext(name, model, environment))),
    evidence,
    course,
    events: releaseEvents({
      ...watched,
      to,
      faults: listed,
      stepWeights: rollout.stepWeights,
      end: { outcome, atMs: endMs },
    }),
    samples: samplesOf(samples, { from: model.version, to }, weightAt),
    served: servedOf(samples, observations),
  };
}

function sentOf({ file, bodies, order, seed }: RequestsSent): RequestsSent {
  return { file, bodies, order, seed };
}

function servedOf(samples: readonly TrafficSample[], observations: readonly Observation[]): Served {
  const sum = (value: (sample: TrafficSample) => number) => samples.reduce((total, sample) => total + value(sample), 0);
  const errors = sum(errorsOf);
  const slow = sum(({ versions }) => Object.values(versions).reduce((total, version) => total + version.slow, 0));
  return {
    requests: sum(({ sent }) => sent),
    bad: errors + slow,
    errors,
    errorsBy: samples.reduce<Record<string, number>>((total, sample) => {
      for (const [status, count] of Object.entries(sample.errors)) total[status] = (total[status] ?? 0) + count;
      return total;
    }, {}),
    slow,
    dropped: sum(({ dropped }) => dropped),
    byNewVersion: Math.max(0, ...observations.map(({ counters }) => counters.requests)),
  };
}

function errorsOf({ errors }: TrafficSample): number {
  return Object.values(errors).reduce((total, count) => total + count, 0);
}

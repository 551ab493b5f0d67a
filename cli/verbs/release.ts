import { setTimeout as sleep } from "node:timers/promises";
import { type ExitCode, exitCodes, type Problem, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import type { Place } from "../../diagnosis/gather/startEvidence.ts";
import type { Environment as Embedded } from "../../embedded/environment/environment.ts";
import { ClusterView } from "../../rehearsal/cluster/clusterView.ts";
import { diagnosed, modelPlace } from "../../rehearsal/cluster/modelPlace.ts";
import { stateOf } from "../../rehearsal/cluster/modelStates.ts";
import { performAction } from "../../rehearsal/cluster/performAction.ts";
import { plannedAction } from "../../rehearsal/cluster/releaseActions.ts";
import { type ReleaseView, releaseView } from "../../rehearsal/cluster/releaseView.ts";
import { type ClusterOptions, localCluster } from "../../rehearsal/local/localCluster.ts";
import { underWay } from "../../rehearsal/local/release.ts";
import { chosenClusters, declaredEnvironment, declaredModel, modelNamespace } from "../../stacks/declared.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import type { ReleaseVerb } from "../../stacks/environments/releaseVerbs.ts";
import { type ConfirmOptions, confirmAction, type Terminal } from "../confirm.ts";
import { refuseLoneContext } from "../localOptions.ts";
import type { Answer, Invocation } from "../run.ts";

/** Which model, on which cluster. */
export interface ReleaseOptions extends ClusterOptions {
  /** `--environment`: where the model is declared. @default `local`, by the command line */
  readonly environment: string;
  /**
   * `--cluster`: the name of the cluster that the kubeconfig leads to. Required if the environment has several.
   * @default its only cluster
   */
  readonly cluster?: string;
}

/** The options of the verbs that change a release. */
export interface ChangeOptions extends ReleaseOptions, ConfirmOptions {
  /** `--reason`: why, one line of at most 500 characters. It is kept on the Rollout. */
  readonly reason: string;
  /** `--full`, of `promote`: to all of the traffic at once. @default to the next weight */
  readonly full?: boolean;
  /** `--to`, of `rollback`: the version to go back to. @default the one that was stable before */
  readonly to?: string;
}

/** Where a release is read and changed. */
export interface ReleaseSite {
  /** The environment that declares the model. */
  readonly environment: Environment;
  /** The name of the cluster in it. */
  readonly cluster: string;
  /** The cluster. */
  readonly view: ClusterView;
  /** The namespace of its models. */
  readonly namespace: string;
  /** The URL of its Prometheus, where this machine reaches it. */
  readonly prometheusUrl?: string;
  /** The environment on this machine. Absent: it is another cluster. */
  readonly embedded?: Embedded;
  /** Where a diagnosis of a declared model looks. */
  readonly place: (model: string) => Place;
}

/**
 * The cluster that a verb of `serin release` is about.
 * @throws ProblemError for what is not declared, options that do not go together and a cluster that cannot be had
 */
export function releaseSite(name: string, options: ReleaseOptions, signal: AbortSignal): ReleaseSite {
  const environment = declaredEnvironment(options.environment);
  declaredModel(environment, name);
  refuseLoneContext(options);
  if (environment.name !== "local" && options.kubeconfig === undefined) {
    throw new ProblemError(`Environment "${environment.name}" cannot be reached without its cluster`, [
      {
        path: "--kubeconfig",
        reason: "it is not given, and serin keeps no credentials.",
        fix: "Write --kubeconfig <file>, and --cluster where the environment has several.",
      },
    ]);
  }
  const [cluster = environment.name] = chosenClusters(environment, options);
  const { kubeconfig, embedded } = localCluster(environment.name, options);
  const view = new ClusterView(kubeconfig, { signal });
  return {
    environment,
    cluster,
    view,
    namespace: modelNamespace(environment),
    ...(embedded === undefined ? {} : { prometheusUrl: embedded.prometheusUrl, embedded }),
    place: (model) =>
      modelPlace(
        diagnosed(environment, model, declaredModel(environment, model)),
        view.client,
        { embedded },
        { options, signal },
      ),
  };
}

/** The release of a model. @throws ProblemError when the model is not deployed */
export async function foundRelease({ view, namespace, cluster }: ReleaseSite, name: string): Promise<ReleaseView> {
  const release = await releaseView(view, namespace, name);
  if (release !== undefined) return release;
  throw new ProblemError(
    `Model "${name}" is not deployed on ${cluster}`,
    [
      {
        path: `Rollout ${namespace}/${name}`,
        reason: "it does not exist.",
        fix: "Bring the environment up, or name the cluster that has it.",
      },
    ],
    exitCodes.unavailable,
  );
}

/** How long the controller may take to see a change of the Rollout: on a busy cluster it has others to look at. */
const observedMs = 15_000;

/** The release once the controller has seen the last change of it, or as it is when that takes too long. */
async function settledRelease(site: ReleaseSite, name: string, signal: AbortSignal): Promise<ReleaseView> {
  const until = performance.now() + observedMs;
  for (;;) {
    const release = await foundRelease(site, name);
    if (release.rollout.observed || performance.now() > until) return release;
    await sleep(250, undefined, { signal });
  }
}

/**
 * `serin release promote|abort|rollback|retry|pause|resume`: says what it will do, asks, writes who and why onto the
 * Rollout, does it, and waits until the cluster shows it.
 *
 * @throws ProblemError, with exit code 3, for a verb that the environment forbids
 */
export async function changeRelease(
  verb: ReleaseVerb,
  name: string,
  options: ChangeOptions,
  { signal }: Invocation,
  terminal?: Terminal,
): Promise<Answer> {
  rejectProblems("Nothing was changed", reasonProblems(options.reason));
  const site = releaseSite(name, options, signal);
  const { environment, cluster, view, namespace } = site;
  refuseForbidden(verb, environment);
  const seen = await settledRelease(site, name, signal);
  const action = plannedAction(verb, {
    view: seen,
    options,
    declaredAt: `The declaration (models.${name}.version of environment "${environment.name}")`,
    declared: declaredModel(environment, name).version,
  });
  const told = [`${name} on ${cluster}: ${standing(seen)}`, ...action.does, ...action.afterwards];
  await confirmAction({ what: verb, subject: name, told }, options, signal, terminal);
  const reason = options.reason.trim();
  const performed = await performAction({
    view,
    namespace,
    name,
    action,
    seen,
    reason,
    patienceMs: patienceOf(verb),
    signal,
  });
  const { record, done, now, tookMs } = performed;
  const exitCode = exitCodeOf(verb, done);
  return {
    result: {
      environment: environment.name,
      cluster,
      model: name,
      action: record,
      does: action.does,
      afterwards: action.afterwards,
      done,
      tookMs,
      version: { stable: now.stableVersion, newest: now.rollout.version },
      weight: now.weight,
      state: stateOf(now.rollout),
    },
    text: [
      ...(options.yes === true ? told : []),
      `${outcome(verb, done, tookMs)} ${standing(now)}`,
      `Recorded: ${record.by}, ${record.at}: ${record.reason}`,
    ].join("\n"),
    exitCode,
  };
}

/** Who has the traffic, in one line. */
export function standing({ rollout, weight, stableVersion, paused }: ReleaseView): string {
  if (!underWay(rollout)) return `version ${stableVersion} has all of the traffic (${stateOf(rollout)}).`;
  return `version ${rollout.version} has ${weight} % of the traffic, version ${stableVersion} ${100 - weight} % (${
    paused ? "paused by a person" : stateOf(rollout)
  }).`;
}

function outcome(verb: ReleaseVerb, done: boolean, tookMs: number): string {
  if (done) return `Done after ${(tookMs / 1_000).toFixed(1)} s:`;
  return returnsTraffic(verb)
    ? `Asked, but the traffic has not returned after ${Math.round(tookMs / 1_000)} s: pods of the stable version may be missing ("npx serin release status" shows them). Now`
    : "Asked; it is under way:";
}

function returnsTraffic(verb: ReleaseVerb): boolean {
  return verb === "abort" || verb === "rollback";
}

/** A person waits for the traffic to be back. What needs pods of a model is not waited for. */
function patienceOf(verb: ReleaseVerb): number {
  return returnsTraffic(verb) ? 60_000 : 10_000;
}

function exitCodeOf(verb: ReleaseVerb, done: boolean): ExitCode {
  return !done && returnsTraffic(verb) ? exitCodes.incomplete : exitCodes.ok;
}

function refuseForbidden(verb: ReleaseVerb, environment: Environment): void {
  if (environment.forbiddenReleaseVerbs?.includes(verb) !== true) return;
  throw new ProblemError(
    "Nothing was changed",
    [
      {
        path: verb,
        reason: `environment "${environment.name}" forbids it (forbiddenReleaseVerbs).`,
        fix: "Let the analyses decide, or have the declaration changed.",
      },
    ],
    exitCodes.policy,
  );
}

/** An Event's message has at most 1,024 bytes, the name of the person included. */
const longestReason = 500;

function reasonProblems(reason: string): Problem[] {
  const text = reason.trim();
  if (text !== "" && text.length <= longestReason && !/\p{Cc}/u.test(text)) return [];
  return [
    {
      path: "--reason",
      reason: `it is not one line of 1 to ${longestReason} characters.`,
      fix: 'Write why, for example --reason "error budget spent, INC-1234".',
    },
  ];
}

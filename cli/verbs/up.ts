import type { ListrTask } from "listr2";
import { cloudOf } from "../../components/cluster/clouds.ts";
import { describeProblems, exitCodes, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import { seconds } from "../../components/core/quantity.ts";
import { stackNameParts } from "../../components/core/stackName.ts";
import { modelHost } from "../../components/model/traffic.ts";
import { startFindings, startState } from "../../diagnosis/startFindings.ts";
import { standInText } from "../../embedded/standIn/standIn.ts";
import type { Engine, EngineEvents, ResourceEvent, StackConfig, StackResult } from "../../engine/engine.ts";
import type { PulumiEngine, SideBySide } from "../../engine/pulumi/pulumiEngine.ts";
import { planEnvironment, rejectMandatoryViolations } from "../../plan/plan.ts";
import { planSummary } from "../../plan/planText.ts";
import { count } from "../../preflight/check.ts";
import { type ClusterReport, Preflight } from "../../preflight/preflight.ts";
import {
  type Examined,
  heldBack,
  isAdopted,
  type Others,
  preflightStep,
  whatWaits,
} from "../../preflight/preflightStep.ts";
import { ClusterView } from "../../rehearsal/cluster/clusterView.ts";
import { diagnosed, modelPlace } from "../../rehearsal/cluster/modelPlace.ts";
import { modelStates } from "../../rehearsal/cluster/modelStates.ts";
import { embeddedGatewayProblems } from "../../rehearsal/local/embeddedGateway.ts";
import { alone } from "../../rehearsal/local/exclusive.ts";
import {
  type ClusterOptions,
  embeddedCluster,
  type LocalCluster,
  liveEngine,
  localConfig,
  ownCluster,
  pulumiEngine,
  sampleRepository,
  stacksOf,
} from "../../rehearsal/local/localCluster.ts";
import { embeddedStoreProblems, missingClaims } from "../../rehearsal/local/modelStore.ts";
import { requireOwn } from "../../rehearsal/local/ownership.ts";
import { underWay, waitUntilServing } from "../../rehearsal/local/release.ts";
import { predictOnce } from "../../rehearsal/prediction.ts";
import { declaredEnvironment, declaredModel, modelNamespace } from "../../stacks/declared.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { project, secretsProviderOf } from "../../stacks/project.ts";
import { type StackLayout, stackLayout } from "../../stacks/stackLayout.ts";
import { stackName } from "../../stacks/stackName.ts";
import { embeddedStep } from "../embeddedStep.ts";
import { refuseLocalOptions } from "../localOptions.ts";
import type { Answer, Invocation } from "../run.ts";
import { type ServedModel, servedModels } from "../servedModels.ts";
import { runSteps } from "../terminal.ts";
import { type RegistryOptions, registryCredentials, standOf } from "./preflight.ts";

/** The options of `serin up`. */
export interface UpOptions extends ClusterOptions, RegistryOptions {
  /** What applies the stacks of `local`. @default "live" there; other environments are always deployed by Pulumi */
  readonly engine?: "live" | "pulumi";
  /** The port of the embedded gateway. @default 8080, or a free one */
  readonly gatewayPort?: number;
  /** Takes over an embedded environment of another checkout. */
  readonly yes?: boolean;
  /**
   * `--layer cluster`: clusters are made or brought up to date, and nothing on them is looked at or changed. So a
   * person can connect networks and fill model stores first.
   * @default all layers
   */
  readonly layer?: "cluster";
}

interface Progress extends Examined {
  cluster?: LocalCluster;
  layout?: StackLayout;
  stacks: StackResult[];
  failures: SideBySide["failures"][number][];
  models: Record<string, ServedModel>;
  /** Where the page of the embedded environment's Prometheus is. */
  prometheusUrl?: string;
}

/** Plans, looks at the clusters, then brings the layers up in order, then shows that the models answer. */
export async function up(name: string, options: UpOptions, invocation: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(name);
  const isLocal = name === "local";
  refuseLocalOptions(name, options);
  if (options.layer !== undefined) refuseLayer(environment);
  if (isLocal && options.kubeconfig === undefined) requireOwn(name, { takeOver: options.yes });
  const own = options.kubeconfig === undefined ? undefined : ownCluster(options.kubeconfig, options.context);
  if (isLocal && own === undefined) {
    rejectProblems(`Environment "${name}" cannot be brought up`, [
      ...embeddedGatewayProblems(environment),
      ...embeddedStoreProblems(environment.models, sampleRepository),
    ]);
  }

  const credentials = registryCredentials(options);

  const plan = await planEnvironment(environment, invocation.signal);
  plan.remove();
  if (!invocation.json) process.stdout.write(`${planSummary(plan)}\n\n`);
  rejectMandatoryViolations(plan);

  const progress: Progress = { preflight: [], stacks: [], failures: [], models: {} };
  const preflight = new Preflight(environment, {
    stand: standOf(name, options),
    credentials,
    skipRegistries: options.skipRegistries,
    signal: invocation.signal,
  });
  const steps = isLocal
    ? localSteps(environment, options, own, preflight, invocation)
    : remoteSteps(environment, options, preflight, invocation);
  const bringUp = () => runSteps(progress, steps, invocation);
  await (isLocal ? alone(name, bringUp) : bringUp());
  return options.layer === undefined ? answer(environment, progress) : layerAnswer(environment, progress);
}

/** Refuses to bring the cluster layer up alone where it makes no cluster. @throws ProblemError */
function refuseLayer({ name, clusters }: Environment): void {
  if (name !== "local" && Object.values(clusters).some((spec) => !cloudOf(spec).adopted)) return;
  rejectProblems("Some options do not apply", [
    {
      path: "--layer",
      reason: `the clusters of environment "${name}" are there already, so its cluster layer makes none.`,
      fix: "Leave it out.",
    },
  ]);
}

/**
 * Clusters that are there are looked at before anything is changed; those that the cluster layer makes, right after it.
 * A cluster that has not passed waits; the others go on, unless one stack holds them all.
 */
function remoteSteps(
  environment: Environment,
  { layer }: UpOptions,
  preflight: Preflight,
  { signal }: Invocation,
): ListrTask<Progress>[] {
  const cluster = stackName(environment.name, "cluster");
  let made: Promise<PulumiEngine> | undefined;
  const engine = () =>
    (made ??= pulumiEngine({
      config: (stack) => narrowConfig(environment, stack),
      secretsProvider: () => secretsProviderOf(cluster),
      signal,
    }));
  const others = ({ layout }: Progress) => othersOf(environment, layout);
  const clusterLayer: ListrTask<Progress>[] = [
    {
      title: "Stacks",
      task: async (progress) => {
        progress.layout = stackLayout(environment, await (await engine()).holding());
      },
    },
    preflightStep(
      environment,
      preflight,
      "the cluster layer",
      async () => {
        const { deployedKubeconfigs } = await import("../../preflight/deployedKubeconfigs.ts");
        const { pulumiCommand } = await import("../../engine/pulumi/pulumiEngine.ts");
        return deployedKubeconfigs(environment, { command: pulumiCommand });
      },
      others,
    ),
    layersStep([cluster], engine),
  ];
  if (layer === "cluster") return clusterLayer;
  return [
    ...clusterLayer,
    preflightStep(
      environment,
      preflight,
      "the platform",
      async ({ stacks, preflight: before }) => {
        const done = before.filter(
          (report) => isAdopted(environment, report.cluster) && report.notLookedAt === undefined,
        );
        return publishedKubeconfigs(stacks, done);
      },
      others,
    ),
    onClustersStep(engine),
    modelsStep(environment, signal),
  ];
}

/** What the models do on the clusters that are up. Nothing waits for them: `serin status` has the rest. */
function modelsStep(environment: Environment, signal: AbortSignal): ListrTask<Progress> {
  return {
    title: "Models",
    task: async (progress) => {
      const failed = progress.failures.map(({ stack }) => stackNameParts(stack)?.cluster);
      const down = new Set([...heldBack(progress.preflight).map(({ cluster }) => cluster), ...failed]);
      const kubeconfigs = Object.entries(publishedKubeconfigs(progress.stacks, []))
        .filter(([cluster, { kubeconfig }]) => !down.has(cluster) && kubeconfig !== "")
        .map(([cluster, { kubeconfig }]) => [cluster, kubeconfig] as const);
      const namespace = modelNamespace(environment);
      const models = Object.keys(environment.models);
      progress.models = await modelStates(Object.fromEntries(kubeconfigs), models, {
        namespace,
        signal,
        place: (model, client) =>
          modelPlace(diagnosed(environment, model, declaredModel(environment, model)), client, {}, { signal }),
      });
    },
  };
}

/** A stack of one cluster reads the cluster layer of all. */
function narrowConfig({ name }: Environment, stack: string): StackConfig {
  if (stackNameParts(stack)?.cluster === undefined) return {};
  return { config: { [`${project}:clusterStack`]: stackName(name, "cluster") } };
}

/** A stack of all clusters cannot be brought up for some of them: it would remove what the others have. */
function othersOf({ clusters }: Environment, layout: StackLayout | undefined): Others {
  if (layout === undefined || layout.narrow) return "go on";
  if (Object.keys(clusters).length === 1) return undefined;
  return {
    path: layout.stacks.join(", "),
    reason: "each holds all clusters, so all of them wait.",
    fix: 'So that one waits alone, divide them: docs/clusters.md, "From one stack to one for each cluster".',
  };
}

/** Platform and models of every cluster that does not wait. */
function onClustersStep(engine: () => Promise<PulumiEngine>): ListrTask<Progress> {
  return engineStep(async (progress, events) => {
    const { layout } = progress;
    if (layout === undefined) throw new TypeError("the stacks are not known");
    if (!layout.narrow) return (await engine()).up(layout.stacks, events);
    const waiting = new Set(heldBack(progress.preflight).map(({ cluster }) => cluster));
    const chains = Object.entries(layout.chains).filter(([cluster]) => !waiting.has(cluster));
    const { results, failures } = await (await engine()).upSideBySide(
      chains.map(([, chain]) => chain),
      events,
    );
    progress.failures.push(...failures);
    return results;
  });
}

/** What the cluster layer has just published, without the clusters that are done with. */
function publishedKubeconfigs(
  stacks: readonly StackResult[],
  done: readonly ClusterReport[],
): Record<string, { kubeconfig: string }> {
  const { kubeconfigs = {} } = (stacks[0]?.outputs ?? {}) as { kubeconfigs?: Record<string, string> };
  return Object.fromEntries(
    Object.entries(kubeconfigs)
      .filter(([name]) => !done.some(({ cluster }) => cluster === name))
      .map(([name, kubeconfig]) => [name, { kubeconfig }]),
  );
}

function localSteps(
  environment: Environment,
  options: UpOptions,
  own: LocalCluster | undefined,
  preflight: Preflight,
  invocation: Invocation,
): ListrTask<Progress>[] {
  const { signal } = invocation;
  const clusterOf = ({ cluster }: Progress): LocalCluster => cluster ?? embeddedCluster(environment.name);
  const engine = async (progress: Progress): Promise<Engine> =>
    options.engine === "pulumi"
      ? pulumiEngine({ config: () => localConfig(environment, clusterOf(progress)), signal })
      : liveEngine(environment, clusterOf(progress), { signal });

  return [
    own === undefined ? embeddedStep(environment.name, options, signal) : ownClusterStep(environment, own, signal),
    preflightStep(environment, preflight, "the cluster layer", async (progress) => {
      const { kubeconfig } = clusterOf(progress);
      return Object.fromEntries(Object.keys(environment.clusters).map((name) => [name, { kubeconfig }]));
    }),
    layersStep(stacksOf(environment), engine),
    {
      title: "Models",
      task: async (progress, task) => {
        const { kubeconfig, embedded } = clusterOf(progress);
        if (embedded !== undefined) progress.prometheusUrl = embedded.prometheusUrl;
        const view = new ClusterView(kubeconfig, { signal });
        for (const [name, model] of Object.entries(environment.models)) {
          const place = modelPlace(diagnosed(environment, name, model), view.client, { embedded }, { options, signal });
          const rollout = await waitUntilServing(view, modelNamespace(environment), name, {
            timeoutMs: 2_000 * seconds(model.server.startup),
            signal,
            start: () => startState(place),
            findings: () => startFindings(place),
            onState: (state) => {
              task.title = `Models: ${name} ${state}`;
            },
          });
          const state = underWay(rollout) ? `release under way, step ${rollout.step}` : rollout.phase.toLowerCase();
          progress.models[name] = { version: rollout.version, state };
          if (embedded === undefined) continue;
          const standIn = standInText(model.server);
          const gateway = `${embedded.gateway.address}:${embedded.gateway.port}`;
          const prediction = await predictOnce(
            { gateway, host: modelHost(name, environment.domain), model: name },
            undefined,
            signal,
          );
          progress.models[name] = {
            version: prediction.version,
            state,
            ...(underWay(rollout) ? { releasing: model.version } : {}),
            ...(standIn === undefined ? {} : { standIn }),
            prediction,
          };
        }
        task.title = "Models answer";
      },
    },
  ];
}

function ownClusterStep(environment: Environment, own: LocalCluster, signal: AbortSignal): ListrTask<Progress> {
  return {
    title: "Cluster",
    task: async (progress) => {
      const problems = await missingClaims(environment, new ClusterView(own.kubeconfig, { signal }));
      rejectProblems(`Environment "${environment.name}" cannot be brought up on this cluster`, problems);
      progress.cluster = own;
    },
  };
}

function layersStep(stacks: readonly string[], engine: (progress: Progress) => Promise<Engine>): ListrTask<Progress> {
  return engineStep(async (progress, events) => (await engine(progress)).up(stacks, events));
}

function engineStep(
  deploy: (progress: Progress, events: EngineEvents) => Promise<readonly StackResult[]>,
): ListrTask<Progress> {
  return {
    title: "Layers",
    task: async (progress, task) => {
      let changed = 0;
      const underWay = new Set<string>();
      const results = await deploy(progress, {
        onStack: (stack, state) => {
          if (state === "started") underWay.add(stack);
          else underWay.delete(stack);
          if (underWay.size > 0) task.title = `Layers: ${[...underWay].join(", ")}`;
        },
        onResource: ({ action, type, name, object }: ResourceEvent) => {
          if (action === "unchanged" || action === "read") return;
          changed += 1;
          task.output = `${action} ${object ?? `${type} ${name}`}`;
        },
        onLog: (severity, message) => {
          task.output = `${severity}: ${message}`;
        },
      });
      progress.stacks = [...progress.stacks, ...results];
      task.title = `Layers: ${changed === 0 ? "nothing to change" : count(changed, "change")}`;
    },
    rendererOptions: { outputBar: 1, persistentOutput: false },
  };
}

/**
 * What is up, and what waits and why. With a cluster that waits the exit code is the preflight's.
 *
 * @throws ProblemError when the engine could not deploy a cluster's stacks, with what waits besides.
 */
function answer({ name, clusters }: Environment, progress: Progress): Answer {
  const { preflight, stacks, failures, models, prometheusUrl } = progress;
  const waiting = whatWaits(preflight);
  const waits = new Set(heldBack(preflight).map(({ cluster }) => cluster));
  const up = Object.keys(clusters).length - waits.size - failures.length;
  const subject = `${up === 0 ? "None" : up} of ${count(Object.keys(clusters).length, "cluster")} of environment "${name}" ${up === 1 ? "is" : "are"} up`;
  if (failures.length > 0) {
    throw new ProblemError(
      subject,
      [
        ...failures.flatMap(({ stack, error }) =>
          error.problems.map((one) => ({ ...one, path: `${stack}, ${one.path}` })),
        ),
        ...waiting,
      ],
      exitCodes.incomplete,
    );
  }
  const again =
    waits.size === 0
      ? ""
      : `${describeProblems(`${subject}; the others wait`, waiting)}\nRun this again when that is done.`;
  return {
    result: {
      environment: name,
      preflight,
      stacks: stacks.map(({ stack, changes }) => ({ stack, changes })),
      models,
      waiting: [...waits],
      ...(prometheusUrl === undefined ? {} : { prometheus: prometheusUrl }),
    },
    text: [servedModels(models), prometheusUrl === undefined ? "" : furtherWays(prometheusUrl), again]
      .filter((text) => text !== "")
      .join("\n"),
    exitCode: waits.size === 0 ? exitCodes.ok : exitCodes.preflight,
  };
}

/** What is up after the cluster layer alone, what a person does next, and which sites do not pass the preflight yet. */
function layerAnswer({ name }: Environment, { preflight, stacks }: Progress): Answer {
  const waiting = whatWaits(preflight);
  const up = `The cluster layer of environment "${name}" is up; platform and models are as they were.`;
  const next = `Next: connect the networks and fill the model stores, as the end of "npx serin plan ${name}" has it. Then: npx serin up ${name}`;
  const sites = waiting.length === 0 ? [] : [describeProblems("Until then these clusters would wait", waiting)];
  return {
    result: {
      environment: name,
      preflight,
      stacks: stacks.map(({ stack, changes }) => ({ stack, changes })),
      models: {},
      waiting: [...new Set(heldBack(preflight).map(({ cluster }) => cluster))],
    },
    text: [up, next, ...sites].join("\n"),
    exitCode: waiting.length === 0 ? exitCodes.ok : exitCodes.preflight,
  };
}

/** How else the embedded environment is looked at. */
function furtherWays(prometheusUrl: string): string {
  return `\nPrometheus ${prometheusUrl}\nkubectl, k9s: export KUBECONFIG=$(npx serin kubeconfig --path)`;
}

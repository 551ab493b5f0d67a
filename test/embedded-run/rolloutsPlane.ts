import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Model } from "../../components/model/model.ts";
import { objectNames, releaseRoutes, subsets } from "../../components/model/objectNames.ts";
import { rolloutSpec } from "../../components/model/rollout.ts";
import { hasManagedRoutes, strategyOf } from "../../components/model/strategies/strategies.ts";
import { destinationRuleSpec, grpcReleaseSpec, releaseSpec, servicePorts } from "../../components/model/traffic.ts";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { argoRolloutsDefinitions } from "../../embedded/toolchain/customResources.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import { argoRollouts, kubernetes } from "../../embedded/toolchain/tools.ts";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { host } from "../components/model/fixtures.ts";
import { type ControlPlane, startControlPlane } from "./controlPlane.ts";
import {
  applyAsTest,
  endProcess,
  prepareForModels,
  type ScriptedPrometheus,
  scriptedPrometheus,
  startRolloutsController,
} from "./rolloutsParts.ts";

const namespace = "models";
/** Seconds between two scrapes, so that a look takes two. */
const scrapeInterval = "1s";

/** A pod as the fake kubelet sees it: the `ordinal`-th pod of this version of the model, counted from 0. */
export interface FakePod {
  readonly model: string;
  readonly version: string;
  readonly ordinal: number;
}

/** What a query of a model's analysis asks: the template, without the model's name, and the metric. */
export interface Question {
  readonly model: string;
  readonly template: string;
  readonly metric: string;
  /** What the controller filled in for the arguments of the query, in their order. */
  readonly args: readonly string[];
}

/** Who answers for what a control plane alone has not: kubelet and Prometheus. */
export interface World {
  /** Whether templates keep their first metric alone: with many models, queries of 20 kB are too many. @default all */
  readonly oneMetric?: true;
  /** The state of a pod. Asked twice a second. */
  pod(pod: FakePod): "ready" | "unready" | "pending";
  /** The value of a query; undefined for no data, an error for a Prometheus that is away. */
  value(question: Question): number | undefined | "away";
}

interface RawPod {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly { type: string; status: string }[] };
}

/** The fields of a Rollout that tests look at. */
export interface RolloutState {
  readonly spec: { readonly paused?: boolean };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly abort?: boolean;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly currentStepIndex?: number;
    readonly pauseConditions?: readonly { readonly reason: string }[];
  };
}

/**
 * A control plane with the ReplicaSet controller and the real Rollouts controller. Pods run nowhere: a fake kubelet
 * writes their status, and a fake Prometheus answers the analyses.
 */
export class RolloutsPlane {
  readonly plane: ControlPlane;
  readonly #world: World;
  readonly #directory: string;
  readonly #prometheus: ScriptedPrometheus;
  readonly #queries: { readonly pattern: RegExp; readonly asked: Omit<Question, "args"> }[] = [];
  readonly #rolloutsController: string;
  readonly #replicaSets: ChildProcess;
  #rollouts: ChildProcess;
  readonly #ready = new Map<string, number>();
  #kubelet: Promise<void>;
  #running = true;

  static async start(world: World): Promise<RolloutsPlane> {
    const tools = await installTools([kubernetes, argoRollouts, argoRolloutsDefinitions], {
      cache: cacheDirectory(),
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    const plane = await startControlPlane();
    const definitions = tools.get(argoRolloutsDefinitions.name)?.files.values() ?? [];
    await prepareForModels(plane, [...plane.istioDefinitions, ...definitions], namespace);
    const directory = mkdtempSync(join(tmpdir(), "serin-rollouts-"));
    const kubeconfig = join(directory, "kubeconfig");
    writeFileSync(kubeconfig, plane.kubeconfig, { mode: 0o600 });
    let started: RolloutsPlane | undefined;
    const prometheus = await scriptedPrometheus((query) => started?.answer(query));
    const program = (tool: string, file: string) => tools.get(tool)?.files.get(file) ?? file;
    const rollouts = program(argoRollouts.name, "rollouts-controller");
    started = new RolloutsPlane(plane, world, prometheus, directory, {
      rollouts,
      manager: program(kubernetes.name, "kube-controller-manager"),
      running: await startRolloutsController(rollouts, kubeconfig),
    });
    return started;
  }

  private constructor(
    plane: ControlPlane,
    world: World,
    prometheus: ScriptedPrometheus,
    directory: string,
    programs: { readonly manager: string; readonly rollouts: string; readonly running: ChildProcess },
  ) {
    this.plane = plane;
    this.#world = world;
    this.#directory = directory;
    this.#prometheus = prometheus;
    this.#rolloutsController = programs.rollouts;
    this.#rollouts = programs.running;
    this.#replicaSets = spawn(
      programs.manager,
      [
        `--kubeconfig=${this.#kubeconfig}`,
        "--controllers=replicaset-controller",
        ...["--leader-elect=false", "--secure-port=0", "--kube-api-qps=200", "--kube-api-burst=400"],
      ],
      { stdio: "ignore" },
    );
    this.#kubelet = this.#runKubelet();
  }

  /** How many pods of a version of a model are ready. */
  readyPods(model: string, version: string): number {
    return this.#ready.get(`${model} ${version}`) ?? 0;
  }

  /** Kills the Rollouts controller. */
  async stopController(): Promise<void> {
    await endProcess(this.#rollouts);
  }

  /** Starts the Rollouts controller again. */
  async startController(): Promise<void> {
    this.#rollouts = await startRolloutsController(this.#rolloutsController, this.#kubeconfig);
  }

  /** What Prometheus answers to a query of the models that were deployed. */
  answer(query: string): ReturnType<World["value"]> {
    for (const { pattern, asked } of this.#queries) {
      const [whole, ...args] = pattern.exec(query) ?? [];
      if (whole !== undefined) return this.#world.value({ ...asked, args });
    }
    throw new Error(`no template has the query ${query}`);
  }

  /**
   * Writes the objects of a model as they are emitted, its pods on no node. The next version changes the Rollout alone,
   * since a controller owns fields of the others.
   *
   * `podDeadlineSeconds` is the longest wait for a pod; what is declared would be minutes.
   */
  async deploy(name: string, model: Model, podDeadlineSeconds: number): Promise<void> {
    const context = {
      ...{ name, namespace, podDeadlineSeconds, prometheusAddress: this.#prometheus.address },
      scrapeInterval,
    } as const;
    const strategy = strategyOf(model.release);
    const rollout = rolloutSpec(model, host, context);
    if ((await this.rollout(name)) === undefined) {
      for (const service of [name, ...(strategy.services?.(name) ?? [])]) {
        await this.#apply("v1", "services", "Service", service, { selector: { app: name }, ports: servicePorts });
      }
      await this.#apply(
        "networking.istio.io/v1",
        "destinationrules",
        "DestinationRule",
        name,
        destinationRuleSpec(name, namespace, model.traffic),
      );
      await this.#apply(
        "networking.istio.io/v1",
        "virtualservices",
        "VirtualService",
        objectNames(name).release,
        releaseSpec(name, namespace),
      );
      if (hasManagedRoutes(model.release)) {
        const { grpcRelease } = objectNames(name);
        const spec = grpcReleaseSpec(name, namespace);
        await this.#apply("networking.istio.io/v1", "virtualservices", "VirtualService", grpcRelease, spec);
      }
      for (const { object, spec: emitted } of strategy.analyses(model, model.release, context)) {
        const spec = this.#world.oneMetric === true ? { ...emitted, metrics: emitted.metrics.slice(0, 1) } : emitted;
        await this.#apply("argoproj.io/v1alpha1", "analysistemplates", "AnalysisTemplate", object, spec);
        const template = object.slice(name.length + 1);
        for (const { name: metric, query } of queriesOf(spec)) {
          this.#queries.push({ pattern: pattern(query), asked: { model: name, template, metric } });
        }
      }
    }
    await this.#apply("argoproj.io/v1alpha1", "rollouts", "Rollout", name, rollout);
  }

  /** The Rollout of a model; undefined where there is none. */
  async rollout(name: string): Promise<RolloutState | undefined> {
    const { items } = await this.plane.send<{ items: (RolloutState & { metadata: { name: string } })[] }>({
      method: "GET",
      path: this.#path("argoproj.io/v1alpha1", "rollouts"),
    });
    return items.find(({ metadata }) => metadata.name === name);
  }

  /** Every Rollout, by model. */
  async rollouts(): Promise<Map<string, RolloutState>> {
    const { items } = await this.plane.send<{ items: (RolloutState & { metadata: { name: string } })[] }>({
      method: "GET",
      path: this.#path("argoproj.io/v1alpha1", "rollouts"),
    });
    return new Map(items.map((item) => [item.metadata.name, item]));
  }

  /** The percent of the traffic on the new version, by model. */
  async weights(): Promise<Map<string, number>> {
    const { items } = await this.plane.send<{ items: RawVirtualService[] }>({
      method: "GET",
      path: this.#path("networking.istio.io/v1", "virtualservices"),
    });
    return new Map(
      items.map(({ metadata, spec }) => [
        metadata.name.replace(/-release$/, ""),
        spec.http
          .find(({ name }) => name === releaseRoutes.http)
          ?.route.find(({ destination }) => destination.subset === subsets.canary)?.weight ?? 0,
      ]),
    );
  }

  /** The names of the routes of a VirtualService, with the port and the subset of the first destination of each. */
  async routes(name: string): Promise<string[]> {
    const { spec } = await this.plane.send<RawVirtualService>({
      method: "GET",
      path: `${this.#path("networking.istio.io/v1", "virtualservices")}/${name}`,
    });
    return spec.http.map(({ name: route, route: [first] }) => {
      const { port, subset } = first?.destination ?? {};
      return `${route} ${port?.number} ${subset}`;
    });
  }

  /** Changes a Rollout as a person does, or its status as `kubectl argo rollouts` does. */
  async patch(name: string, body: object, subresource: "" | "/status" = ""): Promise<void> {
    await this.plane.send({
      method: "PATCH",
      path: `${this.#path("argoproj.io/v1alpha1", "rollouts")}/${name}${subresource}`,
      body,
      contentType: "application/merge-patch+json",
    });
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#kubelet;
    await Promise.all([endProcess(this.#rollouts), endProcess(this.#replicaSets)]);
    this.#prometheus.close();
    await this.plane.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #kubeconfig(): string {
    return join(this.#directory, "kubeconfig");
  }

  #path(apiVersion: string, plural: string): string {
    return `${apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`}/namespaces/${namespace}/${plural}`;
  }

  async #apply(apiVersion: string, plural: string, kind: string, name: string, spec: unknown): Promise<void> {
    const object = { apiVersion, kind, metadata: { name, namespace }, spec } as KubernetesObject;
    await applyAsTest(this.plane, this.#path(apiVersion, plural), object);
  }

  async #runKubelet(): Promise<void> {
    while (this.#running) {
      await this.#look();
      await sleep(500);
    }
  }

  async #look(): Promise<void> {
    const path = this.#path("v1", "pods");
    const { items } = await this.plane.send<{ items: RawPod[] }>({ method: "GET", path });
    const sets = Map.groupBy(items, ({ metadata }) => `${metadata.labels.app} ${metadata.labels.version}`);
    this.#ready.clear();
    for (const [set, pods] of sets) this.#ready.set(set, pods.filter(isReady).length);
    const changes = [...sets.values()].flatMap((pods) =>
      pods
        .sort((a, b) => order(a).localeCompare(order(b)))
        .flatMap((pod, ordinal) => {
          const { metadata } = pod;
          const { app: model = "", version = "" } = metadata.labels;
          const wanted = this.#world.pod({ model, version, ordinal });
          if (wanted === "pending" || (wanted === "ready") === isReady(pod)) return [];
          return [{ pod: metadata.name, ready: wanted === "ready" }];
        }),
    );
    await Promise.all(
      changes.map(async ({ pod, ready }) => {
        const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, "");
        const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime }];
        // The pod may be gone by now.
        await this.plane
          .send({
            method: "PATCH",
            path: `${path}/${pod}/status`,
            body: { status: { phase: "Running", conditions } },
            contentType: "application/strategic-merge-patch+json",
          })
          .catch(() => {});
      }),
    );
  }
}

interface RawVirtualService {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly http: readonly {
      readonly name: string;
      readonly route: readonly {
        readonly destination: { readonly subset: string; readonly port?: { readonly number: number } };
        readonly weight?: number;
      }[];
    }[];
  };
}

function isReady({ status }: RawPod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
}

function order({ metadata }: RawPod): string {
  return `${metadata.creationTimestamp} ${metadata.name}`;
}

function queriesOf(spec: unknown): { name: string; query: string }[] {
  const { metrics } = spec as { metrics: { name: string; provider: { prometheus: { query: string } } }[] };
  return metrics.map(({ name, provider }) => ({ name, query: provider.prometheus.query }));
}

/** A query with whatever the controller filled in for its arguments. */
function pattern(query: string): RegExp {
  const parts = query.split(/\{\{args\.[a-z-]+\}\}/).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join("([a-z0-9]+)")}$`);
}

import { createHash } from "node:crypto";
import { ProblemError } from "../../components/core/problem.ts";
import type { ResourceEvent } from "../engine.ts";
import {
  describeObject,
  type KubernetesObject,
  type ObjectReference,
  referenceTo,
} from "../kubernetes/kubernetesObject.ts";
import {
  describeResource,
  type RecordedProperties,
  type RecordedResource,
  type RecordedValue,
} from "../recordedResource.ts";
import type { Reading, ResourceMonitor, ResourceState } from "../resourceMonitor.ts";
import { plainProperties } from "../wireValues.ts";
import { applyObject, type KindWait } from "./applyObject.ts";
import { ApplySet, type Removed } from "./applySet.ts";
import { chartPhases, renderChart } from "./chart.ts";
import { LiveCluster } from "./liveCluster.ts";
import { propertyPath } from "./ownedFields.ts";

/** Changes the inputs of a resource before it is made: a rehearsal annotates the pods it wants to fail. */
export type TransformResource = (type: string, name: string, props: Record<string, unknown>) => Record<string, unknown>;

/** What a live monitor works with. */
export interface LiveMonitorOptions {
  /** The stack, which owns what is applied. */
  readonly stack: string;
  /** Changes the inputs of resources. @default they stay as they are */
  readonly transformResource?: TransformResource;
  /** Path of helm 3. @default none: a chart is an error */
  readonly helm?: string;
  /** Called for each resource. */
  readonly onResource: (event: ResourceEvent) => void;
  /** Called for what has no effect, and for warnings of API servers. */
  readonly onWarning: (message: string) => void;
}

type Manifest = Record<string, unknown> & { metadata?: Record<string, unknown> };

/**
 * Makes Kubernetes resources real, on the cluster their explicit provider names; cloud resources are simulated. A
 * stand-in for the engine and the Kubernetes provider on one machine, never for production.
 */
export class LiveMonitor implements ResourceMonitor {
  readonly #options: LiveMonitorOptions;
  /** By URN of the provider. */
  readonly #clusters = new Map<string, LiveCluster>();
  /** By the UID of `kube-system`, which tells clusters apart whatever they are called. */
  readonly #sets = new Map<string, ApplySet>();
  readonly #levels = new Map<string, number>();
  #definitionsApplied = false;

  constructor(options: LiveMonitorOptions) {
    this.#options = options;
  }

  /**
   * Removes what the program no longer has, on every cluster it has a provider for. Only after it has succeeded.
   *
   * @throws ProblemError as `ApplySet.prune`.
   */
  async prune(): Promise<void> {
    for (const cluster of this.#clusters.values()) await this.#setOf(cluster);
    for (const set of this.#sets.values()) {
      for (const removed of await set.prune()) this.#options.onResource(removalEvent(this.#options.stack, removed));
    }
  }

  /** Applies a Kubernetes object or a chart; simulates a resource of a cloud. */
  async register(resource: RecordedResource, signal: AbortSignal): Promise<ResourceState> {
    const { urn, type, parent, dependencies } = resource;
    const below = [...dependencies, ...(parent === undefined ? [] : [parent])].map(
      (other) => this.#levels.get(other) ?? 0,
    );
    this.#levels.set(urn, Math.max(0, ...below) + 1);
    if (type === "kubernetes:helm.sh/v4:Chart") return this.#chart(resource, signal);
    if (type === "pulumi:providers:kubernetes") return this.#provider(resource);
    if (!resource.custom) return { outputs: {} };
    if (type.startsWith("kubernetes:")) return this.#kubernetesResource(resource, signal);
    const id = `${resource.name}-${hashOf(urn)}`;
    if (!type.startsWith("pulumi:")) this.#report(resource, "simulated");
    return { id, outputs: { ...resource.props, id } };
  }

  /** Reads a Kubernetes object. */
  async read(reading: Reading, signal: AbortSignal): Promise<ResourceState> {
    if (!reading.type.startsWith("kubernetes:"))
      throw this.#unsupported(reading, "only Kubernetes objects can be read.");
    const cluster = await this.#clusterOf(reading, reading.provider);
    const { apiVersion, kind } = kindOf(reading.type);
    const [name = "", namespace] = reading.id.split("/").reverse();
    const reference = await cluster.scoped({
      apiVersion,
      kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
    });
    const live = await cluster.get(reference, signal);
    if (live === undefined) {
      throw new ProblemError(`${this.#options.stack} cannot be deployed`, [
        { path: describeResource(reading), reason: `${describeObject(reference)} is not in the cluster.` },
      ]);
    }
    this.#report(reading, "read", reference);
    return { id: reading.id, outputs: outputsOf(live) };
  }

  /** @throws ProblemError always: functions of providers are not simulated. */
  invoke(token: string): Promise<RecordedProperties> {
    return Promise.reject(this.#unsupported({ type: token, name: "" }, "functions of providers are not simulated."));
  }

  #provider({ urn, name, props }: RecordedResource): ResourceState {
    const settings = plainProperties(props);
    this.#clusters.set(urn, new LiveCluster(name, settings, this.#options.onWarning));
    return { id: hashOf(urn), outputs: props };
  }

  async #kubernetesResource(resource: RecordedResource, signal: AbortSignal): Promise<ResourceState> {
    const { type, name, props } = resource;
    if (/Patch$|^kubernetes:(helm\.sh|kustomize|yaml)/.test(type)) {
      throw this.#unsupported(resource, "this kind of resource needs the Kubernetes provider.");
    }
    const cluster = await this.#clusterOf(resource, resource.provider?.urn);
    const manifest: Manifest = plainProperties(props);
    const named = { ...manifest, metadata: { name: generatedName(resource), ...manifest.metadata } };
    const object = await cluster.object(
      this.#options.transformResource?.(type, name, named) ?? named,
      this.#wait(signal),
    );
    const live = await this.#apply(cluster, resource, object, signal);
    const { namespace, name: liveName } = live.metadata;
    return { id: namespace === undefined ? liveName : `${namespace}/${liveName}`, outputs: outputsOf(live) };
  }

  async #apply(
    cluster: LiveCluster,
    resource: Pick<RecordedResource, "urn" | "type" | "name" | "ignoreChanges" | "retainOnDelete" | "protect">,
    object: KubernetesObject,
    signal: AbortSignal,
    level = this.#levels.get(resource.urn) ?? 0,
  ): Promise<KubernetesObject> {
    const { ignoreChanges = [], retainOnDelete: retain = false, protect = false } = resource;
    const set = await this.#setOf(cluster);
    const member = await set.join(object, { level, retain, protect });
    const { action, object: live } = await applyObject(cluster.cluster, member, {
      ignored: ignoreChanges.map((path) => this.#ignoredPath(resource, path)).filter((path) => path !== undefined),
      force: cluster.forces(member),
      replaceable: !protect,
      check: (existing) => set.check(existing, { takeOver: cluster.takesOver }),
      signal,
    });
    if (live.kind === "CustomResourceDefinition") this.#definitionsApplied = true;
    this.#report(resource, action, referenceTo(live));
    return live;
  }

  /** What the stack owns on a cluster. Providers of one cluster share it, or each would remove the other's objects. */
  async #setOf({ cluster }: LiveCluster): Promise<ApplySet> {
    const identity = await cluster.identity();
    const set = this.#sets.get(identity) ?? new ApplySet(cluster, this.#options.stack);
    this.#sets.set(identity, set);
    return set;
  }

  #wait(signal: AbortSignal): KindWait {
    return { mayAppear: () => this.#definitionsApplied, signal };
  }

  /**
   * The children of a chart, in an order that works: definitions and namespaces, then what others need, webhooks last.
   */
  async #chart(resource: RecordedResource, signal: AbortSignal): Promise<ResourceState> {
    const reference = resource.providers?.kubernetes ?? resource.provider?.urn;
    const cluster = await this.#clusterOf(resource, reference);
    const args = plainProperties(resource.props);
    const objects = await renderChart(resource.name, args, {
      helm: this.#options.helm,
      cluster: cluster.cluster,
      namespace: cluster.namespace,
      signal,
    });
    const prefix = typeof args.resourcePrefix === "string" ? args.resourcePrefix : resource.name;
    const level = this.#levels.get(resource.urn) ?? 0;
    for (const [index, phase] of chartPhases(objects).entries()) {
      const apply = async (rendered: Record<string, unknown>) => {
        const object = await cluster.object(rendered, this.#wait(signal));
        const child = chartChild(resource, prefix, object);
        await this.#apply(cluster, child, object, signal, level + index);
      };
      await Promise.all(phase.map(apply));
    }
    return { outputs: { resources: [] } };
  }

  async #clusterOf(resource: { type: string; name: string }, provider: string | undefined): Promise<LiveCluster> {
    const cluster = this.#clusters.get(provider ?? "");
    if (cluster !== undefined) return cluster;
    throw this.#unsupported(
      resource,
      "it has no explicit Kubernetes provider, and the ambient kubeconfig is never used.",
    );
  }

  #ignoredPath(resource: { type: string; name: string }, text: string): readonly string[] | undefined {
    const path = propertyPath(text);
    if (path === undefined) {
      this.#options.onWarning(
        `${describeResource(resource)}: ignoreChanges "${text}" has no effect, because it is a path into a list.`,
      );
    }
    return path;
  }

  #report(
    { urn, type, name }: { urn: string; type: string; name: string },
    action: ResourceEvent["action"],
    object?: ObjectReference,
  ): void {
    const { stack, onResource } = this.#options;
    onResource({ stack, urn, type, name, action, ...(object === undefined ? {} : { object: describeObject(object) }) });
  }

  #unsupported(resource: { type: string; name: string }, reason: string): ProblemError {
    return new ProblemError(`${this.#options.stack} cannot be deployed without the Pulumi CLI`, [
      { path: describeResource(resource), reason, fix: "Run it with `--engine pulumi`." },
    ]);
  }
}

/** How the provider names what a chart renders: `<prefix>:<namespace>/<name>` below the chart. */
function chartChild(chart: RecordedResource, prefix: string, { apiVersion, kind, metadata }: KubernetesObject) {
  const type = `kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}`;
  const name = `${prefix}:${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
  const [urnStack, project, chain] = chart.urn.split("::");
  const urn = `${urnStack}::${project}::${chain}$${type}::${name}`;
  return {
    ...{ urn, type, name },
    ...(chart.retainOnDelete === undefined ? {} : { retainOnDelete: chart.retainOnDelete }),
    ...(chart.protect === undefined ? {} : { protect: chart.protect }),
  };
}

/** How the removal of an object that no resource stands for any longer is told. */
export function removalEvent(stack: string, { object, retained }: Removed): ResourceEvent {
  const type = `kubernetes:${object.apiVersion === "v1" ? "core/v1" : object.apiVersion}:${object.kind}`;
  const action = retained ? "retained" : "deleted";
  return { stack, type, name: object.name, action, object: describeObject(object) };
}

/** `kubernetes:core/v1:ConfigMap` is apiVersion v1, kind ConfigMap. */
function kindOf(type: string): { apiVersion: string; kind: string } {
  const [, apiVersion = "", kind = ""] = type.split(":");
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

/** The same at each run, where the provider's random suffix lives in its state. */
function generatedName({ name, urn }: RecordedResource): string {
  return `${name}-${hashOf(urn)}`;
}

function hashOf(urn: string): string {
  return createHash("sha256").update(urn).digest("hex").slice(0, 7);
}

function outputsOf(live: KubernetesObject): RecordedProperties {
  const { managedFields: _, ...metadata } = live.metadata;
  return { ...live, metadata } as unknown as Record<string, RecordedValue>;
}

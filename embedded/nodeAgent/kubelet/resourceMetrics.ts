import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { matchesLabels } from "./labelQuery.ts";
import { type GroupUsage, groupUsages, memoryOf } from "./processUsage.ts";
import type { ServedPod } from "./servedPod.ts";

/** A node, as far as its metrics need it. */
export interface MeasuredNode {
  /** Its name. */
  readonly name: string;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What is measured. */
export interface ResourceMetricsArgs {
  /** The pods that are run here now. */
  readonly pods: () => readonly ServedPod[];
  /** The nodes of the cluster. */
  readonly nodes: () => Promise<readonly MeasuredNode[]>;
}

/** A reading of the CPU time of all pods. */
interface Sample {
  readonly at: number;
  readonly groups: ReadonlyMap<number, GroupUsage>;
}

/** As often as the metrics server of a cluster reads, by default every 15 s; more often, so that a person sees more. */
const intervalMs = 5_000;
/** The CPU is measured over at least this time. */
const shortestMs = 2_000;
const keptSamples = 4;

const version = "metrics.k8s.io/v1beta1";
const root = `/apis/${version}`;

/**
 * The API `metrics.k8s.io/v1beta1`, which `kubectl top`, k9s and Lens read: CPU and memory of the processes of each
 * pod. A node uses what its pods use, since it is simulated.
 */
export class ResourceMetrics {
  readonly #args: ResourceMetricsArgs;
  readonly #stopping = new AbortController();
  #samples: Sample[] = [];

  /** Measures nothing yet. */
  constructor(args: ResourceMetricsArgs) {
    this.#args = args;
  }

  /** Begins to measure. */
  start(): void {
    void this.#keepMeasuring();
  }

  /** Measures no more. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Answers a request to the API. */
  async answer({ pathname, searchParams }: URL, response: ServerResponse): Promise<void> {
    const [kind, body] = await this.#read(pathname, searchParams);
    response.writeHead(kind, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  async #read(path: string, query: URLSearchParams): Promise<[number, object]> {
    if (path === root) return [200, resources];
    const description = descriptions[path];
    if (description !== undefined) return [200, description];
    const [, namespace, pod] = /^\/namespaces\/([^/]+)\/pods(?:\/([^/]+))?$/.exec(path.slice(root.length)) ?? [];
    const [, node] = /^\/nodes\/([^/]+)$/.exec(path.slice(root.length)) ?? [];
    const { at, window, usages } = this.#measure();
    const stamp = { timestamp: new Date(at).toISOString(), window: `${Math.round(window / 100) / 10}s` };
    const selected = <T extends { labels: object; name: string; namespace?: string }>(all: readonly T[]) =>
      all.filter((one) => matchesLabels(query.get("labelSelector") ?? "", one.labels) && matchesFields(query, one));

    if (path === `${root}/pods` || namespace !== undefined) {
      const pods = selected(this.#args.pods())
        .filter((one) => (namespace ?? one.namespace) === one.namespace && (pod ?? one.name) === one.name)
        .flatMap((one) => {
          const usage = usages.get(one.server?.processGroup ?? 0);
          if (one.server === undefined || usage === undefined) return [];
          return [{ ...podMetrics(one), ...stamp, containers: [{ name: one.server.container, usage: shown(usage) }] }];
        });
      return pod === undefined ? [200, list("PodMetricsList", pods)] : single("pods", pod, pods[0]);
    }
    if (path !== `${root}/nodes` && node === undefined) return single("", path, undefined);
    const nodes = selected(await this.#args.nodes())
      .filter(({ name }) => (node ?? name) === name)
      .map(({ name, labels }) => {
        const own = this.#args.pods().filter((one) => one.node === name);
        const all = own.flatMap(({ server }) => usages.get(server?.processGroup ?? 0) ?? []);
        const cores = all.reduce((sum, one) => sum + one.cores, 0);
        const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
        const metadata = { name, labels, creationTimestamp: stamp.timestamp };
        return { kind: "NodeMetrics", apiVersion: version, metadata, ...stamp, usage: shown({ cores, bytes }) };
      });
    return node === undefined ? [200, list("NodeMetricsList", nodes)] : single("nodes", node, nodes[0]);
  }

  /** Cores and memory of each process group, over the time since the last sample that is old enough. */
  #measure(): { at: number; window: number; usages: Map<number, Usage> } {
    const now = this.#sample();
    const before = this.#samples.findLast(({ at }) => now.at - at >= shortestMs);
    const window = before === undefined ? 0 : now.at - before.at;
    const usages = new Map<number, Usage>();
    for (const [group, { cpuSeconds, pids }] of now.groups) {
      const earlier = before?.groups.get(group);
      if (earlier === undefined) continue;
      const used = Math.max(0, cpuSeconds - earlier.cpuSeconds);
      usages.set(group, { cores: (used * 1_000) / window, bytes: memoryOf(pids) });
    }
    return { at: now.at, window, usages };
  }

  async #keepMeasuring(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#samples = [...this.#samples, this.#sample()].slice(-keptSamples);
      await sleep(intervalMs, undefined, { ref: false, signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  #sample(): Sample {
    const groups = this.#args.pods().flatMap(({ server }) => server?.processGroup ?? []);
    return { at: Date.now(), groups: groups.length === 0 ? new Map() : groupUsages(new Set(groups)) };
  }
}

interface Usage {
  readonly cores: number;
  readonly bytes: number;
}

const resources = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: version,
  resources: [
    { name: "nodes", singularName: "", namespaced: false, kind: "NodeMetrics", verbs: ["get", "list"] },
    { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] },
  ],
};

/** The API server asks every API for these, and logs an error again and again where there are none. */
const descriptions: Readonly<Record<string, object>> = {
  "/openapi/v2": { swagger: "2.0", info: { title: version, version: "v1beta1" }, paths: {} },
  "/openapi/v3": { paths: {} },
};

function podMetrics({ name, namespace, labels, createdAt }: ServedPod) {
  const metadata = { name, namespace, labels, creationTimestamp: createdAt };
  return { kind: "PodMetrics", apiVersion: version, metadata };
}

/** In the units that a kubelet's metrics have. */
function shown({ cores, bytes }: Usage) {
  return { cpu: `${Math.round(cores * 1e9)}n`, memory: `${Math.round(bytes / 1_024)}Ki` };
}

function list(kind: string, items: readonly object[]) {
  return { kind, apiVersion: version, metadata: {}, items };
}

function single(resource: string, name: string, found: object | undefined): [number, object] {
  if (found !== undefined) return [200, found];
  const message = resource === "" ? `there is no ${name}` : `${resource}.metrics.k8s.io "${name}" not found`;
  return [404, { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404, message }];
}

function matchesFields(query: URLSearchParams, { name, namespace }: { name: string; namespace?: string }): boolean {
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": name,
    "metadata.namespace": namespace,
  };
  return (query.get("fieldSelector") ?? "")
    .split(",")
    .filter((term) => term !== "")
    .every((term) => {
      const [, field = "", not, value] = /^([\w.]+)(!)?==?(.*)$/.exec(term) ?? [];
      return (fields[field] === value) === (not === undefined);
    });
}

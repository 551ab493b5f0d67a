import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import type { Loopback } from "../machine/loopback.ts";
import { environmentFiles } from "../machine/paths.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import type { Tools } from "../toolchain/index.ts";
import { AgentClient, messageOf, type PodMonitor } from "./agentClient.ts";
import { KubeletServer } from "./kubelet/kubeletServer.ts";
import { ResourceMetrics } from "./kubelet/resourceMetrics.ts";
import type { ServedPod } from "./kubelet/servedPod.ts";
import { type PodHost, PodWorker } from "./podWorker.ts";
import { scrapeTargets, unsupportedParts } from "./scrapeTargets.ts";
import { Sidecars } from "./sidecar.ts";
import { pythonEnvironments, removeTritonFolders } from "./tritonFolders.ts";
import { removeSharedMemory } from "./tritonProcess.ts";

/** The arguments of a node agent. */
export interface NodeAgentArgs {
  /** The path of the node agent's own kubeconfig. */
  readonly kubeconfigPath: string;
  /** The environment's data directory. The node agent writes to `node`, `logs` and `prometheus/targets` in it. */
  readonly dataDir: string;
  /** The paths of Envoy and Triton. */
  readonly tools: Pick<Tools, "envoy" | "triton">;
  /** The environment's loopback block, which pods and sidecars get their addresses from. */
  readonly loopback: Loopback;
  /** Where it answers the API server as kubelets do, with which certificate, and whose client certificates it takes. */
  readonly kubelet: {
    readonly host: string;
    readonly port: number;
    /** The paths of its certificate and key. */
    readonly serving: { readonly certificate: string; readonly key: string };
    /** The path of the certificate of the authority. */
    readonly authority: string;
  };
  /** Writes one line to the node agent's log. */
  readonly log: (line: string) => void;
}

/**
 * Takes the place of the kubelets for the pods that run Triton. Each pod becomes a Triton process with its own loopback
 * address, with the probes, restarts and status that a kubelet gives it, behind an Envoy that exports Istio's standard
 * metrics. It answers the API server for logs, programs in pods, forwarded ports and resource metrics.
 *
 * It does not run other pods. It has no container runtime: it does not pull images and does not limit CPU or memory.
 * A pod that requests a GPU is scheduled, but its Triton computes on the CPU, by a stand-in where it has no backend for
 * the model (`embedded/standIn`).
 */
export class NodeAgent {
  readonly #args: NodeAgentArgs;
  readonly #cluster: AgentClient;
  readonly #sidecars: Sidecars;
  readonly #host: PodHost;
  readonly #metrics: ResourceMetrics;
  readonly #kubelet: KubeletServer;
  readonly #workers = new Map<string, { readonly uid: string; readonly worker: PodWorker }>();
  readonly #ending = new Set<Promise<void>>();
  readonly #monitors = new Map<string, PodMonitor>();
  readonly #stopping = new AbortController();
  #targets = "";

  /** @throws if the kubeconfig is not readable */
  constructor(args: NodeAgentArgs) {
    const { dataDir, loopback, log, tools } = args;
    const directory = join(dataDir, "node");
    const logsDirectory = join(environmentFiles(dataDir).logs, "pods");
    this.#args = args;
    this.#cluster = new AgentClient(args.kubeconfigPath, log);
    this.#sidecars = new Sidecars({
      envoy: tools.envoy,
      directory: join(directory, "sidecars"),
      logs: environmentFiles(dataDir).logs,
      loopback,
    });
    this.#host = {
      cluster: this.#cluster,
      sidecars: this.#sidecars,
      loopback,
      triton: tools.triton,
      podsDirectory: join(directory, "pods"),
      logsDirectory,
      sharedMemoryPrefix: sharedMemoryPrefix(dataDir),
      onScrapeChange: () => this.#writeTargets(),
      log,
    };
    const text = (file: string) => readFileSync(file, "utf8");
    const { serving, authority } = args.kubelet;
    this.#metrics = new ResourceMetrics({ pods: () => this.#served(), nodes: () => this.#cluster.nodes() });
    this.#kubelet = new KubeletServer({
      tls: { cert: text(serving.certificate), key: text(serving.key), ca: text(authority) },
      python: tools.triton.python,
      pod: (namespace, name) => this.#workers.get(`${namespace}/${name}`)?.worker.served,
      metrics: this.#metrics,
      log,
    });
  }

  /**
   * Starts to run pods. Resolves when the status of all existing pods has been written, or after ten seconds. First
   * removes the files and WorkloadEntries of an earlier agent; the pods that it ran are restarted.
   */
  async start(): Promise<void> {
    const { dataDir } = this.#args;
    clearNode(dataDir);
    mkdirSync(this.#host.podsDirectory, { recursive: true, mode: 0o700 });
    pruneLogs(this.#host.logsDirectory);
    const { host, port } = this.#args.kubelet;
    await this.#kubelet.listen(host, port);
    this.#metrics.start();
    await this.#withdrawAll();
    this.#writeTargets();
    void this.#cluster.watchPodMonitors({
      onPresent: (monitor) => this.#setMonitor(monitor, monitor),
      onGone: (monitor) => this.#setMonitor(monitor, undefined),
    });
    await this.#cluster.watchPods({ onPresent: (pod) => this.#present(pod), onGone: (pod) => this.#gone(pod) });
    const firstReported = [...this.#workers.values()].map(({ worker }) => worker.firstReported);
    await Promise.race([Promise.all(firstReported), sleep(firstReportMs, undefined, { ref: false })]);
  }

  /** Ends every process. The pods and WorkloadEntries in the API server stay unchanged, for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#metrics.stop();
    await this.#kubelet.close();
    this.#cluster.close();
    for (const { worker } of this.#workers.values()) worker.abandon();
    await Promise.all([...this.#workers.values()].map(({ worker }) => worker.done));
    await Promise.all(this.#ending);
    await this.#sidecars.stop();
    clearNode(this.#args.dataDir);
  }

  /** Removes all WorkloadEntries, because no pod runs yet and pods get new addresses. Retries until it succeeds. */
  async #withdrawAll(): Promise<void> {
    for (;;) {
      try {
        for (const { namespace, name } of await this.#cluster.registered())
          await this.#cluster.withdraw(namespace, name);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#args.log(`WorkloadEntries of an earlier run cannot be deleted yet: ${messageOf(error)}`);
        await sleep(500);
      }
    }
  }

  #present(pod: V1Pod): void {
    const { key, uid } = identity(pod);
    const known = this.#workers.get(key);
    if (known?.uid === uid) {
      known.worker.update(pod);
      return;
    }
    if (known !== undefined) this.#end(key, known.worker);
    const over = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (pod.spec?.nodeName === undefined || (over && pod.metadata?.deletionTimestamp === undefined)) return;
    try {
      const worker = new PodWorker(pod, this.#host);
      this.#workers.set(key, { uid, worker });
      this.#follow(key, worker);
    } catch (error) {
      // The watch would ignore the error. The agent tries again when the pod changes.
      this.#args.log(`pod ${key} cannot be started: ${messageOf(error)}`);
    }
  }

  #gone(pod: V1Pod): void {
    const { key, uid } = identity(pod);
    const known = this.#workers.get(key);
    if (known?.uid === uid) this.#end(key, known.worker);
  }

  #end(key: string, worker: PodWorker): void {
    this.#workers.delete(key);
    this.#follow(key, worker);
    worker.podDeleted();
  }

  #follow(key: string, worker: PodWorker): void {
    const done = worker.done.finally(() => {
      this.#ending.delete(done);
      if (this.#workers.get(key)?.worker === worker) this.#workers.delete(key);
    });
    this.#ending.add(done);
  }

  #served(): ServedPod[] {
    return [...this.#workers.values()].map(({ worker }) => worker.served);
  }

  #setMonitor({ metadata }: PodMonitor, monitor: PodMonitor | undefined): void {
    const key = `${metadata?.namespace}/${metadata?.name}`;
    if (monitor === undefined) this.#monitors.delete(key);
    else {
      this.#monitors.set(key, monitor);
      const ignored = unsupportedParts(monitor);
      if (ignored.length > 0) this.#args.log(`PodMonitor ${key}: not supported here: ${ignored.join(", ")}`);
    }
    this.#writeTargets();
  }

  #writeTargets(): void {
    const pods = [...this.#workers.values()].flatMap(({ worker }) => worker.scraped ?? []);
    const targets = JSON.stringify(scrapeTargets([...this.#monitors.values()], pods), undefined, 2);
    if (targets === this.#targets) return;
    try {
      writeFileAtomic(join(environmentFiles(this.#args.dataDir).prometheusTargets, "pods.json"), targets);
      this.#targets = targets;
    } catch (error) {
      this.#args.log(`the scrape targets cannot be written: ${messageOf(error)}`);
    }
  }
}

/** Removes all that the pods of an environment leave: files, shared memory. The environment must not be running. */
export function clearNode(dataDir: string): void {
  rmSync(join(dataDir, "node"), { recursive: true, force: true });
  removeSharedMemory(sharedMemoryPrefix(dataDir));
  removeTritonFolders({ since: statSync(dataDir).birthtimeMs, folder: pythonEnvironments });
}

/**
 * Removes all but the logs of the 50 pods that were run last. Logs are kept after their pods, because a failed pod is
 * often deleted early.
 */
function pruneLogs(directory: string): void {
  if (!existsSync(directory)) return;
  const age = (name: string): number => statSync(join(directory, name)).mtimeMs;
  const files = readdirSync(directory).sort((a, b) => age(b) - age(a));
  for (const name of files.slice(keptLogs)) rmSync(join(directory, name), { recursive: true, force: true });
}

const keptLogs = 50;

/** The start waits no longer for the first status of its pods: one that the API server refuses must not block it. */
const firstReportMs = 10_000;

/** The prefix of the names of all shared memory of an environment's models, `serin-<8 hexadecimal digits>-`. */
export function sharedMemoryPrefix(dataDir: string): string {
  return `serin-${createHash("sha256").update(dataDir).digest("hex").slice(0, 8)}-`;
}

function identity({ metadata }: V1Pod): { key: string; uid: string } {
  return { key: `${metadata?.namespace}/${metadata?.name}`, uid: metadata?.uid ?? "" };
}

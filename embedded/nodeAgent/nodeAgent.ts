import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import type { Loopback } from "../machine/loopback.ts";
import { environmentFiles } from "../machine/paths.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import type { Tools } from "../toolchain/index.ts";
import { AgentClient, messageOf, type PodMonitor } from "./agentClient.ts";
import { type PodHost, PodWorker } from "./podWorker.ts";
import { scrapeTargets, unsupportedParts } from "./scrapeTargets.ts";
import { Sidecars } from "./sidecar.ts";
import { removeSharedMemory } from "./tritonProcess.ts";

/** What the node agent of an environment needs. */
export interface NodeAgentArgs {
  readonly kubeconfigPath: string;
  readonly dataDir: string;
  readonly tools: Pick<Tools, "envoy" | "triton">;
  readonly loopback: Loopback;
  readonly log: (line: string) => void;
}

/**
 * Stands in for the kubelets of an environment, for the pods that run Triton: each becomes a real process on a loopback
 * address of its own, with probes, restarts and status as a kubelet has them, behind an Envoy that counts as Istio's
 * does.
 *
 * Every other pod is left alone. What a container runtime would add is missing: images, limits of CPU and memory, and
 * GPUs (a request for one is scheduled, but Triton computes on the CPU; an `instance_group` of `KIND_GPU` does not
 * load).
 */
export class NodeAgent {
  readonly #args: NodeAgentArgs;
  readonly #cluster: AgentClient;
  readonly #sidecars: Sidecars;
  readonly #host: PodHost;
  readonly #workers = new Map<string, { readonly uid: string; readonly worker: PodWorker }>();
  readonly #ending = new Set<Promise<void>>();
  readonly #monitors = new Map<string, PodMonitor>();
  readonly #stopping = new AbortController();
  #targets = "";

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
  }

  /**
   * Begins to run pods; resolves when the pods that are there have been taken over. What an earlier agent left is
   * cleared away first, and a pod it ran is not ready any more.
   */
  async start(): Promise<void> {
    const { dataDir } = this.#args;
    clearNode(dataDir);
    mkdirSync(this.#host.podsDirectory, { recursive: true, mode: 0o700 });
    pruneLogs(this.#host.logsDirectory);
    await this.#withdrawAll();
    this.#writeTargets();
    void this.#cluster.watchPodMonitors({
      onPresent: (monitor) => this.#setMonitor(monitor, monitor),
      onGone: (monitor) => this.#setMonitor(monitor, undefined),
    });
    await this.#cluster.watchPods({ onPresent: (pod) => this.#present(pod), onGone: (pod) => this.#gone(pod) });
    const introduced = [...this.#workers.values()].map(({ worker }) => worker.introduced);
    await Promise.race([Promise.all(introduced), sleep(introductionMs, undefined, { ref: false })]);
  }

  /** Ends every process; pods and their registrations stay as they are in the API server, for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cluster.close();
    for (const { worker } of this.#workers.values()) worker.abandon();
    await Promise.all([...this.#workers.values()].map(({ worker }) => worker.done));
    await Promise.all(this.#ending);
    await this.#sidecars.stop();
    clearNode(this.#args.dataDir);
  }

  /** Nothing runs yet, so nothing may be in the mesh: addresses are given out anew. */
  async #withdrawAll(): Promise<void> {
    for (;;) {
      try {
        for (const { namespace, name } of await this.#cluster.registered())
          await this.#cluster.withdraw(namespace, name);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#args.log(`registrations of an earlier run cannot be removed yet: ${messageOf(error)}`);
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
      // The watch would swallow it; the pod is tried again at its next change.
      this.#args.log(`pod ${key} cannot be taken: ${messageOf(error)}`);
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
    worker.vanish();
  }

  #follow(key: string, worker: PodWorker): void {
    const done = worker.done.finally(() => {
      this.#ending.delete(done);
      if (this.#workers.get(key)?.worker === worker) this.#workers.delete(key);
    });
    this.#ending.add(done);
  }

  #setMonitor({ metadata }: PodMonitor, monitor: PodMonitor | undefined): void {
    const key = `${metadata?.namespace}/${metadata?.name}`;
    if (monitor === undefined) this.#monitors.delete(key);
    else {
      this.#monitors.set(key, monitor);
      const ignored = unsupportedParts(monitor);
      if (ignored.length > 0) this.#args.log(`PodMonitor ${key}: not followed here: ${ignored.join(", ")}`);
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

/** Removes what the pods of an environment keep outside the API server; for an environment that does not run. */
export function clearNode(dataDir: string): void {
  rmSync(join(dataDir, "node"), { recursive: true, force: true });
  removeSharedMemory(sharedMemoryPrefix(dataDir));
}

/** Logs outlive their pods, because a pod that failed is often gone before anyone looks; the oldest make room. */
function pruneLogs(directory: string): void {
  if (!existsSync(directory)) return;
  const age = (name: string): number => statSync(join(directory, name)).mtimeMs;
  const files = readdirSync(directory).sort((a, b) => age(b) - age(a));
  for (const name of files.slice(keptLogs)) rmSync(join(directory, name), { force: true });
}

const keptLogs = 50;

/** A status that the API server does not take must not hold up an environment. */
const introductionMs = 10_000;

/** Begins the names of all shared memory of an environment's models. */
export function sharedMemoryPrefix(dataDir: string): string {
  return `serin-${createHash("sha256").update(dataDir).digest("hex").slice(0, 8)}-`;
}

function identity({ metadata }: V1Pod): { key: string; uid: string } {
  return { key: `${metadata?.namespace}/${metadata?.name}`, uid: metadata?.uid ?? "" };
}

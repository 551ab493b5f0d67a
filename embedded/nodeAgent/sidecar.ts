import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Loopback } from "../machine/loopback.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import { BoundedLog } from "../process/boundedLog.ts";
import { SupervisedProcess } from "../process/supervisedProcess.ts";
import { freePort, type PodEndpoint } from "./podEndpoint.ts";
import { type SidecarSite, sidecarBootstrap, sidecarClusters, sidecarListeners } from "./sidecarConfig.ts";

/** The port of the sidecar's metrics in Istio. */
const usualStatsPort = 15_090;
const startMs = 30_000;

/** What all sidecars of an environment share. */
export interface SidecarSettings {
  /** The path of Envoy. */
  readonly envoy: string;
  /** The directory with the configuration files of all sidecars, one folder each. */
  readonly directory: string;
  /** The directory with the logs `sidecar-<hash>.log`. */
  readonly logs: string;
  /** The addresses of the environment. Each sidecar takes one for its admin interface. */
  readonly loopback: Loopback;
}

/**
 * One Envoy in front of all pods with the same latency buckets. Pods with other buckets need another Envoy, because
 * Envoy reads its buckets only when it starts.
 */
export class Sidecar {
  /** The bucket bounds of the latency histogram, milliseconds. */
  readonly edges: readonly number[];
  readonly #settings: SidecarSettings;
  readonly #site: SidecarSite;
  readonly #process: SupervisedProcess;
  readonly #log: BoundedLog;
  readonly #directory: string;
  readonly #endpoints = new Map<string, PodEndpoint>();
  #version = 0;

  private constructor(settings: SidecarSettings, site: SidecarSite, directory: string) {
    this.edges = site.edges;
    this.#settings = settings;
    this.#site = site;
    this.#directory = directory;
    this.#write();
    const bootstrap = join(directory, "bootstrap.json");
    writeFileAtomic(bootstrap, JSON.stringify(sidecarBootstrap(site)));
    this.#log = new BoundedLog(join(settings.logs, `${sidecarName(site.edges)}.log`));
    this.#process = new SupervisedProcess(
      {
        name: sidecarName(site.edges),
        command: settings.envoy,
        // A removed listener drains for one second only, because its pod has drained before.
        args: ["-c", bootstrap, "--disable-hot-restart", "--concurrency", "1", "--drain-time-s", "1", "-l", "warning"],
        ready: { url: `http://${this.stats}/ready` },
      },
      this.#log,
      directory,
      () => {},
    );
    this.#process.start();
  }

  /**
   * Starts an Envoy without pods. Resolves when it is ready.
   * @throws ProblemError if it is not ready within 30 seconds
   */
  static async start(edges: readonly number[], settings: SidecarSettings): Promise<Sidecar> {
    const address = settings.loopback.allocate();
    // The address makes the folder's name unique: an earlier sidecar with the same buckets may still be stopping.
    const directory = join(settings.directory, `${sidecarName(edges)}-${address}`);
    const site = {
      address,
      edges,
      statsPort: await freePort(address, usualStatsPort),
      listenersFile: join(directory, "listeners.json"),
      clustersFile: join(directory, "clusters.json"),
    };
    const sidecar = new Sidecar(settings, site, directory);
    await sidecar.#process.whenReady(startMs);
    return sidecar;
  }

  /** `address:port` of Envoy's admin interface, which has the statistics. */
  get stats(): string {
    return `${this.#site.address}:${this.#site.statsPort}`;
  }

  /** Whether no pod is behind this sidecar. */
  get isIdle(): boolean {
    return this.#endpoints.size === 0;
  }

  /** Adds the listeners and clusters of a pod. Envoy reads them as soon as the files have changed. */
  add(endpoint: PodEndpoint): void {
    this.#endpoints.set(endpoint.address, endpoint);
    this.#write();
  }

  /** Removes the listeners and clusters of a pod. */
  remove(endpoint: PodEndpoint): void {
    if (this.#endpoints.delete(endpoint.address)) this.#write();
  }

  /** Ends Envoy, removes its files and gives its address back. */
  async stop(): Promise<void> {
    await this.#process.stop(1_000);
    this.#log.close();
    this.#settings.loopback.release(this.#site.address);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Writes the clusters first, so that no listener refers to a cluster that Envoy has not read. */
  #write(): void {
    this.#version += 1;
    const endpoints = [...this.#endpoints.values()];
    const version = String(this.#version);
    writeFileAtomic(this.#site.clustersFile, JSON.stringify(sidecarClusters(endpoints, version)));
    writeFileAtomic(this.#site.listenersFile, JSON.stringify(sidecarListeners(endpoints, version)));
  }
}

/** All sidecars of an environment: one Envoy for each set of latency buckets in use. */
export class Sidecars {
  readonly #settings: SidecarSettings;
  readonly #running = new Map<string, Promise<Sidecar>>();

  /** Starts no Envoy yet. */
  constructor(settings: SidecarSettings) {
    this.#settings = settings;
  }

  /** Adds a pod to the sidecar with its latency buckets, and starts that sidecar if it does not run. */
  async add(endpoint: PodEndpoint): Promise<Sidecar> {
    const name = sidecarName(endpoint.edges);
    for (;;) {
      const starting = this.#running.get(name) ?? this.#start(name, endpoint.edges);
      const sidecar = await starting;
      // Meanwhile its last pod may have been removed, so that it is stopping.
      if (this.#running.get(name) !== starting) continue;
      sidecar.add(endpoint);
      return sidecar;
    }
  }

  /** Removes a pod from its sidecar, and stops a sidecar without pods. */
  async remove(endpoint: PodEndpoint): Promise<void> {
    const name = sidecarName(endpoint.edges);
    const sidecar = await this.#running.get(name)?.catch(() => undefined);
    if (sidecar === undefined) return;
    sidecar.remove(endpoint);
    if (!sidecar.isIdle) return;
    this.#running.delete(name);
    await sidecar.stop();
  }

  /** Stops all sidecars. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    await Promise.allSettled(running.map(async (sidecar) => (await sidecar).stop()));
  }

  #start(name: string, edges: readonly number[]): Promise<Sidecar> {
    const starting = Sidecar.start(edges, this.#settings);
    this.#running.set(name, starting);
    starting.catch(() => this.#running.delete(name));
    return starting;
  }
}

function sidecarName(edges: readonly number[]): string {
  return `sidecar-${createHash("sha256").update(edges.join()).digest("hex").slice(0, 8)}`;
}

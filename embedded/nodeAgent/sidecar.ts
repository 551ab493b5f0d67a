import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Loopback } from "../machine/loopback.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import { BoundedLog } from "../process/boundedLog.ts";
import { SupervisedProcess } from "../process/supervisedProcess.ts";
import { freePort, type PodEndpoint } from "./podEndpoint.ts";
import { type SidecarSite, sidecarBootstrap, sidecarClusters, sidecarListeners } from "./sidecarConfig.ts";

/** Istio's port for the sidecar's metrics. */
const usualStatsPort = 15_090;
const startMs = 30_000;

/** What every sidecar needs of its environment. */
export interface SidecarSettings {
  readonly envoy: string;
  readonly directory: string;
  readonly logs: string;
  readonly loopback: Loopback;
}

/** One Envoy in front of all pods that count latency in the same edges. */
export class Sidecar {
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
        // A listener that is taken away drains at once: the pod behind it has drained already.
        args: ["-c", bootstrap, "--disable-hot-restart", "--concurrency", "1", "--drain-time-s", "1", "-l", "warning"],
        ready: { url: `http://${this.stats}/ready` },
      },
      this.#log,
      directory,
      () => {},
    );
    this.#process.start();
  }

  static async start(edges: readonly number[], settings: SidecarSettings): Promise<Sidecar> {
    const address = settings.loopback.allocate();
    // The address makes the folder its own: the one before it may still be stopping.
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

  /** `address:port` of Envoy's statistics. */
  get stats(): string {
    return `${this.#site.address}:${this.#site.statsPort}`;
  }

  get isIdle(): boolean {
    return this.#endpoints.size === 0;
  }

  add(endpoint: PodEndpoint): void {
    this.#endpoints.set(endpoint.address, endpoint);
    this.#write();
  }

  remove(endpoint: PodEndpoint): void {
    if (this.#endpoints.delete(endpoint.address)) this.#write();
  }

  async stop(): Promise<void> {
    await this.#process.stop(1_000);
    this.#log.close();
    this.#settings.loopback.release(this.#site.address);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Clusters first, so that no listener ever points at one that Envoy has not read. */
  #write(): void {
    this.#version += 1;
    const endpoints = [...this.#endpoints.values()];
    const version = String(this.#version);
    writeFileAtomic(this.#site.clustersFile, JSON.stringify(sidecarClusters(endpoints, version)));
    writeFileAtomic(this.#site.listenersFile, JSON.stringify(sidecarListeners(endpoints, version)));
  }
}

/** All sidecars of an environment: as few processes as there are sets of latency edges in use. */
export class Sidecars {
  readonly #settings: SidecarSettings;
  readonly #running = new Map<string, Promise<Sidecar>>();

  constructor(settings: SidecarSettings) {
    this.#settings = settings;
  }

  /** Puts a sidecar in front of a pod. */
  async add(endpoint: PodEndpoint): Promise<Sidecar> {
    const name = sidecarName(endpoint.edges);
    for (;;) {
      const starting = this.#running.get(name) ?? this.#start(name, endpoint.edges);
      const sidecar = await starting;
      // It may have lost its last pod meanwhile, and be stopping.
      if (this.#running.get(name) !== starting) continue;
      sidecar.add(endpoint);
      return sidecar;
    }
  }

  /** Takes it away again; the last pod takes the process with it. */
  async remove(endpoint: PodEndpoint): Promise<void> {
    const name = sidecarName(endpoint.edges);
    const sidecar = await this.#running.get(name)?.catch(() => undefined);
    if (sidecar === undefined) return;
    sidecar.remove(endpoint);
    if (!sidecar.isIdle) return;
    this.#running.delete(name);
    await sidecar.stop();
  }

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

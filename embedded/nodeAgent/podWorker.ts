import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { Loopback } from "../machine/loopback.ts";
import { BoundedLog } from "../process/boundedLog.ts";
import { type AgentClient, messageOf } from "./agentClient.ts";
import { readProbes, watchHealth } from "./containerHealth.ts";
import { bucketsAnnotation, latencyBuckets } from "./latencyBuckets.ts";
import { accepts, innerUrl, makeEndpoint, type PodEndpoint } from "./podEndpoint.ts";
import { type PodPlan, planPod, preStopMs, tritonContainer } from "./podPlan.ts";
import { PodPresence } from "./podPresence.ts";
import { PodProblem } from "./podProblem.ts";
import { initialView, type Termination } from "./podStatus.ts";
import { translatePath } from "./podVolumes.ts";
import { RestartBackOff } from "./restartBackOff.ts";
import type { ScrapedPod } from "./scrapeTargets.ts";
import type { Sidecars } from "./sidecar.ts";
import { tritonArgs } from "./tritonCommand.ts";
import { TritonProcess } from "./tritonProcess.ts";

/** What a pod needs of the node it runs on. */
export interface PodHost {
  readonly cluster: AgentClient;
  readonly sidecars: Sidecars;
  readonly loopback: Loopback;
  readonly triton: { readonly bin: string; readonly backends: string; readonly env: Readonly<Record<string, string>> };
  /** Where pods keep their files, one folder each. */
  readonly podsDirectory: string;
  readonly logsDirectory: string;
  /** Begins the names of the shared memory of this environment's models. */
  readonly sharedMemoryPrefix: string;
  readonly onScrapeChange: () => void;
  readonly log: (line: string) => void;
}

/** How long a pod that cannot be started waits before it is looked at again. */
const replanMs = 2_000;
/** A failure of the machine, such as a full disk, is given some time to pass. */
const failureMs = 10_000;
/**
 * Time for the mesh to forget a pod that declares no preStop of its own: istiod waits 0.1 s for more changes, then
 * pushes.
 */
const shortestDrainMs = 1_000;

/** One pod's life, from the moment it is scheduled until nothing of it is left. */
export class PodWorker {
  /** Resolves when the API server knows that the agent has the pod, and not what an earlier agent said last. */
  readonly introduced: Promise<void>;
  /** Resolves when nothing of the pod is left. */
  readonly done: Promise<void>;
  readonly #host: PodHost;
  readonly #name: string;
  readonly #directory: string;
  readonly #address: string;
  readonly #log: BoundedLog;
  readonly #presence: PodPresence;
  readonly #backOff = new RestartBackOff();
  /** The pod is to end. */
  readonly #ending = new AbortController();
  /** The pod has no time left: it was deleted by force, or the node stops. */
  readonly #cutShort = new AbortController();
  #pod: V1Pod;
  #endpoint: PodEndpoint | undefined;
  #scraped: ScrapedPod | undefined;

  constructor(pod: V1Pod, host: PodHost) {
    this.#pod = pod;
    this.#host = host;
    this.#name = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    this.#directory = join(host.podsDirectory, pod.metadata?.uid ?? "");
    this.#address = host.loopback.allocate();
    this.#log = new BoundedLog(join(host.logsDirectory, `${this.#name.replace("/", "_")}.log`));
    this.#presence = new PodPresence(
      pod,
      initialView(pod, tritonContainer(pod).name, new Date()),
      host.cluster,
      host.log,
    );
    this.update(pod);
    this.introduced = this.#presence.show({});
    this.done = this.#live();
  }

  /** What Prometheus may scrape of this pod; `undefined` before its container exists. */
  get scraped(): ScrapedPod | undefined {
    return this.#scraped;
  }

  /** The pod has changed: only its deletion matters here, everything else of a running pod is fixed. */
  update(pod: V1Pod): void {
    this.#pod = pod;
    this.#presence.update(pod);
    if (pod.metadata?.deletionTimestamp !== undefined) this.#ending.abort();
  }

  /** The pod does not exist any more. */
  vanish(): void {
    this.#cutShort.abort();
    this.#ending.abort();
  }

  /** The node stops: the process ends at once and the API server is told nothing. */
  abandon(): void {
    this.#presence.close();
    this.vanish();
  }

  /** Never rejects: one pod must not take the environment down. */
  async #live(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await this.#runOnce().catch(async (error: unknown) => {
        void this.#presence.show({
          state: { kind: "waiting", reason: "RunContainerError", message: messageOf(error) },
        });
        this.#presence.warn("Failed", messageOf(error));
        await this.#pause(failureMs);
      });
    }
    this.#scraped = undefined;
    for (const step of [
      () => this.#host.onScrapeChange(),
      () => this.#endpoint !== undefined && this.#host.sidecars.remove(this.#endpoint),
      () => this.#presence.end(this.#cutShort.signal),
      () => this.#log.close(),
      () => rmSync(this.#directory, { recursive: true, force: true }),
      () => this.#host.loopback.release(this.#address),
    ]) {
      try {
        await step();
      } catch (error) {
        this.#host.log(`pod ${this.#name} cannot be cleared away: ${messageOf(error)}`);
      }
    }
  }

  /** From a pod that is scheduled to the end of one process of it. */
  async #runOnce(): Promise<void> {
    const prepared = await this.#prepare();
    if (prepared === undefined) return;
    const { plan, endpoint } = prepared;
    void this.#presence.show({ state: { kind: "running", startedAt: new Date() }, started: false });
    const over = new AbortController();
    const failed = new AbortController();
    const health = this.#watchHealth(plan, endpoint, failed, over.signal);
    const termination = await this.#runProcess(plan, endpoint, failed.signal).finally(() => over.abort());
    await Promise.all([health, this.#presence.leave()]);
    if (termination === undefined) return;
    if (this.#ending.signal.aborted)
      void this.#presence.show({ state: { kind: "terminated", ...termination }, started: false });
    else await this.#waitForRestart(termination);
  }

  /** Everything up to the start of the process; `undefined` when the pod ends meanwhile. */
  async #prepare(): Promise<{ plan: PodPlan; endpoint: PodEndpoint } | undefined> {
    let told = "";
    while (!this.#ending.signal.aborted) {
      try {
        const plan = await planPod(this.#pod, this.#directory, this.#host.cluster);
        readProbes(plan.container);
        mkdirSync(join(this.#directory, "tmp"), { recursive: true });
        this.#endpoint ??= await this.#meet(plan);
        return { plan, endpoint: this.#endpoint };
      } catch (error) {
        const message = messageOf(error);
        if (message !== told) this.#explain(error, message);
        told = message;
        await this.#pause(replanMs);
      }
    }
    return undefined;
  }

  #explain(error: unknown, message: string): void {
    const reason = error instanceof PodProblem ? error.reason : "ContainerCreating";
    void this.#presence.show({ state: { kind: "waiting", reason, message } });
    this.#presence.warn(error instanceof PodProblem ? error.event : "FailedCreatePodSandBox", message);
  }

  /** Puts a sidecar in front of the pod, for the pod's whole life. */
  async #meet(plan: PodPlan): Promise<PodEndpoint> {
    const { edges, warning } = latencyBuckets(this.#pod.metadata?.annotations?.[bucketsAnnotation]);
    if (warning !== undefined) this.#presence.warn("InvalidAnnotation", warning);
    const endpoint = await makeEndpoint(this.#pod, plan, this.#address, edges);
    const sidecar = await this.#host.sidecars.add(endpoint);
    this.#scraped = { endpoint, container: plan.container.name, sidecarStats: sidecar.stats };
    this.#host.onScrapeChange();
    return endpoint;
  }

  #watchHealth(plan: PodPlan, endpoint: PodEndpoint, failed: AbortController, over: AbortSignal): Promise<void> {
    const urlOf = (port: string | number) => innerUrl(endpoint, plan, port);
    const events = {
      onStarted: () => void this.#presence.show({ started: true }),
      onReady: (ready: boolean, failure = "") => {
        if (ready) void this.#becomeReady(endpoint, over);
        else if (this.#presence.view.ready && !this.#ending.signal.aborted) {
          this.#presence.warn("Unhealthy", `readiness probe failed: ${failure}`);
          void this.#presence.leave();
        }
      },
      onFailed: (probe: string, failure: string) => {
        if (failed.signal.aborted || this.#ending.signal.aborted) return;
        this.#presence.warn("Unhealthy", `${probe} probe failed, the container is restarted: ${failure}`);
        failed.abort();
      },
    };
    return watchHealth(readProbes(plan.container), urlOf, events, over);
  }

  async #becomeReady(endpoint: PodEndpoint, over: AbortSignal): Promise<void> {
    while (!over.aborted && !(await accepts(endpoint.address, endpoint.ports.http))) await sleep(50);
    if (!over.aborted) await this.#presence.enter(endpoint);
  }

  /** Runs Triton until it ends or has to; `undefined` when it was never started. */
  async #runProcess(plan: PodPlan, endpoint: PodEndpoint, failed: AbortSignal): Promise<Termination | undefined> {
    const stop = AbortSignal.any([this.#ending.signal, failed]);
    // A slow start: the container runs and its server does not answer yet.
    if (plan.slowStartMs > 0) await sleep(plan.slowStartMs, undefined, { signal: stop }).catch(() => undefined);
    if (this.#ending.signal.aborted) return undefined;
    const process = this.#startProcess(plan, endpoint);
    const ended = await Promise.race([process.ended, aborted(stop)]);
    if (ended !== undefined) return ended;
    return this.#ending.signal.aborted ? this.#drain(plan.container, process) : process.stop(this.#graceMs());
  }

  #startProcess(plan: PodPlan, endpoint: PodEndpoint): TritonProcess {
    const { triton } = this.#host;
    const sharedMemoryPrefix = `${this.#host.sharedMemoryPrefix}${this.#pod.metadata?.uid?.slice(0, 8)}-`;
    const args = tritonArgs(plan.command, {
      address: endpoint.address,
      ports: endpoint.inner,
      backends: triton.backends,
      repositories: plan.repositories,
      sharedMemoryPrefix,
      translate: (path) => translatePath(path, plan.mounts),
    });
    return new TritonProcess({
      bin: triton.bin,
      args,
      env: { ...plan.env, ...triton.env, TMPDIR: join(this.#directory, "tmp") },
      directory: this.#directory,
      log: this.#log,
      sharedMemoryPrefix,
    });
  }

  /** Leaves the mesh, lets the mesh forget, then asks the server to end: in that order. */
  async #drain(container: V1Container, process: TritonProcess): Promise<Termination> {
    const deadline = performance.now() + this.#graceMs();
    const left = (): number => Math.max(0, deadline - performance.now());
    const cutShort = aborted(this.#cutShort.signal);
    await Promise.race([this.#presence.leave(), process.ended, cutShort]);
    const drainMs = Math.min(Math.max(shortestDrainMs, preStopMs(container)), left());
    await Promise.race([sleep(drainMs, undefined, { ref: false }), process.ended, cutShort]);
    const stopped = process.stop(this.#cutShort.signal.aborted ? 0 : left());
    void cutShort.then(() => process.stop(0));
    return stopped;
  }

  async #waitForRestart(termination: Termination): Promise<void> {
    const ranForMs = termination.finishedAt.getTime() - termination.startedAt.getTime();
    const delayMs = this.#backOff.nextDelayMs(ranForMs);
    const restartCount = this.#presence.view.restartCount + 1;
    void this.#presence.show({ last: termination, restartCount, started: false });
    if (delayMs === 0) return;
    const container = tritonContainer(this.#pod).name;
    const message = `back-off ${delayMs / 1_000}s restarting failed container=${container} pod=${this.#name}`;
    void this.#presence.show({ state: { kind: "waiting", reason: "CrashLoopBackOff", message } });
    this.#presence.warn("BackOff", `${message}; exit code ${termination.exitCode}: ${termination.message ?? ""}`);
    await this.#pause(delayMs);
  }

  #graceMs(): number {
    const { metadata, spec } = this.#pod;
    return (metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30) * 1_000;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

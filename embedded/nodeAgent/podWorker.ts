import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { Loopback } from "../machine/loopback.ts";
import { type AgentClient, messageOf } from "./agentClient.ts";
import { readProbes, watchHealth } from "./containerHealth.ts";
import { inContainerWords, initArgs, initContainersOf } from "./initContainers.ts";
import { ContainerLog } from "./kubelet/containerLog.ts";
import type { ServedPod, ServedProcess } from "./kubelet/servedPod.ts";
import { bucketsAnnotation, latencyBuckets } from "./latencyBuckets.ts";
import { accepts, innerUrl, makeEndpoint, type PodEndpoint } from "./podEndpoint.ts";
import { containerEnv, type PodPlan, planPod, preStopMs, tritonContainer } from "./podPlan.ts";
import { PodProblem } from "./podProblem.ts";
import { PodReporter } from "./podReporter.ts";
import { type InitView, initialView, type Termination } from "./podStatus.ts";
import { containerMounts, type Mount, translatePath } from "./podVolumes.ts";
import { RestartBackOff } from "./restartBackOff.ts";
import type { ScrapedPod } from "./scrapeTargets.ts";
import type { Sidecars } from "./sidecar.ts";
import { tritonArgs } from "./tritonCommand.ts";
import { TritonProcess } from "./tritonProcess.ts";

/** What all pods of the node agent share. */
export interface PodHost {
  /** The client for the API server. */
  readonly cluster: AgentClient;
  /** The sidecars in front of the pods. */
  readonly sidecars: Sidecars;
  /** The addresses of the environment. */
  readonly loopback: Loopback;
  /** The paths of Triton and its backends, and the environment variables that it needs. */
  readonly triton: { readonly bin: string; readonly backends: string; readonly env: Readonly<Record<string, string>> };
  /** The directory with the files of all pods. Each pod has a folder named after its UID. */
  readonly podsDirectory: string;
  /** The directory with the logs, as a kubelet has them: `<namespace>_<pod>_<uid>/<container>/<restarts>.log`. */
  readonly logsDirectory: string;
  /** The prefix of the names of the shared memory of this environment's models. */
  readonly sharedMemoryPrefix: string;
  /** Called when the set of scraped pods has changed. */
  readonly onScrapeChange: () => void;
  /** Writes one line to the node agent's log. */
  readonly log: (line: string) => void;
}

/** The delay before a pod that cannot be started is tried again. */
const replanMs = 2_000;
/** The delay after a failure of the machine, such as a full disk. */
const failureMs = 10_000;
/** The shortest delay between leaving the mesh and ending the server: istiod waits 0.1 s before it pushes a change. */
const shortestDrainMs = 1_000;

/** Runs one pod, from the time it is scheduled until it has been deleted and its files are removed. */
export class PodWorker {
  /** Resolves when the first status of this agent is in the API server, in place of an earlier agent's. */
  readonly firstReported: Promise<void>;
  /** Resolves when the pod's process has ended and its files are removed. Never rejects. */
  readonly done: Promise<void>;
  readonly #host: PodHost;
  readonly #name: string;
  readonly #directory: string;
  readonly #address: string;
  readonly #logs: ReadonlyMap<string, ContainerLog>;
  readonly #reporter: PodReporter;
  readonly #backOff = new RestartBackOff();
  /** Aborted when the pod must end. */
  readonly #ending = new AbortController();
  /** Aborted when the pod must end without a grace period: it was force-deleted, or the node agent stops. */
  readonly #cutShort = new AbortController();
  #pod: V1Pod;
  #endpoint: PodEndpoint | undefined;
  #scraped: ScrapedPod | undefined;
  /** Triton while it runs. */
  #server: ServedProcess | undefined;
  /** Init containers run once for a pod, not once for each start of its Triton. */
  #initialized = false;

  /** @throws Error if no loopback address is free, PodProblem if the pod has no container */
  constructor(pod: V1Pod, host: PodHost) {
    this.#pod = pod;
    this.#host = host;
    this.#name = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    this.#directory = join(host.podsDirectory, pod.metadata?.uid ?? "");
    this.#address = host.loopback.allocate();
    const logs = join(host.logsDirectory, `${this.#name.replace("/", "_")}_${pod.metadata?.uid}`);
    const run = [tritonContainer(pod), ...initContainersOf(pod)].map(({ name }) => name);
    this.#logs = new Map(run.map((name) => [name, new ContainerLog(join(logs, name))]));
    this.#reporter = new PodReporter(
      pod,
      initialView(pod, tritonContainer(pod).name, new Date()),
      host.cluster,
      host.log,
    );
    this.update(pod);
    this.firstReported = this.#reporter.report({});
    this.done = this.#live();
  }

  /** The pod as Prometheus can scrape it; `undefined` before its sidecar runs. */
  get scraped(): ScrapedPod | undefined {
    return this.#scraped;
  }

  /** The pod as it answers what a kubelet answers. */
  get served(): ServedPod {
    const { metadata, spec } = this.#pod;
    return {
      namespace: metadata?.namespace ?? "",
      name: metadata?.name ?? "",
      labels: metadata?.labels ?? {},
      node: spec?.nodeName ?? "",
      createdAt: new Date(metadata?.creationTimestamp ?? Date.now()).toISOString(),
      log: (container) => this.#logs.get(container),
      server: this.#server,
    };
  }

  /** Handles a change of the pod. Only its deletion has an effect: the rest of a running pod's spec cannot change. */
  update(pod: V1Pod): void {
    this.#pod = pod;
    this.#reporter.update(pod);
    if (pod.metadata?.deletionTimestamp !== undefined) this.#ending.abort();
  }

  /** Handles the end of the pod in the API server: ends its process without a grace period. */
  podDeleted(): void {
    this.#cutShort.abort();
    this.#ending.abort();
  }

  /** Ends the process without a grace period and without a request to the API server, because the node agent stops. */
  abandon(): void {
    this.#reporter.close();
    this.podDeleted();
  }

  /** Never rejects: an error of one pod must not end the environment. */
  async #live(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await this.#runOnce().catch(async (error: unknown) => {
        void this.#reporter.report({
          state: { kind: "waiting", reason: "RunContainerError", message: messageOf(error) },
        });
        this.#reporter.warn("Failed", messageOf(error));
        await this.#pause(failureMs);
      });
    }
    this.#scraped = undefined;
    for (const step of [
      () => this.#host.onScrapeChange(),
      () => this.#endpoint !== undefined && this.#host.sidecars.remove(this.#endpoint),
      () => this.#reporter.end(this.#cutShort.signal),
      () => rmSync(this.#directory, { recursive: true, force: true }),
      () => this.#host.loopback.release(this.#address),
    ]) {
      try {
        await step();
      } catch (error) {
        this.#host.log(`pod ${this.#name} cannot be cleaned up: ${messageOf(error)}`);
      }
    }
  }

  /** Prepares the pod and runs one process of it until the process ends. */
  async #runOnce(): Promise<void> {
    if (!this.#initialized) await this.#initialize();
    const prepared = await this.#prepare();
    if (prepared === undefined) return;
    const { plan, endpoint } = prepared;
    void this.#reporter.report({ state: { kind: "running", startedAt: new Date() }, started: false });
    const over = new AbortController();
    const failed = new AbortController();
    // A pod that ends has left the mesh. Its server still answers probes, and must not bring it back.
    const probing = AbortSignal.any([over.signal, this.#ending.signal]);
    const health = this.#watchHealth(plan, endpoint, failed, probing);
    const termination = await this.#runProcess(plan, endpoint, failed.signal).finally(() => over.abort());
    await Promise.all([health, this.#reporter.leaveMesh()]);
    if (termination === undefined) return;
    if (this.#ending.signal.aborted)
      void this.#reporter.report({ state: { kind: "terminated", ...termination }, started: false });
    else await this.#waitForRestart(termination);
  }

  /**
   * Runs the init containers one after another, each until it ends well, with the kubelet's back-off between its tries.
   * Returns early if the pod is deleted.
   */
  async #initialize(): Promise<void> {
    for (const container of initContainersOf(this.#pod)) {
      void this.#reporter.report({ state: { kind: "waiting", reason: "PodInitializing" } });
      await this.#runInit(container, (change) => {
        const { init = [] } = this.#reporter.view;
        const views = init.map((view) => (view.name === container.name ? { ...view, ...change } : view));
        void this.#reporter.report({ init: views });
      });
      if (this.#ending.signal.aborted) return;
    }
    this.#initialized = true;
  }

  /** Runs one init container until it ends with exit code 0 or the pod is deleted. */
  async #runInit(container: V1Container, report: (change: Partial<InitView>) => void): Promise<void> {
    const backOff = new RestartBackOff();
    for (let restarts = 1; !this.#ending.signal.aborted; restarts += 1) {
      const mounts = await this.#initMounts(container, report);
      if (mounts === undefined) return;
      report({ state: { kind: "running", startedAt: new Date() } });
      const ended = await this.#runScript(container, mounts);
      if (this.#ending.signal.aborted || ended.exitCode === 0)
        return report({ state: { kind: "terminated", ...ended } });
      const delayMs = backOff.nextDelayMs(ended.finishedAt.getTime() - ended.startedAt.getTime());
      const message = `back-off ${delayMs / 1_000}s restarting failed container=${container.name} pod=${this.#name}`;
      const why = `${message}; exit code ${ended.exitCode}: ${ended.message ?? ""}`;
      report({ state: { kind: "waiting", reason: "CrashLoopBackOff", message }, last: ended, restartCount: restarts });
      this.#reporter.warn("BackOff", why, `spec.initContainers{${container.name}}`);
      await this.#pause(delayMs);
    }
  }

  /** The mounts of an init container, as soon as its volumes exist; `undefined` if the pod is deleted before. */
  async #initMounts(
    container: V1Container,
    report: (change: Partial<InitView>) => void,
  ): Promise<readonly Mount[] | undefined> {
    let told = "";
    while (!this.#ending.signal.aborted) {
      try {
        mkdirSync(this.#directory, { recursive: true });
        return await containerMounts(this.#pod, container.name, this.#directory, this.#host.cluster);
      } catch (error) {
        const message = messageOf(error);
        report({ state: { kind: "waiting", reason: "PodInitializing", message } });
        if (message !== told) this.#reporter.warn(error instanceof PodProblem ? error.event : "FailedMount", message);
        told = message;
        await this.#pause(replanMs);
      }
    }
    return undefined;
  }

  async #runScript(container: V1Container, mounts: readonly Mount[]): Promise<Termination> {
    const process = new TritonProcess({
      bin: "bash",
      args: initArgs(container, mounts),
      env: containerEnv(this.#pod, container),
      directory: this.#directory,
      log: this.#logOf(container.name),
      sharedMemoryPrefix: `${this.#host.sharedMemoryPrefix}${this.#pod.metadata?.uid}-init-`,
    });
    const ended = await Promise.race([process.ended, aborted(this.#ending.signal)]).then(
      (termination) => termination ?? process.stop(0),
    );
    return ended.message === undefined
      ? ended
      : { ...ended, message: inContainerWords(ended.message, container, mounts) };
  }

  /** Prepares the start of the process, and retries until it succeeds; `undefined` if the pod is deleted meanwhile. */
  async #prepare(): Promise<{ plan: PodPlan; endpoint: PodEndpoint } | undefined> {
    let told = "";
    while (!this.#ending.signal.aborted) {
      try {
        const plan = await planPod(this.#pod, this.#directory, this.#host.cluster, this.#host.triton.backends);
        readProbes(plan.container);
        mkdirSync(join(this.#directory, "tmp"), { recursive: true });
        this.#endpoint ??= await this.#addSidecar(plan);
        return { plan, endpoint: this.#endpoint };
      } catch (error) {
        const message = messageOf(error);
        if (message !== told) this.#reportProblem(error, message);
        told = message;
        await this.#pause(replanMs);
      }
    }
    return undefined;
  }

  #reportProblem(error: unknown, message: string): void {
    const reason = error instanceof PodProblem ? error.reason : "ContainerCreating";
    void this.#reporter.report({ state: { kind: "waiting", reason, message } });
    this.#reporter.warn(error instanceof PodProblem ? error.event : "FailedCreatePodSandBox", message);
  }

  /** Puts a sidecar in front of the pod. The sidecar stays while the container restarts. */
  async #addSidecar(plan: PodPlan): Promise<PodEndpoint> {
    const { edges, warning } = latencyBuckets(this.#pod.metadata?.annotations?.[bucketsAnnotation]);
    if (warning !== undefined) this.#reporter.warn("InvalidAnnotation", warning);
    const endpoint = await makeEndpoint(this.#pod, plan, this.#address, edges);
    const sidecar = await this.#host.sidecars.add(endpoint);
    this.#scraped = { endpoint, container: plan.container.name, sidecarStats: sidecar.stats };
    this.#host.onScrapeChange();
    return endpoint;
  }

  #watchHealth(plan: PodPlan, endpoint: PodEndpoint, failed: AbortController, over: AbortSignal): Promise<void> {
    const urlOf = (port: string | number) => innerUrl(endpoint, plan, port);
    const events = {
      onStarted: () => void this.#reporter.report({ started: true }),
      onReady: (ready: boolean, failure = "") => {
        if (ready) void this.#becomeReady(endpoint, over);
        else if (this.#reporter.view.ready && !this.#ending.signal.aborted) {
          this.#reporter.warn("Unhealthy", `readiness probe failed: ${failure}`);
          void this.#reporter.leaveMesh();
        }
      },
      onFailed: (probe: string, failure: string) => {
        if (failed.signal.aborted || this.#ending.signal.aborted) return;
        this.#reporter.warn("Unhealthy", `${probe} probe failed, the container is restarted: ${failure}`);
        failed.abort();
      },
    };
    return watchHealth(readProbes(plan.container), urlOf, events, over);
  }

  async #becomeReady(endpoint: PodEndpoint, over: AbortSignal): Promise<void> {
    while (!over.aborted && !(await accepts(endpoint.address, endpoint.ports.http))) await sleep(50);
    if (!over.aborted) await this.#reporter.enterMesh(endpoint);
  }

  /** Runs Triton until it ends or must end; `undefined` if the pod was deleted before the start. */
  async #runProcess(plan: PodPlan, endpoint: PodEndpoint, failed: AbortSignal): Promise<Termination | undefined> {
    const stop = AbortSignal.any([this.#ending.signal, failed]);
    // The slow-start fault: the container is running, but its server does not answer yet.
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
      backends: plan.backends,
      repositories: plan.repositories,
      sharedMemoryPrefix,
      translate: (path) => translatePath(path, plan.mounts),
    });
    const env = { ...plan.env, ...triton.env, TMPDIR: join(this.#directory, "tmp") };
    const process = new TritonProcess({
      bin: triton.bin,
      args,
      env,
      directory: this.#directory,
      log: this.#logOf(plan.container.name),
      sharedMemoryPrefix,
    });
    this.#serve(process, {
      container: plan.container.name,
      directory: this.#directory,
      env,
      ...listeners(plan, endpoint),
    });
    return process;
  }

  /** Lets people look at the process for as long as it runs and the pod is to live. */
  #serve(process: TritonProcess, server: Omit<ServedProcess, "processGroup" | "ended">): void {
    const { processGroup } = process;
    if (processGroup === undefined) return;
    const ended = new AbortController();
    const served = { ...server, processGroup, ended: ended.signal };
    this.#server = served;
    const end = (): void => {
      ended.abort();
      if (this.#server === served) this.#server = undefined;
    };
    void process.ended.then(end);
    this.#cutShort.signal.addEventListener("abort", end, { once: true });
  }

  #logOf(container: string): ContainerLog {
    const log = this.#logs.get(container);
    if (log === undefined) throw new Error(`Container ${container} has no log.`);
    return log;
  }

  /** Removes the pod from the mesh, waits until the proxies know, then ends the server within the grace period. */
  async #drain(container: V1Container, process: TritonProcess): Promise<Termination> {
    const deadline = performance.now() + this.#graceMs();
    const left = (): number => Math.max(0, deadline - performance.now());
    const cutShort = aborted(this.#cutShort.signal);
    await Promise.race([this.#reporter.leaveMesh(), process.ended, cutShort]);
    const drainMs = Math.min(Math.max(shortestDrainMs, preStopMs(container)), left());
    await Promise.race([sleep(drainMs, undefined, { ref: false }), process.ended, cutShort]);
    const stopped = process.stop(this.#cutShort.signal.aborted ? 0 : left());
    void cutShort.then(() => process.stop(0));
    return stopped;
  }

  async #waitForRestart(termination: Termination): Promise<void> {
    const ranForMs = termination.finishedAt.getTime() - termination.startedAt.getTime();
    const delayMs = this.#backOff.nextDelayMs(ranForMs);
    const restartCount = this.#reporter.view.restartCount + 1;
    void this.#reporter.report({ last: termination, restartCount, started: false });
    if (delayMs === 0) return;
    const container = tritonContainer(this.#pod).name;
    const message = `back-off ${delayMs / 1_000}s restarting failed container=${container} pod=${this.#name}`;
    void this.#reporter.report({ state: { kind: "waiting", reason: "CrashLoopBackOff", message } });
    this.#reporter.warn("BackOff", `${message}; exit code ${termination.exitCode}: ${termination.message ?? ""}`);
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

/** Where Triton itself listens, around the sidecar, by the ports of the container. */
function listeners({ command }: PodPlan, { address, inner }: PodEndpoint): Pick<ServedProcess, "address" | "ports"> {
  const { http, grpc, metrics } = command.ports;
  return {
    address,
    ports: new Map([[http, inner.http] as const, [grpc, inner.grpc] as const, [metrics, inner.metrics]]),
  };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../components/core/messageOf.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { ClusterObjects } from "../../engine/kubernetes/clusterObjects.ts";
import type { Allocation } from "../controlPlane/allocation.ts";
import { addNodesAndModelStore, prepareCluster, registerMetrics } from "../controlPlane/bootstrap.ts";
import { ensureCredentials } from "../controlPlane/credentials.ts";
import * as controlPlane from "../controlPlane/processes.ts";
import type { Loopback } from "../machine/loopback.ts";
import { environmentFiles } from "../machine/paths.ts";
import { claimBlock, pickPorts } from "../machine/ports.ts";
import { gateway, gatewayBootstrap } from "../mesh/gateway.ts";
import { istiod } from "../mesh/istiod.ts";
import type { NodeAgent } from "../nodeAgent/nodeAgent.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import { BoundedLog } from "../process/boundedLog.ts";
import type { Claim } from "../process/claim.ts";
import { identityOf } from "../process/processIdentity.ts";
import type { ProcessSpec } from "../process/processSpec.ts";
import { SupervisedProcess } from "../process/supervisedProcess.ts";
import { prometheus, prometheusConfig } from "../prometheus.ts";
import {
  blocksOfOthers,
  type EnvironmentState,
  type Failure,
  readState,
  type StepStatus,
  type SupervisorStatus,
  writeState,
  writeStatus,
} from "./environmentState.ts";

/** Starts the programs of one environment in the order of dependence, restarts those that end, and stops them all. */
export class Supervisor {
  readonly #dataDir: string;
  readonly #processes: SupervisedProcess[] = [];
  readonly #steps: StepStatus[] = [];
  readonly #claims: Claim[] = [];
  readonly #identity = identityOf(process.pid);
  #phase: SupervisorStatus["phase"] = "starting";
  #failure: Failure | undefined;
  #agent: { readonly runs: NodeAgent; ready: boolean; readonly since: Date } | undefined;
  #stopped: Promise<void> | undefined;
  #reportScheduled = false;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /**
   * Starts all programs and resolves when they are ready. On an error it writes the error to `status.json`, for the
   * process that waits for the start, and stops all programs.
   * @throws the error of the first step that fails
   */
  async start(): Promise<void> {
    try {
      this.#report();
      await this.#bringUp();
      if (this.#stopped === undefined) this.#enter("ready");
    } catch (error) {
      if (this.#stopped !== undefined) return;
      this.#failure = failureOf(error);
      this.#enter("failed");
      await this.stop();
      throw error;
    }
  }

  /**
   * Stops the node agent, then the controllers and the mesh, then kube-apiserver, then etcd, in at most 28 s. The data
   * stays.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  async #bringUp(): Promise<void> {
    const { allocation, loopback } = await this.#step("loopback addresses, ports and certificates", () =>
      this.#allocate(),
    );
    const run = (spec: ProcessSpec) => this.#run(spec);
    const cluster = await this.#step("etcd and kube-apiserver", async () => {
      run(controlPlane.etcd(allocation));
      const server = run(controlPlane.kubeApiserver(allocation));
      // Imported while the API server starts: the Kubernetes client takes a quarter of a second to load.
      const [cluster] = await Promise.all([adminClient(this.#dataDir), server.whenReady(readyMs)]);
      return cluster;
    });
    const allReady = (processes: SupervisedProcess[]) => Promise.all(processes.map((one) => one.whenReady(readyMs)));
    await Promise.all([
      this.#step("kube-controller-manager and kube-scheduler", () => {
        return allReady([
          run(controlPlane.kubeControllerManager(allocation)),
          run(controlPlane.kubeScheduler(allocation)),
        ]);
      }),
      this.#step("CustomResourceDefinitions and RBAC", () => prepareCluster(cluster, allocation)),
    ]);
    await Promise.all([
      this.#step("istiod and the gateway's Envoy", async () => {
        await run(istiod(allocation)).whenReady(readyMs);
        await run(gateway(allocation)).whenReady(readyMs);
      }),
      this.#step("Argo Rollouts controller and Prometheus", () => {
        return allReady([run(controlPlane.argoRollouts(allocation)), run(prometheus(allocation))]);
      }),
      this.#step("kwok, nodes and the volume of the model store", () => {
        run(controlPlane.kwok(allocation));
        return addNodesAndModelStore(cluster, allocation);
      }),
    ]);
    await this.#step("node agent", async () => {
      await this.#startAgent(allocation, loopback);
      await registerMetrics(cluster, allocation);
    });
  }

  async #allocate(): Promise<{ allocation: Allocation; loopback: Loopback }> {
    const state = readState(this.#dataDir);
    if (state === undefined) throw new Error(`There is no readable environment.json in ${this.#dataDir}.`);
    const { loopback, held } = await claimBlock(state.block, blocksOfOthers(state.name));
    this.#claims.push(held);
    const sameBlock = state.block === loopback.block;
    const ports = await pickPorts(loopback.host, sameBlock ? state.ports : undefined, state.askedPorts);
    const allocated: EnvironmentState = { ...state, block: loopback.block, ports };
    writeState(this.#dataDir, allocated);
    const credentials = await ensureCredentials(this.#dataDir, state.name, loopback.host, ports.apiserver);
    const { name: environment, tools } = allocated;
    const allocation: Allocation = {
      environment,
      dataDir: this.#dataDir,
      host: loopback.host,
      ports,
      tools,
      credentials,
    };
    const files = environmentFiles(this.#dataDir);
    mkdirSync(files.prometheusTargets, { recursive: true });
    writeFileAtomic(files.prometheusConfig, prometheusConfig(this.#dataDir, allocation));
    writeFileAtomic(files.gatewayBootstrap, JSON.stringify(gatewayBootstrap(allocation.host, ports), undefined, 2));
    return { allocation, loopback };
  }

  #run(spec: ProcessSpec): SupervisedProcess {
    if (this.#stopped !== undefined) throw new Error("The environment is being stopped.");
    const files = environmentFiles(this.#dataDir);
    const log = new BoundedLog(join(files.logs, `${spec.name}.log`));
    const process = new SupervisedProcess(spec, log, files.temporary, () => this.#report());
    this.#processes.push(process);
    process.start();
    return process;
  }

  async #startAgent(allocation: Allocation, loopback: Loopback): Promise<void> {
    const log = new BoundedLog(join(environmentFiles(this.#dataDir).logs, "node-agent.log"));
    const write = (line: string) => log.write(`${new Date().toISOString()} ${line}\n`);
    // Imported here, because loading it earlier would delay the start of the other programs.
    const { NodeAgent } = await import("../nodeAgent/nodeAgent.ts");
    const { dataDir, host, ports, tools, credentials } = allocation;
    const { kubeletServing, kubeletAuthority } = credentials;
    const runs = new NodeAgent({
      kubeconfigPath: credentials.kubeconfigs.nodeAgent,
      dataDir,
      tools,
      loopback,
      kubelet: { host, port: ports.kubelet, serving: kubeletServing, authority: kubeletAuthority },
      log: write,
    });
    this.#agent = { runs, ready: false, since: new Date() };
    await runs.start();
    this.#agent.ready = true;
  }

  async #shutDown(): Promise<void> {
    if (this.#phase !== "failed") this.#enter("stopping");
    if (this.#agent !== undefined) {
      this.#agent.ready = false;
      await withinTime(this.#agent.runs.stop(), agentStopMs);
    }
    const last = ["etcd", "kube-apiserver"];
    const byName = (name: string) => this.#processes.filter(({ spec }) => spec.name === name);
    await stopAll(this.#processes.filter(({ spec }) => !last.includes(spec.name)));
    await stopAll(byName("kube-apiserver"));
    await stopAll(byName("etcd"));
    await Promise.all(this.#claims.map((held) => held.release()));
    this.#writeStatus();
  }

  async #step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const index = this.#steps.push({ name, state: "started", elapsedMs: 0 }) - 1;
    this.#report();
    const result = await work();
    this.#steps[index] = { name, state: "done", elapsedMs: Math.round(performance.now() - began) };
    this.#report();
    return result;
  }

  #enter(phase: SupervisorStatus["phase"]): void {
    this.#phase = phase;
    this.#writeStatus();
  }

  /** Writes the status once per turn of the event loop, because several programs often change at the same time. */
  #report(): void {
    if (this.#reportScheduled) return;
    this.#reportScheduled = true;
    setImmediate(() => {
      this.#reportScheduled = false;
      this.#writeStatus();
    });
  }

  #writeStatus(): void {
    if (this.#identity === undefined) return;
    const processes = this.#processes.map(({ status }) => status);
    if (this.#agent !== undefined) {
      const { ready, since } = this.#agent;
      processes.push({ name: "node-agent", identity: this.#identity, since: since.toISOString(), restarts: 0, ready });
    }
    try {
      writeStatus(this.#dataDir, {
        supervisor: this.#identity,
        phase: this.#phase,
        steps: this.#steps,
        processes,
        ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      });
    } catch (error) {
      // A full disk must not end the programs. The supervisor's log says why the status is out of date.
      console.error(error);
    }
  }
}

const readyMs = 60_000;
/** How long requests are repeated if the API server stops answering during the start. */
const patienceMs = 20_000;

async function adminClient(dataDir: string): Promise<ClusterObjects> {
  const { KubernetesClient } = await import("../../engine/kubernetes/kubernetesClient.ts");
  const { ClusterObjects } = await import("../../engine/kubernetes/clusterObjects.ts");
  return new ClusterObjects(
    new KubernetesClient(environmentFiles(dataDir).kubeconfig, { patienceMs }),
    "serin-embedded",
  );
}

const agentStopMs = 10_000;
const processStopMs = 4_000;

async function stopAll(processes: readonly SupervisedProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => process.stop(processStopMs)));
}

async function withinTime(work: Promise<void>, timeoutMs: number): Promise<void> {
  await Promise.race([work.catch(console.error), new Promise((resolve) => setTimeout(resolve, timeoutMs).unref())]);
}

function failureOf(error: unknown): Failure {
  if (error instanceof ProblemError) {
    return { subject: error.subject, problems: error.problems, exitCode: error.exitCode };
  }
  const reason = messageOf(error);
  return {
    subject: "The environment did not start",
    problems: [{ path: "environment", reason }],
    exitCode: exitCodes.unavailable,
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { type AgentClient, messageOf } from "./agentClient.ts";
import type { PodEndpoint } from "./podEndpoint.ts";
import { tritonContainer } from "./podPlan.ts";
import { type ContainerView, podStatus } from "./podStatus.ts";
import { Reconciler } from "./reconciler.ts";

/** The longest wait for the API server while a pod leaves the mesh or ends. A pod must end even without it. */
const patienceMs = 5_000;

/** Writes the status, the WorkloadEntry and the events of one pod to the API server, and retries until it succeeds. */
export class PodReporter {
  readonly #cluster: AgentClient;
  readonly #log: (line: string) => void;
  readonly #status: Reconciler<ContainerView>;
  readonly #mesh: Reconciler<PodEndpoint | undefined>;
  #pod: V1Pod;
  #view: ContainerView;
  #registered = false;

  /** Writes nothing yet. `view` is the first status to report. */
  constructor(pod: V1Pod, view: ContainerView, cluster: AgentClient, log: (line: string) => void) {
    this.#pod = pod;
    this.#view = view;
    this.#cluster = cluster;
    this.#log = (line) => log(`pod ${pod.metadata?.namespace}/${pod.metadata?.name}: ${line}`);
    const onError = (error: unknown): void => this.#log(messageOf(error));
    this.#status = new Reconciler((shown) => this.#writeStatus(shown), onError);
    this.#mesh = new Reconciler((endpoint) => this.#writeMesh(endpoint), onError);
  }

  /** The state that was reported last. */
  get view(): ContainerView {
    return this.#view;
  }

  /** Sets the pod as it is now in the API server. The next status keeps the conditions of others in it. */
  update(pod: V1Pod): void {
    this.#pod = pod;
  }

  /** Changes the reported state. Resolves when the API server has it. */
  report(change: Partial<ContainerView>): Promise<void> {
    this.#view = { ...this.#view, ...change };
    return this.#status.set(this.#view);
  }

  /**
   * Adds the pod to the mesh, then reports it as ready. A controller that sees a ready pod may send traffic to it, so
   * the WorkloadEntry comes first.
   */
  async enterMesh(endpoint: PodEndpoint): Promise<void> {
    if (this.#registered) return;
    this.#registered = true;
    await this.#mesh.set(endpoint);
    if (this.#registered) void this.report({ ready: true });
  }

  /** Removes the pod from the mesh. Resolves when the API server has done so, or after five seconds without it. */
  async leaveMesh(): Promise<void> {
    if (!this.#registered) return;
    this.#registered = false;
    void this.report({ ready: false });
    await Promise.race([this.#mesh.set(undefined), sleep(patienceMs)]);
  }

  /**
   * Writes a Warning event and a log line. A failure to write the event is ignored. `about` is the container that it is
   * about, by its path in the pod.
   */
  warn(reason: string, message: string, about = "spec.containers{triton}"): void {
    this.#log(`${reason}: ${message}`);
    // The pod's status has the same message and is retried, so a lost event does no harm.
    this.#cluster.warn(this.#pod, reason, message, about).catch(() => {});
  }

  /**
   * Writes the last status and deletes the pod. Retries until it succeeds or until `known` aborts (already deleted).
   */
  async end(known: AbortSignal): Promise<void> {
    await Promise.race([Promise.all([this.#status.set(this.#view), this.leaveMesh()]), sleep(patienceMs)]);
    const removal = new Reconciler<undefined>(
      () => this.#cluster.removePod(this.#pod),
      (error) => this.#log(messageOf(error)),
    );
    const close = (): void => removal.close();
    known.addEventListener("abort", close);
    if (!known.aborted) await removal.set(undefined);
    known.removeEventListener("abort", close);
    this.close();
  }

  /** Starts no further request. */
  close(): void {
    this.#status.close();
    this.#mesh.close();
  }

  #writeStatus(view: ContainerView): Promise<void> {
    const status = podStatus(this.#pod, tritonContainer(this.#pod).name, view, new Date());
    return this.#cluster.patchPodStatus(this.#pod, status);
  }

  #writeMesh(endpoint: PodEndpoint | undefined): Promise<void> {
    const { namespace = "", name = "", uid = "", labels = {} } = this.#pod.metadata ?? {};
    if (endpoint === undefined) return this.#cluster.withdraw(namespace, name);
    const { address, namedPorts } = endpoint;
    return this.#cluster.register({ namespace, name, uid, labels, address, ports: namedPorts });
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { type AgentClient, messageOf } from "./agentClient.ts";
import { Converger } from "./converger.ts";
import type { PodEndpoint } from "./podEndpoint.ts";
import { tritonContainer } from "./podPlan.ts";
import { type ContainerView, podStatus } from "./podStatus.ts";

/** The mesh is told first, but nothing waits for an API server that is away. */
const patienceMs = 5_000;

/** What the cluster sees of one pod: its status, its registration in the mesh, its events. */
export class PodPresence {
  readonly #cluster: AgentClient;
  readonly #log: (line: string) => void;
  readonly #status: Converger<ContainerView>;
  readonly #mesh: Converger<PodEndpoint | undefined>;
  #pod: V1Pod;
  #view: ContainerView;
  #registered = false;

  constructor(pod: V1Pod, view: ContainerView, cluster: AgentClient, log: (line: string) => void) {
    this.#pod = pod;
    this.#view = view;
    this.#cluster = cluster;
    this.#log = (line) => log(`pod ${pod.metadata?.namespace}/${pod.metadata?.name}: ${line}`);
    const onError = (error: unknown): void => this.#log(messageOf(error));
    this.#status = new Converger((shown) => this.#writeStatus(shown), onError);
    this.#mesh = new Converger((endpoint) => this.#writeMesh(endpoint), onError);
  }

  get view(): ContainerView {
    return this.#view;
  }

  /** The pod as it is now in the cluster: its status is written on top of this one. */
  update(pod: V1Pod): void {
    this.#pod = pod;
  }

  /** Resolves when the API server knows. */
  show(change: Partial<ContainerView>): Promise<void> {
    this.#view = { ...this.#view, ...change };
    return this.#status.set(this.#view);
  }

  /** Into the mesh first, then ready: a controller that sees a ready pod may send it traffic. */
  async enter(endpoint: PodEndpoint): Promise<void> {
    if (this.#registered) return;
    this.#registered = true;
    await this.#mesh.set(endpoint);
    if (this.#registered) void this.show({ ready: true });
  }

  /** Out of the mesh; resolves when the API server knows, or has been away for too long to wait for it. */
  async leave(): Promise<void> {
    if (!this.#registered) return;
    this.#registered = false;
    void this.show({ ready: false });
    await Promise.race([this.#mesh.set(undefined), sleep(patienceMs)]);
  }

  warn(reason: string, message: string): void {
    this.#log(`${reason}: ${message}`);
    // An event is a courtesy: the status says the same, and is repeated until it is written.
    this.#cluster.warn(this.#pod, reason, message).catch(() => {});
  }

  /** Tells the API server that nothing of the pod is left, until it knows or the signal says that it does. */
  async end(known: AbortSignal): Promise<void> {
    await Promise.race([Promise.all([this.#status.set(this.#view), this.leave()]), sleep(patienceMs)]);
    const removal = new Converger<undefined>(
      () => this.#cluster.removePod(this.#pod),
      (error) => this.#log(messageOf(error)),
    );
    const close = (): void => removal.close();
    known.addEventListener("abort", close);
    if (!known.aborted) await removal.set(undefined);
    known.removeEventListener("abort", close);
    this.close();
  }

  /** Says nothing more. */
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

import type { ContainerLog } from "./containerLog.ts";

/** A pod as the kubelet server answers for it. */
export interface ServedPod {
  /** Its namespace. */
  readonly namespace: string;
  /** Its name. */
  readonly name: string;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** The node that it is scheduled on. */
  readonly node: string;
  /** When it was created, ISO 8601. */
  readonly createdAt: string;
  /** The log of a container that is run here. Undefined: of any other. */
  log(container: string): ContainerLog | undefined;
  /** The server of the model as it runs now. Undefined: it does not run. */
  readonly server: ServedProcess | undefined;
}

/** The process of a container, and what else runs with it. */
export interface ServedProcess {
  /** The name of the container. */
  readonly container: string;
  /** The group of its processes. */
  readonly processGroup: number;
  /** The folder of the pod: where it runs, an absolute path. */
  readonly directory: string;
  /** Its environment variables, as they are added to those of the node agent. */
  readonly env: Readonly<Record<string, string>>;
  /** The loopback address of the pod. */
  readonly address: string;
  /** Where it listens, by the port of the container. */
  readonly ports: ReadonlyMap<number, number>;
  /** Aborted when it has ended or must end. */
  readonly ended: AbortSignal;
}

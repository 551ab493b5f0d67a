import { connect } from "node:net";
import type { V1Pod } from "@kubernetes/client-node";
import getPort from "get-port";
import { isFree } from "../machine/ports.ts";
import type { PodPlan } from "./podPlan.ts";

/** The address and the ports of one pod on this machine. */
export interface PodEndpoint {
  /** The pod, as it was when its sidecar was added. */
  readonly pod: V1Pod;
  /** The pod's namespace. */
  readonly namespace: string;
  /** The pod's name. */
  readonly name: string;
  /** The pod's loopback address. */
  readonly address: string;
  /** The ports that clients connect to: the sidecar's for `http` and `grpc`, Triton's own for `metrics`. */
  readonly ports: TritonPorts;
  /** The ports that Triton itself listens on, behind the sidecar. */
  readonly inner: TritonPorts;
  /** The port that clients connect to, by the name of the container port. */
  readonly namedPorts: Readonly<Record<string, number>>;
  /** The bucket bounds of the latency histogram, milliseconds, increasing. */
  readonly edges: readonly number[];
}

/** The TCP ports of a Triton server. */
export interface TritonPorts {
  /** Inference over HTTP, and health. */
  readonly http: number;
  /** Inference over gRPC. */
  readonly grpc: number;
  /** Prometheus metrics over HTTP. */
  readonly metrics: number;
}

/** Triton listens on the port of its sidecar plus this number. */
const innerPort = 10_000;

/** Picks the ports of a pod: the declared ones, or a free one where another program listens on all addresses. */
export async function makeEndpoint(
  pod: V1Pod,
  { command, container }: PodPlan,
  address: string,
  edges: readonly number[],
): Promise<PodEndpoint> {
  const { namespace = "", name = "" } = pod.metadata ?? {};
  const ports = {
    http: await freePort(address, command.ports.http),
    grpc: await freePort(address, command.ports.grpc),
    metrics: await freePort(address, command.ports.metrics),
  };
  const inner = {
    http: await freePort(address, innerPort + command.ports.http),
    grpc: await freePort(address, innerPort + command.ports.grpc),
    metrics: ports.metrics,
  };
  const namedPorts = Object.fromEntries(
    (container.ports ?? []).flatMap((port) => {
      const purpose = purposeOf(command.ports, port.containerPort);
      return port.name === undefined || purpose === undefined ? [] : [[port.name, ports[purpose]]];
    }),
  );
  return { pod, namespace, name, address, ports, inner, namedPorts, edges };
}

/**
 * The URL of Triton itself for a container port, by the port's name or number. Probes use it, so that they bypass the
 * sidecar.
 */
export function innerUrl(
  { address, inner }: PodEndpoint,
  { command, container }: PodPlan,
  port: string | number,
): string {
  const number = typeof port === "number" ? port : container.ports?.find(({ name }) => name === port)?.containerPort;
  const purpose = purposeOf(command.ports, number ?? 0);
  return `http://${address}:${purpose === undefined ? number : inner[purpose]}`;
}

/** A free port of the address: `wanted` if it is free, else any. */
export async function freePort(address: string, wanted: number): Promise<number> {
  return (await isFree(address, wanted)) ? wanted : getPort({ host: address });
}

/** Whether a server accepts a TCP connection on `host:port` within a second. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", end(true));
    socket.once("error", end(false));
    socket.once("timeout", end(false));
  });
}

/**
 * The name of the pod's workload, as Istio derives it: the name of the owner without the hash of the pod template
 * (istio `pkg/kube/util.go`).
 */
export function workloadName({ metadata }: V1Pod): string {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return metadata?.name ?? "unknown";
  const hash = metadata?.labels?.["rollouts-pod-template-hash"] ?? metadata?.labels?.["pod-template-hash"];
  return hash !== undefined && owner.name.endsWith(`-${hash}`) ? owner.name.slice(0, -hash.length - 1) : owner.name;
}

function purposeOf(ports: TritonPorts, number: number): keyof TritonPorts | undefined {
  return (["http", "grpc", "metrics"] as const).find((purpose) => ports[purpose] === number);
}

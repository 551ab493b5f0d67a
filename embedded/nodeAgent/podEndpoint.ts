import { connect } from "node:net";
import type { V1Pod } from "@kubernetes/client-node";
import getPort from "get-port";
import { isFree } from "../machine/ports.ts";
import type { PodPlan } from "./podPlan.ts";

/** Where one pod is on this machine, and what it is called in the mesh. */
export interface PodEndpoint {
  readonly pod: V1Pod;
  readonly namespace: string;
  readonly name: string;
  /** The pod's loopback address. */
  readonly address: string;
  /** Where callers reach the pod: the sidecar for http and grpc, Triton itself for metrics. */
  readonly ports: TritonPorts;
  /** Where Triton itself listens, behind the sidecar. */
  readonly inner: TritonPorts;
  /** The container's named ports and where callers reach each. */
  readonly namedPorts: Readonly<Record<string, number>>;
  /** Edges of the latency histogram, in milliseconds. */
  readonly edges: readonly number[];
}

export interface TritonPorts {
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
}

/** Triton listens this much above the port that its sidecar has. */
const innerPort = 10_000;

/**
 * Finds ports for a pod: the declared ones, unless another program holds one of them on every address of this machine.
 */
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
 * Where Triton itself answers for a port of its container, by the port's name or number: probes go around the sidecar.
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

/** A port nobody listens on; the wanted one where possible. */
export async function freePort(address: string, wanted: number): Promise<number> {
  return (await isFree(address, wanted)) ? wanted : getPort({ host: address });
}

/** Whether somebody listens there. */
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
 * The workload of a pod as Istio names it: the owner's name without the hash of its pod template (istio
 * `pkg/kube/util.go`).
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

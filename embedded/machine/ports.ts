import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { ProblemError } from "../../components/core/problem.ts";
import { type Claim, claim } from "../process/claim.ts";
import { firstBlock, Loopback, lastBlock } from "./loopback.ts";

/** The TCP port of each server of an embedded environment, on the first address of its loopback block. */
export interface Ports {
  /** etcd's client port, HTTPS. */
  readonly etcd: number;
  /** etcd's peer port, HTTPS. The only member uses it. */
  readonly etcdPeer: number;
  /** kube-apiserver, HTTPS. */
  readonly apiserver: number;
  /** Health of kube-controller-manager, HTTPS. */
  readonly controllerManager: number;
  /** Health of kube-scheduler, HTTPS. */
  readonly scheduler: number;
  /** Health of kwok, HTTP. */
  readonly kwok: number;
  /** What the node agent answers the API server for all nodes, as kubelets do, HTTPS. */
  readonly kubelet: number;
  /** istiod's xDS port, which the gateway's Envoy connects to, plain gRPC. */
  readonly istiodGrpc: number;
  /** istiod's readiness and debug port, HTTP. */
  readonly istiodHttp: number;
  /** istiod's own metrics, HTTP. */
  readonly istiodMonitoring: number;
  /** istiod's ControlZ introspection page, HTTP. */
  readonly istiodIntrospection: number;
  /** The ingress gateway, HTTP: where inference requests arrive. */
  readonly gateway: number;
  /** The admin interface of the gateway's Envoy, HTTP. */
  readonly gatewayAdmin: number;
  /** Prometheus' HTTP API. */
  readonly prometheus: number;
}

/** The programs' own default ports. They are nearly always free, because each environment has a different address. */
export const usualPorts: Ports = {
  etcd: 2379,
  etcdPeer: 2380,
  apiserver: 6443,
  controllerManager: 10257,
  scheduler: 10259,
  kwok: 10247,
  kubelet: 10250,
  istiodGrpc: 15010,
  istiodHttp: 15080,
  istiodMonitoring: 15014,
  istiodIntrospection: 9876,
  gateway: 8080,
  gatewayAdmin: 15000,
  prometheus: 9090,
};

/**
 * Picks a free port for every server, in this order of preference: the requested one, the one of the last start
 * (`remembered`), the usual one, any free one.
 * @throws ProblemError if a requested port is in use, because another port is not what the user wants
 */
export async function pickPorts(
  host: string,
  remembered: Partial<Ports> | undefined,
  asked: { readonly gateway?: number },
): Promise<Ports> {
  if (asked.gateway !== undefined && !(await isFree(host, asked.gateway))) throw portInUse(host, asked.gateway);
  const used = new Set<number>(asked.gateway === undefined ? [] : [asked.gateway]);
  const ports: Record<keyof Ports, number> = { ...usualPorts };
  for (const name of Object.keys(usualPorts) as (keyof Ports)[]) {
    const preferred = [remembered?.[name], usualPorts[name]].filter((port) => port !== undefined);
    ports[name] =
      name === "gateway" && asked.gateway !== undefined ? asked.gateway : await freePort(host, preferred, used);
    used.add(ports[name]);
  }
  return ports;
}

/**
 * Takes a block of loopback addresses and a claim on it that keeps other environments out until it is released: the
 * block of the last start (`remembered`), or one that is not `reserved` and has no listener.
 * @throws ProblemError if no block is free
 */
export async function claimBlock(
  remembered: number | undefined,
  reserved: ReadonlySet<number>,
): Promise<{ loopback: Loopback; held: Claim }> {
  const busy = listeningBlocks(readFileSync("/proc/net/tcp", "utf8"));
  const all = Array.from({ length: lastBlock - firstBlock + 1 }, (_, index) => firstBlock + index);
  const fresh = all.filter((block) => !reserved.has(block) && !busy.has(block));
  for (const block of [...(remembered === undefined || busy.has(remembered) ? [] : [remembered]), ...fresh]) {
    const held = await claim(`loopback/127.${block}`);
    if (held !== undefined) return { loopback: new Loopback(block), held };
  }
  throw new ProblemError(
    "No loopback addresses left",
    [
      {
        path: "127.0.0.0/8",
        reason: `every block from 127.${firstBlock}.0.0/16 to 127.${lastBlock}.0.0/16 is in use.`,
        fix: "Stop an environment that you no longer need.",
      },
    ],
    4,
  );
}

/** The second number of each 127.<n> address that has a listener, from the text of `/proc/net/tcp` (proc_net(5)). */
export function listeningBlocks(procNetTcp: string): Set<number> {
  const blocks = new Set<number>();
  for (const line of procNetTcp.split("\n").slice(1)) {
    const [, local, , state] = line.trim().split(/\s+/);
    const match = /^[0-9A-F]{4}([0-9A-F]{2})7F:/.exec(local ?? "");
    if (state === "0A" && match?.[1] !== undefined) blocks.add(Number.parseInt(match[1], 16));
  }
  return blocks;
}

/** Whether a server can listen on `host:port` now. A server on 0.0.0.0 occupies the port of every address. */
export async function isFree(host: string, port: number): Promise<boolean> {
  return (await tryListening(host, port)) !== undefined;
}

async function freePort(host: string, preferred: readonly number[], used: ReadonlySet<number>): Promise<number> {
  for (const port of preferred) if (!used.has(port) && (await isFree(host, port))) return port;
  for (;;) {
    const port = await tryListening(host, 0);
    if (port !== undefined && !used.has(port)) return port;
  }
}

function tryListening(host: string, port: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}

function portInUse(host: string, port: number): ProblemError {
  return new ProblemError(
    "The gateway cannot listen",
    [
      {
        path: "gatewayPort",
        reason: `${port} is in use on ${host} (\`ss -ltnp 'sport = :${port}'\` shows the process).`,
        fix: "Name another port, or leave it out and a free one is picked.",
      },
    ],
    4,
  );
}

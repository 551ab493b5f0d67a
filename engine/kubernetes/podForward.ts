import { createServer, type Server, type Socket } from "node:net";
import { Writable } from "node:stream";
import { PortForward } from "@kubernetes/client-node";
import type { KubernetesClient } from "./kubernetesClient.ts";
import { messageOf } from "./podExec.ts";

/** A port of a pod, and where it is to be on this machine. */
export interface ForwardedPort {
  /** The namespace of the pod. */
  readonly namespace: string;
  /** The name of the pod. */
  readonly pod: string;
  /** The port in the pod. */
  readonly port: number;
  /** The port here, on 127.0.0.1; 0 for any free one. */
  readonly localPort: number;
  /** Called for a connection that the pod does not take, with the reason. */
  readonly onProblem: (reason: string) => void;
}

/** A port of this machine behind which is one of a pod. */
export interface Forward {
  /** The port on 127.0.0.1. */
  readonly localPort: number;
  /** Ends every connection and listens no longer. */
  close(): void;
}

/**
 * Listens on 127.0.0.1 and passes each connection on to the pod, until it is closed.
 *
 * @throws the error of `listen`, `EADDRINUSE` for one, if `localPort` cannot be had
 */
export async function forwardPort({ kubeconfig }: KubernetesClient, target: ForwardedPort): Promise<Forward> {
  const forward = new PortForward(kubeconfig, false);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // The client went away. What it was sent last is lost with it.
    socket.on("error", () => socket.destroy());
    void connect(forward, target, socket);
  });
  await listening(server, target.localPort);
  const address = server.address();
  return {
    localPort: typeof address === "object" && address !== null ? address.port : target.localPort,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Never rejects: one connection that fails does not end the others. */
async function connect(forward: PortForward, { namespace, pod, port, onProblem }: ForwardedPort, socket: Socket) {
  const problems = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (chunk.length > 0) onProblem(chunk.toString().trim());
      done();
    },
  });
  try {
    // The library reads the socket only once it is connected to the pod: nothing that came before is lost.
    const connection = await forward.portForward(namespace, pod, [port], socket, problems, socket);
    if (typeof connection === "function") return;
    connection.on("close", () => socket.end());
    socket.once("close", () => connection.close());
    if (socket.destroyed) connection.close();
  } catch (error) {
    onProblem(messageOf(error));
    socket.destroy();
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

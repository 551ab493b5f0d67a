import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type WebSocket, WebSocketServer } from "ws";
import { messageOf } from "../../../components/core/messageOf.ts";
import { type AskedStreams, type CommandChannels, endCommand, SocketChannels, SpdyCommand } from "./channels.ts";
import { runProgram } from "./podProgram.ts";
import type { ServedProcess } from "./servedPod.ts";
import { SpdyConnection, type SpdyStream } from "./spdyConnection.ts";

/** A request to upgrade, and the connection that it came on. */
export interface Upgrade {
  /** The request. */
  readonly request: IncomingMessage;
  /** Its parameters. */
  readonly query: URLSearchParams;
  /** The connection. */
  readonly socket: Duplex;
  /** What has been received after the request. */
  readonly head: Buffer;
}

/** The protocols that are spoken over SPDY, and those over a web socket of a client that does not speak SPDY. */
const protocols = {
  command: { spdy: "v4.channel.k8s.io", socket: "v4.channel.k8s.io" },
  ports: { spdy: "portforward.k8s.io", socket: "v4.channel.k8s.io" },
} as const;

/** How long a caller may take to open the streams that it asked for, as in Kubernetes. */
const openMs = 30_000;

/** Where a program is to run, or why it cannot. */
export type ProgramSite = { readonly server: ServedProcess } | { readonly refusal: string };

/**
 * Runs a program in a pod for a caller, `kubectl exec` for one. A refusal is told as the end of the program: of one
 * before the upgrade the API server passes no reason on.
 *
 * @param python the interpreter that makes terminals
 */
export async function serveProgram(upgrade: Upgrade, site: ProgramSite, python: string): Promise<void> {
  const { query } = upgrade;
  const command = query.getAll("command");
  const asked = askedStreams(query);
  const gone = new AbortController();
  const run = (channels: CommandChannels) => runReported(command, site, channels, { python, gone: gone.signal });
  if (isWebSocket(upgrade)) {
    const socket = await acceptSocket(upgrade, protocols.command.socket);
    socket.once("close", () => gone.abort());
    const channels = new SocketChannels(socket);
    await run(channels.command(asked));
    return channels.close();
  }
  const streams = new SpdyCommand(asked);
  const connection = acceptSpdy(upgrade, protocols.command.spdy, (stream) => streams.add(stream));
  if (connection === undefined) return;
  void connection.closed.then(() => gone.abort());
  await Promise.race([streams.opened, connection.closed, sleep(openMs, undefined, { ref: false })]);
  try {
    if (!streams.isOpen) return;
    await run(streams.channels);
    await endCommand(connection, streams.channels);
  } finally {
    await connection.close();
  }
}

/** Forwards ports of a pod for a caller, `kubectl port-forward` for one. Only those that its server listens on. */
export async function servePorts(upgrade: Upgrade, server: ServedProcess): Promise<void> {
  if (isWebSocket(upgrade)) {
    const ports = upgrade.query.getAll("port").flatMap((text) => text.split(",").map(Number));
    const socket = await acceptSocket(upgrade, protocols.ports.socket);
    const channels = new SocketChannels(socket);
    const forwards = ports.map(async (port, index) => {
      const [data, error] = [channels.open(2 * index), channels.open(2 * index + 1)];
      for (const channel of [data, error]) channel.write(portBytes(port));
      await forward(server, port, data, error);
    });
    await Promise.all(forwards);
    return channels.close();
  }
  const waiting = new Map<string, SpdyStream>();
  const connection = acceptSpdy(upgrade, protocols.ports.spdy, (stream) => {
    const { streamtype: kind, port, requestid: id = port ?? "" } = stream.headers;
    const other = waiting.get(id);
    if (other === undefined) {
      waiting.set(id, stream);
      stream.once("close", () => waiting.get(id) === stream && waiting.delete(id));
      return;
    }
    waiting.delete(id);
    const [data, error] = kind === "data" ? [stream, other] : [other, stream];
    void forward(server, Number(port), data, error);
  });
  const end = () => void connection?.close();
  server.ended.addEventListener("abort", end, { once: true });
  await connection?.closed;
  server.ended.removeEventListener("abort", end);
}

/** Runs the program and tells the caller how it ended. */
async function runReported(
  command: readonly string[],
  site: ProgramSite,
  { status, ...streams }: CommandChannels,
  options: { readonly python: string; readonly gone: AbortSignal },
): Promise<void> {
  try {
    if ("refusal" in site) throw new Error(site.refusal);
    const exitCode = await runProgram(command, site.server, streams, options);
    status.write(JSON.stringify(exitCode === 0 ? { metadata: {}, status: "Success" } : failedWith(exitCode)));
  } catch (error) {
    const reason = messageOf(error);
    const message = `Internal error occurred: error executing command in container: ${reason}`;
    status.write(JSON.stringify({ metadata: {}, status: "Failure", reason: "InternalError", message, code: 500 }));
  }
}

function failedWith(exitCode: number) {
  return {
    metadata: {},
    status: "Failure",
    reason: "NonZeroExitCode",
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

/** One connection to a port of the pod. Never rejects. */
async function forward({ address, ports }: ServedProcess, port: number, data: Duplex, error: Writable): Promise<void> {
  const target = ports.get(port);
  if (target === undefined) {
    const there = [...ports.keys()].join(", ");
    error.end(`the server listens on ${there} and not on ${port}; no other port of this machine is forwarded`);
    data.destroy();
    return;
  }
  const socket = connect({ host: address, port: target });
  const failed = await new Promise<Error | undefined>((resolve) => {
    socket.once("connect", () => resolve(undefined));
    socket.once("error", resolve);
  });
  if (failed !== undefined) {
    error.end(`failed to connect to port ${port} of the pod: ${failed.message}`);
    data.destroy();
    return;
  }
  await joined(socket, data);
  error.end();
}

/** Passes on what either side sends, and its end, until both have ended. */
async function joined(socket: Socket, data: Duplex): Promise<void> {
  socket.on("error", () => data.destroy());
  data.on("error", () => socket.destroy());
  data.once("close", () => socket.destroy());
  socket.pipe(data);
  data.pipe(socket);
  if (!socket.destroyed) await once(socket, "close").catch(() => undefined);
}

function askedStreams(query: URLSearchParams): AskedStreams {
  const asked = (name: string) => query.get(name) === "1" || query.get(name) === "true";
  return { stdin: asked("input"), stdout: asked("output"), stderr: asked("error"), tty: asked("tty") };
}

function isWebSocket({ request }: Upgrade): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

/** Undefined: the caller speaks none of ours, and has been told. */
function acceptSpdy(
  { request, socket, head }: Upgrade,
  protocol: string,
  onStream: (stream: SpdyStream) => void,
): SpdyConnection | undefined {
  const offered = String(request.headers["x-stream-protocol-version"] ?? "").split(/\s*,\s*/);
  if (request.headers.upgrade?.toUpperCase() !== "SPDY/3.1" || !offered.includes(protocol)) {
    refuseUpgrade(socket, 403, `unable to upgrade: SPDY/3.1 with ${protocol} is spoken here`, [
      `X-Accepted-Stream-Protocol-Versions: ${protocol}`,
    ]);
    return undefined;
  }
  const lines = ["Connection: Upgrade", "Upgrade: SPDY/3.1", `X-Stream-Protocol-Version: ${protocol}`];
  socket.write(["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n"));
  return new SpdyConnection(socket, head, onStream);
}

function acceptSocket({ request, socket, head }: Upgrade, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: 1024 * 1024,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  });
  return new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve));
}

/** Answers a request for an upgrade with an error. */
export function refuseUpgrade(socket: Duplex, code: number, message: string, headers: readonly string[] = []): void {
  const body = Buffer.from(message);
  const lines = [
    `HTTP/1.1 ${code} Refused`,
    ...headers,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${message}`);
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(port);
  return bytes;
}

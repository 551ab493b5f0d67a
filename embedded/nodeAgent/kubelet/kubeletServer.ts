import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { LogQuery } from "./containerLog.ts";
import { apiServerName } from "./names.ts";
import { type ProgramSite, refuseUpgrade, servePorts, serveProgram } from "./podStreams.ts";
import type { ResourceMetrics } from "./resourceMetrics.ts";
import type { ServedPod } from "./servedPod.ts";

/** What the server answers with. */
export interface KubeletArgs {
  /** PEM texts: the certificate and key of the server, and the authority whose client certificates are accepted. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  /** The interpreter that makes terminals. */
  readonly python: string;
  /** The pod of this name that is run here. */
  readonly pod: (namespace: string, name: string) => ServedPod | undefined;
  /** What `kubectl top` shows. */
  readonly metrics: ResourceMetrics;
  /** Writes one line to the node agent's log. */
  readonly log: (line: string) => void;
}

/**
 * Answers for all nodes what kubelets answer the API server: logs of containers, programs in them, forwarded ports; and
 * the API `metrics.k8s.io`, which the API server passes on. Whether a person may have that the API server has decided,
 * so nobody else is answered: its authority signs the API server's certificate and no other client's.
 */
export class KubeletServer {
  readonly #args: KubeletArgs;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  /** Does not listen yet. */
  constructor(args: KubeletArgs) {
    this.#args = args;
    this.#server = createServer(
      { ...args.tls, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.on("upgrade", (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#server.on("secureConnection", (socket: TLSSocket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
    });
  }

  /** Listens. @throws the error of `listen` */
  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** Ends every connection and listens no longer. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? "/", "https://kubelet");
      if (!isApiServer(request)) return refuse(response, 403, "only the API server is answered");
      if (/^\/(apis|openapi)\//.test(url.pathname)) return await this.#args.metrics.answer(url, response);
      const [action, namespace = "", pod = "", container = ""] = words(url);
      if (action !== "containerLogs") {
        return refuse(response, action === "attach" ? 405 : 404, notServed(action));
      }
      const found = this.#args.pod(namespace, pod);
      // Of another code than this the API server passes no reason on.
      if (found === undefined) return refuse(response, 400, notRun(namespace, pod));
      await answerLog(found, container, url.searchParams, response);
    } catch (error) {
      this.#args.log(`${request.url}: ${error instanceof Error ? error.message : error}`);
      if (!response.headersSent) refuse(response, 500, "the node agent failed; its log says how");
      else response.destroy();
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      socket.on("error", () => undefined);
      const url = new URL(request.url ?? "/", "https://kubelet");
      if (!isApiServer(request)) return refuseUpgrade(socket, 403, "only the API server is answered");
      const [action, namespace = "", pod = "", container] = words(url);
      if (action !== "exec" && action !== "portForward") return refuseUpgrade(socket, 405, notServed(action));
      const upgrade = { request, query: url.searchParams, socket, head };
      const site = programSite(this.#args.pod(namespace, pod), { namespace, pod, container });
      if (action === "exec") await serveProgram(upgrade, site, this.#args.python);
      else if ("refusal" in site) refuseUpgrade(socket, 400, site.refusal);
      else await servePorts(upgrade, site.server);
    } catch (error) {
      this.#args.log(`${request.url}: ${error instanceof Error ? error.message : error}`);
      socket.destroy();
    }
  }
}

/** `container`: undefined for the pod as a whole. */
function programSite(
  found: ServedPod | undefined,
  { namespace, pod, container }: { namespace: string; pod: string; container: string | undefined },
): ProgramSite {
  if (found === undefined) return { refusal: notRun(namespace, pod) };
  const { server } = found;
  if (server !== undefined && (container ?? server.container) === server.container) return { server };
  return {
    refusal: `container ${container === undefined ? "" : `"${container}" `}of pod "${pod}" does not run here now`,
  };
}

async function answerLog(
  pod: ServedPod,
  container: string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const log = pod.log(container);
  const previous = query.get("previous") === "true";
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const texts = log?.read(previous, logQuery(query), gone.signal);
  if (texts === undefined) {
    const name = `"${container}" in pod "${pod.name}"`;
    const why =
      log === undefined
        ? `container ${name} is not run here: only the server of a model and the scripts before it are`
        : previous
          ? `previous terminated container ${name} not found`
          : `container ${name} is waiting to start`;
    return refuse(response, 400, why);
  }
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.flushHeaders();
  for await (const text of texts) {
    if (!response.write(text)) await new Promise<void>((resolve) => drained(response, resolve));
    if (gone.signal.aborted) return;
  }
  response.end();
}

function drained(response: ServerResponse, resolve: () => void): void {
  response.once("drain", resolve);
  response.once("close", resolve);
}

function logQuery(query: URLSearchParams): LogQuery {
  const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined);
  const [tailLines, limitBytes, sinceSeconds] = [number("tailLines"), number("limitBytes"), number("sinceSeconds")];
  const since =
    sinceSeconds === undefined ? Date.parse(query.get("sinceTime") ?? "") : Date.now() - sinceSeconds * 1_000;
  return {
    follow: query.get("follow") === "true",
    timestamps: query.get("timestamps") === "true",
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(Number.isNaN(since) ? {} : { since }),
  };
}

/** The parts of the path: `/exec/<namespace>/<pod>/<container>`; some clients put the UID before the container. */
function words({ pathname }: URL): string[] {
  const [, action = "", namespace = "", pod = "", ...rest] = pathname.split("/").map(decodeURIComponent);
  return [action, namespace, pod, ...rest.slice(-1)];
}

function isApiServer({ socket }: IncomingMessage): boolean {
  return (socket as TLSSocket).getPeerCertificate().subject?.CN === apiServerName;
}

function notRun(namespace: string, pod: string): string {
  return `pod ${namespace}/${pod} is not run here: kwok says that it runs, and there is no process`;
}

function notServed(action: string | undefined): string {
  if (action !== "attach") return `the node agent does not answer ${action}`;
  return "a process here has no input to attach to; kubectl logs -f shows what it writes";
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(code, { "content-type": "text/plain; charset=utf-8" }).end(message);
}

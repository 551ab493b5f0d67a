import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A registry on loopback that checks what it is sent: basic authentication for a token, the token for a manifest. */
export interface StandIn {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** What was asked, in order: `GET /v2/`, with `basic` or `bearer` where it came with credentials. */
  readonly asked: string[];
  close(): Promise<void>;
}

export interface StandInOptions {
  readonly user?: string;
  readonly password?: string;
  /** Repositories that anybody may pull. */
  readonly open?: readonly string[];
  readonly manifests: Readonly<Record<string, readonly string[]>>;
  /** How it wants to be asked. @default "bearer" */
  readonly scheme?: "bearer" | "basic" | "none";
  /** Instead of its own address. */
  readonly realm?: string;
}

export async function startRegistry(options: StandInOptions): Promise<StandIn> {
  const asked: string[] = [];
  const tokens = new Map<string, string>();
  const server = createServer((request, response) => answer(request, response));
  const host = await listen(server);

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", `http://${host}`);
    const authorization = request.headers.authorization ?? "";
    const kind = authorization === "" ? "" : ` ${authorization.split(" ")[0]?.toLowerCase()}`;
    asked.push(`${request.method} ${url.pathname}${kind}`);
    if (url.pathname === "/token") token(url, authorization, response);
    else if (url.pathname === "/v2/") challenge(response);
    else manifest(url, request, response);
  }

  function manifest(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const [, repository = "", digest = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname) ?? [];
    const isAllowed = isLetIn(repository, request.headers.authorization ?? "");
    const isThere = options.manifests[repository]?.includes(digest) === true && accepts(request);
    if (isAllowed) response.writeHead(isThere ? 200 : 404).end();
    else challenge(response);
  }

  function token(url: URL, authorization: string, response: ServerResponse): void {
    const repository = /^repository:(.+):pull$/.exec(url.searchParams.get("scope") ?? "")?.[1] ?? "";
    const mayHaveOne = isUser(authorization) || (authorization === "" && options.open?.includes(repository) === true);
    if (url.searchParams.get("service") !== "stand-in") response.writeHead(400).end();
    else if (!mayHaveOne) response.writeHead(401).end('{"details":"incorrect username or password"}');
    else {
      const issued = `token-${tokens.size}`;
      tokens.set(issued, repository);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ token: issued }));
    }
  }

  function isLetIn(repository: string, authorization: string): boolean {
    if (options.scheme === "none") return true;
    if (options.scheme === "basic") return isUser(authorization);
    return tokens.get(authorization.replace("Bearer ", "")) === repository;
  }

  function isUser(authorization: string): boolean {
    const expected = Buffer.from(`${options.user}:${options.password}`).toString("base64");
    return options.user !== undefined && authorization === `Basic ${expected}`;
  }

  function challenge(response: ServerResponse): void {
    const realm = options.realm ?? `http://${host}/token`;
    const wanted = options.scheme === "basic" ? 'Basic realm="stand-in"' : `Bearer realm="${realm}",service="stand-in"`;
    if (options.scheme === "none") response.writeHead(200).end("{}");
    else response.writeHead(401, { "www-authenticate": wanted }).end();
  }

  return {
    host,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** As registries do: an image index is not found by who did not say that he takes one. */
function accepts({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes("application/vnd.oci.image.index.v1+json") === true;
}

async function listen(server: Server): Promise<string> {
  server.keepAliveTimeout = 1;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A comment as the server keeps it. */
export interface KeptComment {
  id: number;
  author: string;
  body: string;
}

/** An answer in place of the right one. */
export interface Fault {
  /** Only to requests of this method and path. */
  readonly on: RegExp;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
  /** The request is carried out all the same. */
  readonly done?: boolean;
}

/** What the server is like. */
export interface Hosted {
  comments: KeptComment[];
  /** The newest commit of pull request 7; undefined: it is closed. */
  head: string | undefined;
  /** The branch that it is from, as `owner:branch`. */
  from: string;
  faults: Fault[];
  /** Every request: method and path. */
  requests: string[];
  /** The tokens that came with them. */
  tokens: Set<string>;
  /** Where links to next pages lead. @default the server itself */
  linkHost?: string;
}

/** A server with one pull request, number 7, of `acme/models`, as the APIs of GitHub (`/`) and GitLab (`/api/v4`). */
export async function codeHostServer(): Promise<{ url: string; hosted: Hosted; close: () => Promise<void> }> {
  const hosted: Hosted = {
    comments: [],
    head: "a".repeat(40),
    from: "acme:change",
    faults: [],
    requests: [],
    tokens: new Set(),
  };
  const server = createServer((request, response) => void answer(hosted, request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, hosted, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}

async function answer(hosted: Hosted, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url = "/" } = request;
  hosted.requests.push(`${method} ${url}`);
  hosted.tokens.add(String(request.headers.authorization ?? request.headers["private-token"]));
  let text = "";
  for await (const part of request) text += part;
  const sent = text === "" ? undefined : (JSON.parse(text) as { body: string });
  const index = hosted.faults.findIndex(({ on }) => on.test(`${method} ${url}`));
  const [fault] = index < 0 ? [] : hosted.faults.splice(index, 1);
  if (fault === undefined || fault.done === true) {
    const [status, value, headers] = carriedOut(hosted, method, new URL(url, `http://${request.headers.host}`), sent);
    if (fault === undefined) {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(value === undefined ? undefined : JSON.stringify(value));
      return;
    }
  }
  response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
  response.end(JSON.stringify({ message: fault.message ?? "no" }));
}

type Carried = [status: number, value: unknown, headers?: Record<string, string>];

function carriedOut(hosted: Hosted, method: string, url: URL, sent: { body: string } | undefined): Carried {
  const gitLab = url.pathname.startsWith("/api/v4/");
  const path = url.pathname.replace("/api/v4", "");
  if (path === "/user") return [200, gitLab ? { username: "serin-bot" } : { login: "serin-bot" }];
  const me = gitLab ? "serin-bot" : "github-actions[bot]";
  const seen = ({ id, author, body }: KeptComment) =>
    gitLab ? { id, body, system: false, author: { username: author } } : { id, body, user: { login: author } };
  const of = hosted.head;
  if (path === "/repos/acme/models/pulls") {
    const asked = url.searchParams.get("head") === hosted.from && of !== undefined;
    return [200, asked ? [{ number: 7, head: { sha: of } }] : []];
  }
  if (path === "/repos/acme/models/pulls/7") return [200, { number: 7, head: { sha: of } }];
  if (path === "/projects/acme%2Fmodels/merge_requests/7") {
    return [200, { sha: of ?? "", state: of === undefined ? "closed" : "opened" }];
  }
  const list = gitLab ? "/projects/acme%2Fmodels/merge_requests/7/notes" : "/repos/acme/models/issues/7/comments";
  if (path === list && method === "POST") {
    hosted.comments.push({ id: 1_000 + hosted.comments.length, author: me, body: sent?.body ?? "" });
    return [201, { id: 1 }];
  }
  if (path === list) {
    const [page, size] = [Number(url.searchParams.get("page") ?? 1), Number(url.searchParams.get("per_page") ?? 30)];
    const next = new URL(url);
    next.searchParams.set("page", String(page + 1));
    if (hosted.linkHost !== undefined) next.host = hosted.linkHost;
    const more = page * size < hosted.comments.length;
    return [
      200,
      hosted.comments.slice((page - 1) * size, page * size).map(seen),
      more ? { link: `<${next}>; rel="next", <${url}>; rel="first"` } : {},
    ];
  }
  const id = Number(path.split("/").at(-1));
  const kept = hosted.comments.find((one) => one.id === id);
  const one = gitLab ? `${list}/${id}` : `/repos/acme/models/issues/comments/${id}`;
  if (kept === undefined || path !== one) return [404, { message: "Not Found" }];
  if (kept.author !== me) return [403, { message: "Resource not accessible by integration" }];
  if (method === "DELETE") hosted.comments.splice(hosted.comments.indexOf(kept), 1);
  else kept.body = sent?.body ?? "";
  return method === "DELETE" ? [204, undefined] : [200, seen(kept)];
}

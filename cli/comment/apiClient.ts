import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../components/core/messageOf.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { webFetch } from "../../engine/web.ts";

/** How often a request is sent at most. */
const tries = 5;
/** The longest wait for a rate limit, in ms. A limit of GitHub lasts up to an hour, and a job of a CI costs money. */
const longestWaitMs = 5 * 60_000;
/** A folder of pages that does not end is a fault of the server. */
const mostPages = 200;

/** How a service is asked. */
export interface ApiAccess {
  /** The address of the API, without a slash at its end: `https://api.github.com`. */
  readonly url: string;
  /** Headers of every request, the token among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends requests and waits. */
  readonly signal: AbortSignal;
  /** How a wait of so many ms is made. @default by the clock */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** A request that changes something, and of which no answer says whether it did. */
export class Uncertain extends Error {}

/** What a service answered, below 400. */
interface ApiAnswer {
  readonly value: unknown;
  readonly next: string | undefined;
}

/** JSON over HTTP, as the APIs of GitHub and GitLab have it: rate limits, passing failures, pages. */
export class ApiClient {
  readonly #access: ApiAccess;

  constructor(access: ApiAccess) {
    this.#access = access;
  }

  /**
   * One request and its answer.
   *
   * @throws Uncertain for a POST that may have been carried out; whoever sent it looks first.
   * @throws ProblemError when the service refuses it, or does not answer often enough.
   */
  async request(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<unknown> {
    return (await this.#send(method, path, body)).value;
  }

  /** The entries of all pages of a list. */
  async list(path: string): Promise<unknown[]> {
    const entries: unknown[] = [];
    let next: string | undefined = path;
    for (let page = 0; next !== undefined && page < mostPages; page += 1) {
      const answer: ApiAnswer = await this.#send("GET", next);
      if (!Array.isArray(answer.value)) throw this.#problem(next, "the answer is no list.");
      entries.push(...answer.value);
      next = answer.next;
    }
    return entries;
  }

  async #send(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<ApiAnswer> {
    const { url, headers, signal, wait = (ms) => pause(ms, undefined, { signal }) } = this.#access;
    let last = "";
    for (let attempt = 0; attempt < tries; attempt += 1) {
      let waitMs = 1_000 * 2 ** attempt;
      try {
        const response = await webFetch(`${url}${path}`, {
          method,
          headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal,
        });
        const text = await response.text();
        if (response.ok) {
          const value: unknown = text === "" ? undefined : JSON.parse(text);
          return { value, next: nextPage(response.headers.get("link"), url) };
        }
        last = `${response.status}: ${answered(text)}`;
        const limited = limitMs(response.status, last, (name) => response.headers.get(name));
        if (limited !== undefined) waitMs = Math.max(limited, waitMs);
        else if (response.status < 500) throw this.#problem(path, `the service refuses it with ${last}.`);
        else if (method === "POST") throw new Uncertain(last);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ProblemError || error instanceof Uncertain) throw error;
        last = messageOf(error);
        if (method === "POST") throw new Uncertain(last);
      }
      if (waitMs > longestWaitMs) {
        throw this.#problem(path, `a rate limit lasts ${Math.ceil(waitMs / 60_000)} minutes more (${last}).`);
      }
      if (attempt < tries - 1) await wait(waitMs);
    }
    throw this.#problem(path, `no good answer in ${tries} tries: ${last}.`);
  }

  #problem(path: string, reason: string): ProblemError {
    const problem = { path: `${this.#access.url}${path.replace(/\?.*/, "")}`, reason };
    return new ProblemError("The comment cannot be written", [problem], exitCodes.unavailable);
  }
}

/** How long a rate limit lasts, in ms; undefined for what is none. GitHub limits with 403, too. */
function limitMs(status: number, message: string, header: (name: string) => string | null): number | undefined {
  const after = Number(header("retry-after") ?? Number.NaN);
  if ((status === 429 || status === 403) && after >= 0) return after * 1_000;
  const reset = Number(header("x-ratelimit-reset") ?? header("ratelimit-reset") ?? Number.NaN);
  const spent = (header("x-ratelimit-remaining") ?? header("ratelimit-remaining")) === "0";
  if ((status === 429 || status === 403) && spent && reset > 0) return Math.max(0, reset * 1_000 - Date.now());
  // Of a secondary limit GitHub may say no more than its name; it asks for a minute then.
  if (status === 403 && /rate limit/i.test(message)) return 60_000;
  return status === 429 ? 0 : undefined;
}

/**
 * The path of the next page below `url`. Of the address only path and query count: the token goes to no other host,
 * and a proxy may have written another scheme.
 */
function nextPage(link: string | null, url: string): string | undefined {
  const next = /<([^>]+)>;[^,]*\brel="next"/.exec(link ?? "")?.[1];
  if (next === undefined) return undefined;
  const { pathname, search } = new URL(next, url);
  const below = new URL(url).pathname.replace(/\/$/, "");
  return `${pathname.startsWith(`${below}/`) ? pathname.slice(below.length) : pathname}${search}`;
}

function answered(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
    return JSON.stringify(message ?? error ?? "no message");
  } catch {
    return JSON.stringify(text.slice(0, 200));
  }
}

import { Agent, EnvHttpProxyAgent, fetch, type Response } from "undici";

/** How long a connection may take to be made, in ms. A machine without a way out must find that out quickly. */
export const connectTimeoutMs = 4_000;
/** How long a transfer may stand still, in ms. */
const silenceTimeoutMs = 30_000;

const limits = {
  connect: { timeout: connectTimeoutMs },
  headersTimeout: silenceTimeoutMs,
  bodyTimeout: silenceTimeoutMs,
};
const direct = new Agent(limits);
const proxied = new EnvHttpProxyAgent(limits);

/** A request to a web server. */
export interface WebRequest {
  /** The method. @default `GET` */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Headers to send. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The text to send, in the form that a header `content-type` names. @default none */
  readonly body?: string;
  /** What to do with a redirect. @default it is followed, without credentials to another host */
  readonly redirect?: "follow" | "manual";
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/**
 * Fetches `url` through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name. This machine itself is asked
 * directly.
 *
 * @throws Error that names the URL and the cause, when there is no answer at all.
 */
export async function webFetch(url: string, { signal, ...request }: WebRequest): Promise<Response> {
  const dispatcher = isLoopback(new URL(url).host) ? direct : proxied;
  try {
    return await fetch(url, { ...request, signal, dispatcher });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`${url}: ${causeOf(error)}`, { cause: innermost(error) });
  }
}

/** True for `host` or `host:port` of this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

/** The reason inside an error of a connection: the error itself often says only "fetch failed". */
export function causeOf(error: unknown): string {
  const cause = innermost(error);
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}

function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

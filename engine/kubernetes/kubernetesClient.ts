import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpMethod, type KubeConfig, RequestContext } from "@kubernetes/client-node";
import { type Dispatcher, request } from "undici";
import { messageOf } from "../../components/core/messageOf.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { patience } from "./patience.ts";

/** A request to an API server. */
export interface ApiRequest {
  /** `POST` only for what may be done twice, such as reviews, because every request may be repeated. */
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** The path from the server's root: `/api/v1/namespaces`. */
  readonly path: string;
  /** Query parameters. @default none */
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON; a text is sent as it is. @default none */
  readonly body?: unknown;
  /** The type of `body`. @default `application/json` */
  readonly contentType?: string;
  /** The type of the answer, see `accepts`. @default `application/json` */
  readonly accept?: string;
  /** Ends the request. A write that is on its way is finished, so that its result is known. */
  readonly signal?: AbortSignal;
}

/** The `Status` that an API server answers instead of an object. */
export interface ApiStatus {
  /** One sentence about the refusal. */
  readonly message?: string;
  /** One word: `NotFound`, `Conflict`. */
  readonly reason?: string;
  /** What each refused field is refused for. */
  readonly details?: {
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** An answer of the API server other than success. */
export class ApiError extends Error {
  /** The HTTP status: 404. */
  readonly code: number;
  /** The body of the answer. */
  readonly status: ApiStatus;

  constructor(code: number, status: ApiStatus) {
    super(status.message ?? `the API server answered ${code}`);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

/** True when the API server answered that there is no such object, or no such kind. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}

/** How a client uses a kubeconfig. */
export interface ClientOptions {
  /** The context to use. @default the current one of the kubeconfig */
  readonly context?: string;
  /** Called for warnings of the server: deprecated or unknown fields. @default they are dropped */
  readonly onWarning?: (message: string) => void;
  /**
   * How long a request is repeated while the server is away or not ready, in ms; 0 for a caller that repeats by itself.
   *
   * @default 30 000 for a server that has answered before, because it may restart; 3 000 for one that never has
   */
  readonly patienceMs?: number;
}

interface Access {
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher | undefined;
}

/** Requests at a time to one cluster; more only queue in the API server. */
const concurrency = 16;
/**
 * How long one request may take: longer than the API server's own limit for requests that are not watches would be
 * pointless.
 */
const requestMs = 60_000;
/** How long credentials are used before they are asked for again; exec plugins cache their own. */
const credentialsMs = 60_000;

/** Sends requests to one cluster, with the credentials of a kubeconfig and nothing else. */
export class KubernetesClient {
  /** The loaded kubeconfig. */
  readonly kubeconfig: KubeConfig;
  /** `https://host:port`, with a path where the kubeconfig has one. For messages: without user name and password. */
  readonly server: string;
  /** The namespace of the kubeconfig's context; `default` where it has none. */
  readonly namespace: string;
  readonly #url: string;
  readonly #options: ClientOptions;
  readonly #slots = new Slots(concurrency);
  #access: Promise<Access> | undefined;
  #accessSince = 0;
  #hasAnswered = false;
  #clock: { readonly server: string; readonly here: string } | undefined;

  /**
   * `kubeconfig` is the contents of a file or its path, as the Kubernetes provider takes it.
   *
   * @throws ProblemError when it is not a kubeconfig or has no such context.
   */
  constructor(kubeconfig: string, options: ClientOptions = {}) {
    this.kubeconfig = loadKubeconfig(kubeconfig, options.context);
    this.#options = options;
    this.#url = (this.kubeconfig.getCurrentCluster()?.server ?? "").replace(/\/$/, "");
    this.server = this.#url.replace(/\/\/[^/@]*@/, "//");
    this.namespace = this.kubeconfig.getContextObject(this.kubeconfig.getCurrentContext())?.namespace ?? "default";
  }

  /** The server's clock when it last answered (HTTP `Date`, whole seconds) and this machine's then, ISO 8601. */
  get clock(): { readonly server: string; readonly here: string } | undefined {
    return this.#clock;
  }

  /**
   * Sends a request and returns the object answered. Repeats it, with growing pauses, while the server cannot be
   * reached or is not ready; every request made here may be repeated.
   *
   * @throws ApiError for every other refusal; ProblemError when the server stays away, or the kubeconfig is no good.
   */
  async send<Answer>(apiRequest: ApiRequest): Promise<Answer> {
    const since = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await this.#slots.use(() => this.#sendOnce<Answer>(apiRequest));
        this.#hasAnswered = true;
        return answer;
      } catch (error) {
        apiRequest.signal?.throwIfAborted();
        if (!isTransient(error)) throw this.#explained(error);
        const waited = performance.now() - since;
        const limit = this.#options.patienceMs ?? (this.#hasAnswered ? patience.known : patience.unknown);
        if (waited > limit) throw this.#unreachable(`${messageOf(error)} (tried for ${Math.round(waited / 1_000)} s)`);
        await sleep(Math.min(2_000, 50 * 2 ** attempt), undefined, { signal: apiRequest.signal });
      }
    }
  }

  /**
   * Opens an answer that is text and ends when the server has no more of it, such as a log that is followed. Aborting
   * `signal` ends it with an error. It is not repeated.
   *
   * @throws as `send`
   */
  async open({ path, query, signal }: Pick<ApiRequest, "path" | "query" | "signal">): Promise<Readable> {
    try {
      const { headers, dispatcher } = await this.#credentials();
      const response = await request(this.#address(path, query), {
        headers,
        ...(dispatcher === undefined ? {} : { dispatcher }),
        ...(signal === undefined ? {} : { signal }),
        // A container that says nothing has a log without an answer for as long.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      if (response.statusCode < 300) return response.body;
      throw new ApiError(response.statusCode, statusOf(await response.body.text()));
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#explained(error);
    }
  }

  async #sendOnce<Answer>({ method, path, query, body, contentType, accept, signal }: ApiRequest): Promise<Answer> {
    const { headers, dispatcher } = await this.#credentials();
    const response = await request(this.#address(path, query), {
      method,
      headers: {
        ...headers,
        accept: accept ?? "application/json",
        ...(body === undefined ? {} : { "content-type": contentType ?? "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
      // A write that is on its way is finished, so that its result is known.
      ...(signal === undefined || method !== "GET" ? {} : { signal }),
      headersTimeout: requestMs,
      bodyTimeout: requestMs,
    });
    this.#setClock(response.headers.date);
    const text = await response.body.text();
    this.#warn(response.headers.warning);
    if (response.statusCode < 300) return JSON.parse(text) as Answer;
    if (response.statusCode === 401) this.#access = undefined;
    throw new ApiError(response.statusCode, statusOf(text));
  }

  #address(path: string, query: ApiRequest["query"]): string {
    const search = new URLSearchParams(query).toString();
    return `${this.#url}${path}${search === "" ? "" : `?${search}`}`;
  }

  #setClock(date: string | string[] | undefined): void {
    const server = Date.parse([date ?? ""].flat()[0] ?? "");
    if (!Number.isNaN(server)) {
      this.#clock = { server: new Date(server).toISOString(), here: new Date().toISOString() };
    }
  }

  /** `299 - "spec.x is deprecated"` (RFC 7234); the API server sends unknown fields and deprecations so. */
  #warn(header: string | string[] | undefined): void {
    for (const line of [header ?? []].flat()) {
      for (const [, message] of line.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g))
        this.#options.onWarning?.((message ?? line).replaceAll('\\"', '"'));
    }
  }

  #credentials(): Promise<Access> {
    if (this.#access === undefined || performance.now() - this.#accessSince > credentialsMs) {
      this.#accessSince = performance.now();
      this.#access = this.#authenticate();
    }
    return this.#access;
  }

  /** The library makes a new pool of connections at each call, so its answer is kept. */
  async #authenticate(): Promise<Access> {
    const context = new RequestContext(this.#url, HttpMethod.GET);
    try {
      await this.kubeconfig.applySecurityAuthentication(context);
    } catch (error) {
      // A server without TLS, a missing key file, an exec plugin that fails: all of them are the kubeconfig's.
      throw this.#missingProgram(error) ?? this.#unusable(credentialReason(error));
    }
    return { headers: context.getHeaders(), dispatcher: context.getDispatcher() };
  }

  /** Why there is no answer, where it is neither a refusal nor a defect of ours. */
  #explained(error: unknown): unknown {
    if (error instanceof ApiError || error instanceof ProblemError) return error;
    if (error instanceof SyntaxError) return this.#unreachable("its answer is not JSON");
    if (!(error instanceof Error && "code" in error)) return error;
    // A certificate or a token that cannot even be sent.
    if (/^(ERR_OSSL|UND_ERR_INVALID)/.test(String(error.code))) return this.#unusable(`${messageOf(error)}.`);
    return this.#unreachable(messageOf(error));
  }

  /** Kubeconfigs of clouds sign in with a program of the cloud, and have a hint how it is installed. */
  #missingProgram(error: unknown): ProblemError | undefined {
    const { code, syscall } = (error ?? {}) as { readonly code?: unknown; readonly syscall?: unknown };
    const program = code === "ENOENT" && /^spawn (.+)$/.exec(String(syscall))?.[1];
    if (!program) return undefined;
    const { installHint } = (this.kubeconfig.getCurrentUser()?.exec ?? {}) as { readonly installHint?: string };
    return this.#unusable(
      `its program for credentials, "${program}", is not on PATH.`,
      installHint ? `Install it: ${installHint}` : "Install it.",
    );
  }

  #unusable(reason: string, fix?: string): ProblemError {
    const problem = { path: this.server, reason, ...(fix === undefined ? {} : { fix }) };
    return new ProblemError("The kubeconfig cannot be used", [problem]);
  }

  #unreachable(reason: string): ProblemError {
    return new ProblemError(
      "A cluster cannot be reached",
      [{ path: this.server, reason: `${reason}.` }],
      exitCodes.unavailable,
    );
  }
}

const transientCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  // The server went away in the middle of its answer.
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
]);

function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) {
    return [429, 502, 503, 504].includes(error.code) || (error.code === 500 && /etcdserver|leader/.test(error.message));
  }
  return error instanceof Error && "code" in error && transientCodes.has(String(error.code));
}

/** What a program for credentials prints may be a token: neither that nor an error that quotes it is passed on. */
function credentialReason(error: unknown): string {
  const message = messageOf(error).trim();
  if (error instanceof SyntaxError || (error instanceof TypeError && !("code" in error))) {
    return "its program for credentials printed something that is no ExecCredential.";
  }
  // Written by the client library, with the command and all that it printed.
  if (message.startsWith("Failed to refresh token")) return "the program of the auth provider failed.";
  if (message === "") return "its program for credentials failed and said nothing.";
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

function statusOf(text: string): ApiStatus {
  try {
    return JSON.parse(text) as ApiStatus;
  } catch {
    return { message: text.trim() };
  }
}

/** Lets a number of tasks run at a time, the rest in turn. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

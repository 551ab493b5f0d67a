import { request } from "undici";
import type { Credentials, RegistryCredentials } from "./dockerConfig.ts";
import { type ImageReference, parseImage } from "./imageReference.ts";

/** What a registry answered when asked for one image. */
export interface ImageAccess {
  readonly image: string;
  readonly registry: string;
  /** Whether credentials were sent; without them the registry was asked as anybody. */
  readonly as: "credentials" | "anybody";
  readonly outcome:
    | { readonly kind: "there" }
    /** The credentials are wrong, or not enough. */
    | { readonly kind: "denied"; readonly detail: string }
    | { readonly kind: "missing" }
    /** No answer, or one that no registry gives. */
    | { readonly kind: "unreachable"; readonly detail: string };
}

export interface AccessOptions {
  readonly signal: AbortSignal;
  /** For one image, ms. @default 15 000: a registry that takes longer makes every start of a pod a slow one */
  readonly timeoutMs?: number;
}

/** Every kind of manifest; a registry answers 404 for one that is not named. */
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Asks the registries for the manifests of images, as a container runtime would before it pulls, and pulls nothing. */
export function imageAccess(
  images: readonly string[],
  credentials: RegistryCredentials,
  options: AccessOptions,
): Promise<ImageAccess[]> {
  return Promise.all([...new Set(images)].map((image) => accessTo(image, credentials, options)));
}

async function accessTo(image: string, all: RegistryCredentials, options: AccessOptions): Promise<ImageAccess> {
  const reference = parseImage(image);
  const credentials = all.get(reference.registry);
  const about = {
    image,
    registry: reference.registry,
    as: credentials === undefined ? "anybody" : "credentials",
  } as const;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs ?? 15_000)]);
  try {
    return { ...about, outcome: await new RegistryCall(reference, credentials, { ...options, signal }).manifest() };
  } catch (error) {
    options.signal.throwIfAborted();
    return {
      ...about,
      outcome: { kind: "unreachable", detail: signal.aborted ? "no answer in time" : causeOf(error) },
    };
  }
}

/**
 * The OCI distribution protocol for one manifest: ask, be sent for a token, fetch it, ask again (distribution spec,
 * token authentication).
 */
class RegistryCall {
  readonly #reference: ImageReference;
  readonly #credentials: Credentials | undefined;
  readonly #options: AccessOptions;

  constructor(reference: ImageReference, credentials: Credentials | undefined, options: AccessOptions) {
    this.#reference = reference;
    this.#credentials = credentials;
    this.#options = options;
  }

  async manifest(): Promise<ImageAccess["outcome"]> {
    const { registry, repository, digest } = this.#reference;
    // Container runtimes, too, speak plain HTTP with a registry of their own machine.
    const base = `${isLoopback(registry) ? "http" : "https"}://${registry}/v2/`;
    const challenge = await this.#ask("GET", base);
    const authorization = challenge.status === 401 ? await this.#authorization(challenge.authenticate) : undefined;
    if (authorization !== undefined && "denied" in authorization)
      return { kind: "denied", detail: authorization.denied };
    const answer = await this.#ask("HEAD", `${base}${repository}/manifests/${digest}`, authorization?.header);
    switch (answer.status) {
      case 200:
        return { kind: "there" };
      case 401:
      case 403:
        return { kind: "denied", detail: `${registry} answers ${answer.status} for the manifest` };
      case 404:
        return { kind: "missing" };
      default:
        return { kind: "unreachable", detail: `${registry} answers ${answer.status}` };
    }
  }

  async #authorization(header: string): Promise<{ header: string } | { denied: string } | undefined> {
    const [, scheme = "", rest = ""] = /^(\w+)\s*(.*)$/.exec(header) ?? [];
    if (scheme.toLowerCase() === "basic") {
      return this.#credentials === undefined
        ? { denied: `${this.#reference.registry} wants credentials` }
        : { header: basic(this.#credentials) };
    }
    if (scheme.toLowerCase() !== "bearer")
      return { denied: `${this.#reference.registry} wants "${scheme}", which is not known` };
    const { realm, service } = parameters(rest);
    const tokenUrl = realm === undefined ? undefined : this.#tokenUrl(realm, service);
    if (tokenUrl === undefined) return { denied: `${this.#reference.registry} names no place to get a token` };
    const answer = await this.#ask(
      "GET",
      tokenUrl.href,
      this.#credentials === undefined ? undefined : basic(this.#credentials),
    );
    if (answer.status !== 200) {
      if (answer.status >= 500) throw new Error(`${tokenUrl.host} answers ${answer.status}`);
      return { denied: `${tokenUrl.host} answers ${answer.status}` };
    }
    const { token, access_token: accessToken } = JSON.parse(answer.text) as { token?: string; access_token?: string };
    const bearer = token ?? accessToken;
    return bearer === undefined ? { denied: `${tokenUrl.host} gives no token` } : { header: `Bearer ${bearer}` };
  }

  /** Credentials go only to where they are safe: a realm without TLS is taken from loopback alone. */
  #tokenUrl(realm: string, service: string | undefined): URL | undefined {
    const url = URL.parse(realm);
    if (url === null || (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.host))))
      return undefined;
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", `repository:${this.#reference.repository}:pull`);
    return url;
  }

  async #ask(
    method: "GET" | "HEAD",
    url: string,
    authorization?: string,
  ): Promise<{ status: number; authenticate: string; text: string }> {
    const response = await request(url, {
      method,
      headers: { accept: manifestTypes, ...(authorization === undefined ? {} : { authorization }) },
      signal: this.#options.signal,
    });
    const [authenticate = ""] = [response.headers["www-authenticate"] ?? ""].flat();
    return { status: response.statusCode, authenticate, text: await response.body.text() };
  }
}

/** `realm="https://…",service="…"` */
function parameters(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]));
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

function causeOf(error: unknown): string {
  return error instanceof Error
    ? error.message || String((error as { code?: unknown }).code ?? error.name)
    : String(error);
}

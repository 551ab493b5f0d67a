import type { Response } from "undici";
import { isLoopback } from "../web.ts";
import type { Credentials } from "./dockerConfig.ts";

/** A repository of images in a registry. */
export interface Repository {
  /** The registry's address: `https://quay.io`. */
  readonly registry: string;
  /** The repository's name: `library/nginx`. */
  readonly name: string;
}

/** Sends one request. The answer may have any status. */
export type RegistryFetch = (
  url: string,
  request: { readonly method: "GET" | "HEAD"; readonly headers: Readonly<Record<string, string>> },
) => Promise<Response>;

/** The registry refuses these credentials, or asks for credentials where there are none. */
export class RegistryRefusal extends Error {}

/** Every kind of manifest. A registry answers 404 for a kind that is not named. */
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * The registry's address for a host. As container runtimes do, it speaks plain HTTP with a registry on this machine.
 */
export function registryUrl(host: string): string {
  return `${isLoopback(host) ? "http" : "https"}://${host}`;
}

/**
 * Reads one repository by the OCI distribution protocol: ask, get a challenge, fetch a token, ask again
 * (https://distribution.github.io/distribution/spec/auth/token).
 */
export class RegistryClient {
  readonly #repository: Repository;
  readonly #fetch: RegistryFetch;
  readonly #credentials: Credentials | undefined;
  #authorization: Promise<string | undefined> | undefined;

  /** Without `credentials` the registry is asked anonymously. */
  constructor(repository: Repository, fetch: RegistryFetch, credentials?: Credentials) {
    this.#repository = repository;
    this.#fetch = fetch;
    this.#credentials = credentials;
  }

  /**
   * The answer for a manifest, by tag or digest; it may have any status.
   *
   * @throws RegistryRefusal when there is no token for these credentials.
   */
  manifest(method: "GET" | "HEAD", reference: string): Promise<Response> {
    return this.#ask(method, `manifests/${reference}`, manifestTypes);
  }

  /** The answer for a blob, by digest. @throws RegistryRefusal as `manifest`. */
  blob(digest: string): Promise<Response> {
    return this.#ask("GET", `blobs/${digest}`, "*/*");
  }

  async #ask(method: "GET" | "HEAD", path: string, accept: string): Promise<Response> {
    const isFirst = this.#authorization === undefined;
    this.#authorization ??= this.#authorize();
    const answer = await this.#send(method, path, accept, await this.#authorization);
    if (answer.status !== 401 || isFirst) return answer;
    // A token is good for minutes, and a large layer takes longer.
    await answer.body?.cancel();
    this.#authorization = this.#authorize();
    return this.#send(method, path, accept, await this.#authorization);
  }

  #send(method: "GET" | "HEAD", path: string, accept: string, authorization: string | undefined): Promise<Response> {
    const { registry, name } = this.#repository;
    const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
    return this.#fetch(`${registry}/v2/${name}/${path}`, { method, headers });
  }

  async #authorize(): Promise<string | undefined> {
    const { registry } = this.#repository;
    const { host } = new URL(registry);
    const answer = await this.#fetch(`${registry}/v2/`, { method: "GET", headers: {} });
    await answer.body?.cancel();
    if (answer.status !== 401) return undefined;
    const [, scheme = "", rest = ""] = /^(\w+)\s*(.*)$/.exec(answer.headers.get("www-authenticate") ?? "") ?? [];
    switch (scheme.toLowerCase()) {
      case "basic":
        if (this.#credentials === undefined) throw new RegistryRefusal(`${host} wants credentials`);
        return basic(this.#credentials);
      case "bearer":
        return this.#token(host, parameters(rest));
      default:
        throw new RegistryRefusal(`${host} wants "${scheme}", which is not known`);
    }
  }

  async #token(host: string, { realm = "", service }: { realm?: string; service?: string }): Promise<string> {
    const url = URL.parse(realm);
    // Credentials go only to where they are safe: a realm without TLS is taken from this machine alone.
    const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.host));
    if (url === null || !isSafe) throw new RegistryRefusal(`${host} names no place to get a token`);
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", `repository:${this.#repository.name}:pull`);
    const headers = this.#credentials === undefined ? {} : { authorization: basic(this.#credentials) };
    const answer = await this.#fetch(url.href, { method: "GET", headers });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      if (answer.status >= 500) throw new Error(`${url.host} answers ${answer.status}`);
      throw new RegistryRefusal(`${url.host} answers ${answer.status}`);
    }
    const { token, access_token: accessToken } = (await answer.json()) as { token?: string; access_token?: string };
    const bearer = token ?? accessToken;
    if (bearer === undefined) throw new RegistryRefusal(`${url.host} gives no token`);
    return `Bearer ${bearer}`;
  }
}

/** `realm="https://…",service="…"` */
function parameters(text: string): { realm?: string; service?: string } {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]));
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

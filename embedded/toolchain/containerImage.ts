import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Response } from "undici";
import { unpack } from "./download.ts";
import type { FetchContext, Source } from "./tool.ts";
import { request, save } from "./web.ts";

/** Programs inside a published container image, for projects that release no binaries otherwise. */
export interface ImageFiles {
  /** Where the registry answers: `https://quay.io`. */
  readonly registry: string;
  readonly repository: string;
  /** A digest pins the content; a tag is as good as the TLS connection to the registry. */
  readonly reference: string;
  /** Paths in the image, without the leading slash, by the file each becomes. */
  readonly members: Readonly<Record<string, string>>;
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * Fetches the layers of a linux/amd64 image from its registry, anonymously, until the programs are found; no container
 * runtime is needed.
 */
export function containerImage(image: ImageFiles, scratchMiB: number): Source {
  return {
    name: `image ${new URL(image.registry).host}/${image.repository}:${image.reference}`,
    kind: "download",
    scratchMiB,
    async fetch(directory, context) {
      const session = new Session(image, context);
      const layers = await session.layers();
      // A project's own program is in one of the last layers; the base image comes first.
      for (const digest of layers.reverse()) {
        const archive = await session.fetchLayer(digest);
        await unpack(archive, image.members, directory, context).catch(() => undefined);
        if (await hasAll(directory, Object.keys(image.members))) return;
      }
      throw new Error(`no layer has ${Object.values(image.members).join(", ")}`);
    },
  };
}

async function hasAll(directory: string, files: readonly string[]): Promise<boolean> {
  const present = await Promise.allSettled(files.map((file) => access(join(directory, file))));
  return present.every(({ status }) => status === "fulfilled");
}

/** One anonymous conversation with a registry, by the OCI distribution specification. */
class Session {
  readonly #image: ImageFiles;
  readonly #context: FetchContext;
  #token: string | undefined;

  constructor(image: ImageFiles, context: FetchContext) {
    this.#image = image;
    this.#context = context;
  }

  async layers(): Promise<string[]> {
    const manifest = await this.#manifest(this.#image.reference);
    if (manifest.layers !== undefined) return manifest.layers.map(({ digest }) => digest);
    const wanted = manifest.manifests?.find(
      ({ platform }) => platform?.os === "linux" && platform.architecture === "amd64",
    );
    if (wanted === undefined) throw new Error("there is no linux/amd64 image");
    return ((await this.#manifest(wanted.digest)).layers ?? []).map(({ digest }) => digest);
  }

  async fetchLayer(digest: string): Promise<string> {
    const path = join(this.#context.scratch, digest.replace(":", "-"));
    const actual = await save(await this.#get(`blobs/${digest}`, "*/*"), path, this.#context);
    verify(digest, actual);
    return path;
  }

  async #manifest(reference: string): Promise<Manifest> {
    const response = await this.#get(`manifests/${reference}`, manifestTypes);
    const path = join(this.#context.scratch, "manifest.json");
    const actual = await save(response, path, this.#context);
    if (reference.startsWith("sha256:")) verify(reference, actual);
    return JSON.parse(await readFile(path, "utf8")) as Manifest;
  }

  async #get(path: string, accept: string): Promise<Response> {
    const url = `${this.#image.registry}/v2/${this.#image.repository}/${path}`;
    const { signal } = this.#context;
    const headers = () => ({
      accept,
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
    });
    const response = await request(url, { signal, headers: headers(), accept: [401] });
    if (response.status !== 401) return response;
    await response.body?.cancel();
    this.#token = await this.#anonymousToken(response.headers.get("www-authenticate") ?? "");
    return request(url, { signal, headers: headers() });
  }

  async #anonymousToken(challenge: string): Promise<string> {
    const fields = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]));
    const realm = fields.get("realm");
    if (realm === undefined) throw new Error("the registry wants a login");
    const url = new URL(realm);
    url.searchParams.set("service", fields.get("service") ?? "");
    url.searchParams.set("scope", `repository:${this.#image.repository}:pull`);
    const answer = (await (await request(url.href, this.#context)).json()) as { token?: string; access_token?: string };
    const token = answer.token ?? answer.access_token;
    if (token === undefined) throw new Error("the registry gave no token for an anonymous pull");
    return token;
  }
}

interface Manifest {
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: { readonly os: string; readonly architecture: string };
  }[];
}

function verify(digest: string, actual: string): void {
  if (digest !== `sha256:${actual}`) throw new Error(`${digest} came as sha256:${actual}: it is damaged`);
}

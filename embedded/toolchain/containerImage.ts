import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Response } from "undici";
import { RegistryClient } from "../../engine/registry/registryClient.ts";
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
      const download = new ImageDownload(image, context);
      const layers = await download.layers(image.reference);
      // A project's own program is in one of the last layers; the base image comes first.
      for (const digest of layers.reverse()) {
        const archive = await download.fetchLayer(digest);
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

/** Reads one image anonymously, and checks everything against its digest. */
class ImageDownload {
  readonly #client: RegistryClient;
  readonly #context: FetchContext;

  constructor({ registry, repository }: ImageFiles, context: FetchContext) {
    this.#context = context;
    this.#client = new RegistryClient({ registry, name: repository }, (url, { headers }) =>
      request(url, { signal: context.signal, headers, accept: [401] }),
    );
  }

  async layers(reference: string): Promise<string[]> {
    const manifest = await this.#manifest(reference);
    if (manifest.layers !== undefined) return manifest.layers.map(({ digest }) => digest);
    const wanted = manifest.manifests?.find(
      ({ platform }) => platform?.os === "linux" && platform.architecture === "amd64",
    );
    if (wanted === undefined) throw new Error("there is no linux/amd64 image");
    return ((await this.#manifest(wanted.digest)).layers ?? []).map(({ digest }) => digest);
  }

  async fetchLayer(digest: string): Promise<string> {
    const path = join(this.#context.scratch, digest.replace(":", "-"));
    verify(digest, await save(found(await this.#client.blob(digest)), path, this.#context));
    return path;
  }

  async #manifest(reference: string): Promise<Manifest> {
    const path = join(this.#context.scratch, "manifest.json");
    const actual = await save(found(await this.#client.manifest("GET", reference)), path, this.#context);
    if (reference.startsWith("sha256:")) verify(reference, actual);
    return JSON.parse(await readFile(path, "utf8")) as Manifest;
  }
}

function found(response: Response): Response {
  if (response.ok) return response;
  throw new Error(`${response.url} answered ${response.status}`);
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

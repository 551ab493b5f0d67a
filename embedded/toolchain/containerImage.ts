import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Response } from "undici";
import { RegistryClient } from "../../engine/registry/registryClient.ts";
import { unpack } from "./download.ts";
import type { FetchContext, Source } from "./tool.ts";
import { request, save } from "./web.ts";

/** Programs to take from a container image, for projects that publish no other binaries. */
export interface ImageFiles {
  /** The URL of the registry: `https://quay.io`. */
  readonly registry: string;
  /** The name of the image in the registry: `argoproj/argo-rollouts`. */
  readonly repository: string;
  /** A tag or a digest. Only a digest pins the content; with a tag the registry is trusted. */
  readonly reference: string;
  /** Paths in the image, without the leading slash, keyed by the name that the file gets in the tool's directory. */
  readonly members: Readonly<Record<string, string>>;
}

/**
 * A source that downloads the layers of a linux/amd64 image, the last one first, until it has the programs. It uses no
 * credentials and needs no container runtime. `scratchMiB` is the disk space for the layers.
 */
export function containerImage(image: ImageFiles, scratchMiB: number): Source {
  return {
    name: `image ${new URL(image.registry).host}/${image.repository}${isDigest(image.reference) ? "@" : ":"}${image.reference}`,
    kind: "download",
    scratchMiB,
    async fetch(directory, context) {
      const download = new ImageDownload(image, context);
      const layers = await download.layers(image.reference);
      // The programs of the project are in one of the last layers; the first ones are the base image.
      for (const digest of layers.reverse()) {
        const archive = await download.fetchLayer(digest);
        await unpack(archive, image.members, directory, context).catch(() => undefined);
        if (await hasAll(directory, Object.keys(image.members))) return;
      }
      throw new Error(`no layer has ${Object.values(image.members).join(", ")}`);
    },
  };
}

function isDigest(reference: string): boolean {
  return reference.startsWith("sha256:");
}

async function hasAll(directory: string, files: readonly string[]): Promise<boolean> {
  const present = await Promise.allSettled(files.map((file) => access(join(directory, file))));
  return present.every(({ status }) => status === "fulfilled");
}

/** Downloads the manifest and layers of one image without credentials and checks their SHA-256 digests. */
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
    if (isDigest(reference)) verify(reference, actual);
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

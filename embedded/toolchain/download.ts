import { chmod, mkdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { extract } from "tar";
import type { FetchContext, Source } from "./tool.ts";
import { request, requestText, save } from "./web.ts";

/** One file of an official release. */
export interface ReleaseFile {
  readonly url: string;
  /**
   * What the file must hash to: the SHA-256 itself, or the address of the publisher's own list of them (`<hash>
   * <file>` lines, or the hash alone), which is as good as the TLS connection it comes over.
   */
  readonly sha256: string | { readonly listedAt: string };
  /** Members of the archive by the file each becomes. Without it, the file itself is kept under its own name. */
  readonly members?: Readonly<Record<string, string>>;
}

/** Official release files, verified against their checksums. */
export function download(name: string, files: readonly ReleaseFile[], scratchMiB: number): Source {
  return {
    name,
    kind: "download",
    scratchMiB,
    async fetch(directory, context) {
      for (const file of files) await fetchFile(file, directory, context);
    },
  };
}

async function fetchFile(file: ReleaseFile, directory: string, context: FetchContext): Promise<void> {
  const name = basename(new URL(file.url).pathname);
  const saved = join(context.scratch, name);
  const response = await request(file.url, context);
  const actual = await save(response, saved, {
    signal: context.signal,
    progress: (detail) => context.progress(`${name}, ${detail}`),
  });
  const expected =
    typeof file.sha256 === "string" ? file.sha256 : await listedHash(file.sha256.listedAt, name, context);
  if (actual !== expected) {
    throw new Error(`${file.url} has the SHA-256 ${actual}, not ${expected}: it is damaged or not the pinned release`);
  }
  if (file.members === undefined) await place(saved, directory, name);
  else await unpack(saved, file.members, directory, context);
}

async function listedHash(listUrl: string, name: string, { signal }: FetchContext): Promise<string> {
  const list = await requestText(listUrl, signal);
  for (const line of list.split("\n")) {
    const [hash, file] = line.trim().split(/\s+\*?/);
    if (hash !== undefined && /^[0-9a-f]{64}$/.test(hash) && (file === undefined || basename(file) === name))
      return hash;
  }
  throw new Error(`${listUrl} lists no SHA-256 of ${name}`);
}

/** Takes single files out of a tar archive, compressed or not, and makes them programs. */
export async function unpack(
  archive: string,
  members: Readonly<Record<string, string>>,
  directory: string,
  { scratch }: Pick<FetchContext, "scratch">,
): Promise<void> {
  const into = join(scratch, `${basename(archive)}.unpacked`);
  await mkdir(into, { recursive: true });
  const wanted = new Set(Object.values(members));
  await extract({ file: archive, cwd: into, filter: (path) => wanted.has(path.replace(/^\.?\//, "")) });
  for (const [file, member] of Object.entries(members)) await place(join(into, member), directory, file);
}

async function place(from: string, directory: string, file: string): Promise<void> {
  const to = join(directory, file);
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  await chmod(to, 0o755);
}

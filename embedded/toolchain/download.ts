import { chmod, mkdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { extract } from "tar";
import type { FetchContext, Source } from "./tool.ts";
import { request, requestText, save } from "./web.ts";

/** One file of an official release. */
export interface ReleaseFile {
  /** The HTTPS URL. Its last part is the name of the file. */
  readonly url: string;
  /**
   * The file's SHA-256 in hexadecimal, or the URL of the publisher's list (`<hash> <file>` lines, or the hash alone).
   * A list does not pin the content: it is only as trustworthy as the server that it comes from.
   */
  readonly sha256: string | { readonly listedAt: string };
  /**
   * The paths to take from a tar archive, keyed by the name that each gets in the tool's directory.
   * @default the file is no archive and keeps its name
   */
  readonly members?: Readonly<Record<string, string>>;
}

/**
 * A source that downloads release files and checks their SHA-256. `scratchMiB` is the disk space for the archives and
 * their contents.
 */
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

/**
 * Extracts files of a tar archive, compressed or not, into `directory` and makes them executable. The keys of `members`
 * are the new names, the values the paths in the archive.
 * @throws Error if the archive lacks one of them or is damaged
 */
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

import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import envPaths from "env-paths";
import type { InstalledTool, Tool } from "./tool.ts";

/** A scratch directory older than this is removed even if a process with its pid runs: that is another process. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * The user's cache of tools: `SERIN_CACHE`, or the platform's cache directory (`~/.cache/serin` unless XDG says
 * otherwise).
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env.SERIN_CACHE;
  return chosen === undefined || chosen === "" ? envPaths("serin", { suffix: "" }).cache : resolve(chosen);
}

/** The directory of one version of a tool in the cache. Another version, or build of it, has another directory. */
function toolDirectory(cache: string, { name, version, build = 1 }: Tool): string {
  return join(cache, "tools", name, build === 1 ? version : `${version}-build${build}`);
}

/** Looks a tool up in the cache; `undefined` if one of its files is missing. */
export async function findCached(cache: string, tool: Tool): Promise<InstalledTool | undefined> {
  const directory = toolDirectory(cache, tool);
  const files = filesIn(directory, tool);
  const present = await Promise.all([...files.values()].map(exists));
  return present.every(Boolean) ? { how: directory, files } : undefined;
}

/**
 * Moves a fetched tool into the cache by a rename, so that another process never sees a part of it. `fetched` must be
 * on the file system of the cache.
 * @throws the error of the file system
 */
export async function installFrom(fetched: string, cache: string, tool: Tool): Promise<InstalledTool> {
  const directory = toolDirectory(cache, tool);
  await mkdir(dirname(directory), { recursive: true });
  await rm(directory, { recursive: true, force: true });
  await rename(fetched, directory);
  return { how: directory, files: filesIn(directory, tool) };
}

/** The files of a tool that are not in `directory`, relative to it. */
export async function missingFiles(directory: string, tool: Tool): Promise<string[]> {
  const present = await Promise.all(tool.files.map((file) => exists(join(directory, file))));
  return tool.files.filter((_, index) => present[index] !== true);
}

/**
 * Creates a scratch directory in the cache. There it is on the same file system, so that a rename installs a tool. Its
 * name has the host and pid of this process.
 */
export async function makeScratch(cache: string): Promise<string> {
  const parent = join(cache, "scratch");
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, `${ownerPrefix()}${process.pid}-`));
}

/**
 * Removes the scratch directories of processes that were killed: those whose pid no longer runs on this host, and those
 * older than a day.
 */
export async function removeAbandonedScratch(cache: string, now: number = Date.now()): Promise<void> {
  const parent = join(cache, "scratch");
  for (const name of await readdir(parent).catch(() => [])) {
    const directory = join(parent, name);
    const age = await stat(directory).then(
      ({ mtimeMs }) => now - mtimeMs,
      () => 0,
    );
    if (age > abandonedAfterMs || isOfDeadProcess(name)) await removeTree(directory);
  }
}

/** Removes a tree even where directories in it are read-only, as in Go's module cache. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch {
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o700);
    }
    await rm(directory, { recursive: true, force: true });
  }
}

function filesIn(directory: string, tool: Tool): Map<string, string> {
  return new Map(tool.files.map((file) => [file, join(directory, file)]));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The host is in the name because several hosts may share the cache over a network, and a pid is of one host. */
function ownerPrefix(): string {
  return `${hostname().replaceAll(/[^A-Za-z0-9.]/g, "_")}-`;
}

function isOfDeadProcess(name: string): boolean {
  const prefix = ownerPrefix();
  const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

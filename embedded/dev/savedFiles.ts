import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A file as it was saved. */
export interface SavedFile {
  /** Bytes. */
  readonly size: number;
  /** ms since 1970. */
  readonly mtimeMs: number;
}

/** The files of a folder by their paths in it. */
export type SavedFiles = ReadonlyMap<string, SavedFile>;

/**
 * The files below a folder; links are followed. What editors, Python and version control keep beside them is left out:
 * names that begin with a dot, `__pycache__`, backups and swap files. A folder that is not there has none.
 */
export function savedFiles(folder: string): SavedFiles {
  const found = new Map<string, SavedFile>();
  collect(folder, "", found);
  return found;
}

/** Whether a model's folder is served without this file or folder. */
export function isIgnored(name: string): boolean {
  return name.startsWith(".") || name === "__pycache__" || /(~|\.swp|\.swx|\.tmp|\.pyc)$/.test(name);
}

/** How `saves` looks. */
export interface SavesOptions {
  /**
   * The shortest time between two looks, ms. Files are looked at, and no kernel interface is asked, so that network
   * disks, WSL and editors that rename files are no exceptions.
   * @default 150
   */
  readonly everyMs?: number;
  /** Ends the watching. */
  readonly signal: AbortSignal;
}

/**
 * The contents of a folder now, and again after each save: when something has changed and two looks in a row saw the
 * same. Changes while nobody waits for the next one are one save. Ends when the signal is aborted.
 */
export async function* saves(folder: string, { everyMs = 150, signal }: SavesOptions): AsyncGenerator<SavedFiles> {
  let shown: SavedFiles | undefined;
  let before: SavedFiles | undefined;
  while (!signal.aborted) {
    const start = performance.now();
    const now = savedFiles(folder);
    // A folder of many files must not keep a core busy.
    const pauseMs = Math.max(everyMs, 10 * (performance.now() - start));
    if (shown === undefined || (before !== undefined && same(before, now) && !same(shown, now))) {
      shown = now;
      yield now;
    }
    before = now;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** When the newest of the files was saved, ms since 1970; -Infinity without a file. */
export function newestSave(files: SavedFiles): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...[...files.values()].map(({ mtimeMs }) => mtimeMs));
}

function same(a: SavedFiles, b: SavedFiles): boolean {
  if (a.size !== b.size) return false;
  for (const [path, { size, mtimeMs }] of a) {
    const other = b.get(path);
    if (other === undefined || other.size !== size || other.mtimeMs !== mtimeMs) return false;
  }
  return true;
}

function collect(folder: string, below: string, into: Map<string, SavedFile>): void {
  for (const name of namesIn(join(folder, below))) {
    if (isIgnored(name)) continue;
    const path = join(below, name);
    try {
      const stat = statSync(join(folder, path));
      if (stat.isDirectory()) collect(folder, path, into);
      else if (stat.isFile()) into.set(path, { size: stat.size, mtimeMs: stat.mtimeMs });
    } catch {
      // It went between the listing and the look.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

import { mkdir, mkdtemp, statfs } from "node:fs/promises";
import { join } from "node:path";
import { exitCodes, type Problem, ProblemError } from "../../components/core/problem.ts";
import { findCached, installFrom, makeScratch, missingFiles, removeAbandonedScratch, removeTree } from "./cache.ts";
import { lockCache } from "./lock.ts";
import { checkFetched, findOnPath } from "./programVersion.ts";
import { ToolProgress } from "./progress.ts";
import { type InstalledTool, messageOf, type Source, type Tool, type ToolEvent } from "./tool.ts";

/** Where tools are installed, and how the installation is watched and aborted. */
export interface InstallOptions {
  /** The directory of the cache, an absolute path. It is created if it is missing. */
  readonly cache: string;
  /** Aborting it ends all child processes and removes unfinished files. */
  readonly signal: AbortSignal;
  /** Called when a tool is found, when its fetch begins and ends, and every 3 s while it is fetched. */
  readonly onProgress: (event: ToolEvent) => void;
  /** The free space of a directory's file system, MiB. @default from `statfs`; tests replace it */
  readonly freeMiB?: (directory: string) => Promise<number>;
}

/**
 * How many tools are downloaded or built at a time. Downloads need hardly any CPU. One build uses all CPUs except while
 * it links, so a second one uses them then.
 */
const parallel = { download: 6, build: 2 } as const;

const subject = "Some tools of the embedded environment could not be found, downloaded or built";

/** A tool that is neither on PATH nor in the cache. */
interface MissingTool {
  readonly tool: Tool;
  readonly progress: ToolProgress;
  /** What was tried, each with its error. */
  readonly tried: string[];
}

/**
 * Returns the paths of all tools, keyed by the tool's name. A tool comes from PATH if its version fits, else from the
 * cache, else from the first of its sources that succeeds.
 *
 * All downloads are tried before the first build, because builds take minutes: a tool without any usable source is
 * reported before them.
 * @throws ProblemError with each tool that was neither found nor downloaded nor built, what was tried, and a fix; or if
 * the disk is too small
 */
export async function installTools(
  tools: readonly Tool[],
  options: InstallOptions,
): Promise<ReadonlyMap<string, InstalledTool>> {
  const installed = new Map<string, InstalledTool>();
  const wanted = await findPresent(tools, installed, options);
  if (wanted.length === 0) return installed;
  await mkdir(options.cache, { recursive: true });
  const release = await lockCache(options.cache, {
    signal: options.signal,
    onWait: (holder) => {
      for (const { progress } of wanted) progress.waiting(`process ${holder} is fetching tools`);
    },
  });
  try {
    await removeAbandonedScratch(options.cache);
    const scratch = await makeScratch(options.cache);
    try {
      const missing = await notCachedMeanwhile(wanted, installed, options);
      const toBuild = await fetchAll("download", missing, installed, scratch, options);
      rejectUnavailable(toBuild.filter(({ tool }) => !hasBuild(tool)));
      rejectUnavailable(await fetchAll("build", toBuild, installed, scratch, options));
    } finally {
      await removeTree(scratch);
    }
  } finally {
    for (const { progress } of wanted) progress.stop();
    await release();
  }
  return installed;
}

async function findPresent(
  tools: readonly Tool[],
  installed: Map<string, InstalledTool>,
  { cache, signal, onProgress }: InstallOptions,
): Promise<MissingTool[]> {
  const wanted = await Promise.all(
    tools.map(async (tool) => {
      const progress = new ToolProgress(tool.name, onProgress);
      const onPath = await findOnPath(tool, signal);
      if ("files" in onPath) {
        installed.set(tool.name, onPath);
        progress.ended("found", onPath.how);
        return [];
      }
      const cached = await findCached(cache, tool);
      if (cached === undefined)
        return [{ tool, progress, tried: tool.onPath === undefined ? [] : [`PATH: ${onPath.rejected}`] }];
      installed.set(tool.name, cached);
      progress.ended("cached", cached.how);
      return [];
    }),
  );
  return wanted.flat();
}

async function notCachedMeanwhile(
  wanted: readonly MissingTool[],
  installed: Map<string, InstalledTool>,
  { cache }: InstallOptions,
): Promise<MissingTool[]> {
  const missing: MissingTool[] = [];
  for (const each of wanted) {
    const cached = await findCached(cache, each.tool);
    if (cached === undefined) missing.push(each);
    else {
      installed.set(each.tool.name, cached);
      each.progress.ended("cached", cached.how);
    }
  }
  return missing;
}

/** Tries all sources of one kind, the slowest tool first. Returns the tools that are still missing. */
async function fetchAll(
  kind: Source["kind"],
  wanted: readonly MissingTool[],
  installed: Map<string, InstalledTool>,
  scratch: string,
  options: InstallOptions,
): Promise<MissingTool[]> {
  const candidates = wanted
    .filter(({ tool }) => tool.sources.some((source) => source.kind === kind))
    .sort((a, b) => b.tool.seconds - a.tool.seconds);
  await checkSpace(kind, candidates, options);
  const queue = candidates.values();
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const workers = Array.from({ length: parallel[kind] }, async () => {
    for (const each of queue) await fetchOne(kind, each, installed, scratch, { ...options, signal });
  });
  // Waits for every worker, because none may write into the scratch directory while it is removed.
  await Promise.all(workers.map((worker) => worker.catch((error: unknown) => failure.abort(error))));
  failure.signal.throwIfAborted();
  return wanted.filter(({ tool }) => !installed.has(tool.name));
}

async function fetchOne(
  kind: Source["kind"],
  { tool, progress, tried }: MissingTool,
  installed: Map<string, InstalledTool>,
  scratch: string,
  { cache, signal }: InstallOptions,
): Promise<void> {
  for (const source of tool.sources.filter((each) => each.kind === kind)) {
    signal.throwIfAborted();
    const { purpose, seconds } = tool;
    progress.started(source.name, { kind, purpose, ...(kind === "build" ? { seconds } : {}) });
    const own = await mkdtemp(join(scratch, `${tool.name}-`));
    const directory = join(own, "tool");
    const work = join(own, "work");
    try {
      await mkdir(directory);
      await mkdir(work);
      const context = {
        signal,
        scratch: work,
        goCaches: join(scratch, "go"),
        progress: (detail: string) => progress.detail(detail),
      };
      await source.fetch(directory, context);
      const absent = await missingFiles(directory, tool);
      if (absent.length > 0) throw new Error(`it has no ${absent.join(", ")}`);
      await checkFetched(tool, directory, context);
      installed.set(tool.name, await installFrom(directory, cache, tool));
      progress.ended("done", source.name);
      return;
    } catch (error) {
      signal.throwIfAborted();
      tried.push(`${source.name}: ${messageOf(error)}`);
    } finally {
      await removeTree(own);
    }
  }
  if (kind === "build" || !hasBuild(tool)) progress.ended("failed", undefined, tried.at(-1));
  else progress.stop();
}

function hasBuild({ sources }: Tool): boolean {
  return sources.some(({ kind }) => kind === "build");
}

/** @throws ProblemError with all of these tools, if there are any */
function rejectUnavailable(tools: readonly MissingTool[]): void {
  if (tools.length > 0) throw new ProblemError(subject, tools.map(problemOf), exitCodes.unavailable);
}

function problemOf({ tool, tried }: MissingTool): Problem {
  return {
    path: `${tool.name} ${tool.version}`,
    reason: [`needed for ${tool.purpose}. Tried:`, ...tried.map((each) => `      ${each}`), "   "].join("\n"),
    fix: tool.fix,
  };
}

async function checkSpace(
  kind: Source["kind"],
  wanted: readonly MissingTool[],
  options: InstallOptions,
): Promise<void> {
  const needed = wanted
    .map(({ tool }) => tool.sizeMiB + Math.max(...tool.sources.filter((s) => s.kind === kind).map((s) => s.scratchMiB)))
    .reduce((sum, each) => sum + each, 0);
  const free = await (options.freeMiB ?? freeMiB)(options.cache);
  if (free >= needed) return;
  const names = wanted.map(({ tool }) => tool.name).join(", ");
  const verb = kind === "build" ? "building" : "fetching";
  throw new ProblemError(
    "There is too little disk space for the tools of the embedded environment",
    [
      {
        path: options.cache,
        reason: `${gib(free)} GiB are free, and ${verb} ${names} needs ${gib(needed)} GiB, most of it only until they are installed.`,
        fix: "Free some, or set SERIN_CACHE to a directory on a larger disk.",
      },
    ],
    exitCodes.unavailable,
  );
}

async function freeMiB(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return (bavail * bsize) / 1024 / 1024;
}

function gib(mebibytes: number): string {
  return (mebibytes / 1024).toFixed(1);
}

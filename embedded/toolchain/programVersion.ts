import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { satisfies } from "semver";
import { runCommand } from "./runCommand.ts";
import { type FetchContext, type InstalledTool, messageOf, type Tool } from "./tool.ts";

/** How long a program may take to print its version. */
const answerTimeoutMs = 20_000;

/**
 * Looks a tool up on PATH. `rejected` says why it is not used: it may not come from PATH, or one of its programs is
 * missing, does not run or has a version outside the tool's range.
 */
export async function findOnPath(
  tool: Tool,
  signal: AbortSignal,
  path: string = process.env.PATH ?? "",
): Promise<InstalledTool | { readonly rejected: string }> {
  const { onPath } = tool;
  if (onPath === undefined) return { rejected: "not used from PATH" };
  const files = new Map<string, string>();
  for (const program of tool.files) {
    const found = await searchPath(program, path);
    if (found === undefined) return { rejected: `${program} is not there` };
    try {
      await checkVersion(found, onPath, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { rejected: messageOf(error) };
    }
    files.set(program, found);
  }
  return { how: "PATH", files };
}

/**
 * Checks that a tool that was just fetched runs on this machine and has a version in its range.
 * @throws Error if it does not
 */
export async function checkFetched(tool: Tool, directory: string, context: FetchContext): Promise<void> {
  const { onPath, check } = tool;
  if (check !== undefined) await check(directory, context);
  else if (onPath !== undefined) {
    for (const program of tool.files) await checkVersion(join(directory, program), onPath, context.signal);
  }
}

async function checkVersion(
  program: string,
  { versionArgs, range }: NonNullable<Tool["onPath"]>,
  signal: AbortSignal,
): Promise<void> {
  const { all } = await runCommand(program, versionArgs, { signal, timeoutMs: answerTimeoutMs });
  const version = /\d+\.\d+\.\d+/.exec(all)?.[0];
  if (version === undefined) throw new Error(`${program} does not say its version`);
  if (!satisfies(version, range)) throw new Error(`${program} is ${version}, not ${range}`);
}

async function searchPath(program: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    const candidate = join(directory === "" ? "." : directory, program);
    const executable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return candidate;
  }
  return undefined;
}

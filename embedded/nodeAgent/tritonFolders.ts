import { readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseStat } from "../process/processIdentity.ts";

/** Where Triton's Python backend makes its folders, whatever TMPDIR says (python_backend `src/pb_env.cc`). */
export const pythonEnvironments = "/tmp";

/** Which folders are removed. */
export interface TritonFolders {
  /** When the environment was made, ms since 1970. Older folders are not its. */
  readonly since: number;
  /**
   * When the oldest Triton that still runs was started, ms since 1970; undefined: none runs.
   * @default what `oldestTriton` says
   */
  readonly oldest?: number | undefined;
  /** Where Triton's Python backend makes them: `pythonEnvironments`, except in tests. */
  readonly folder: string;
}

/**
 * Removes the empty folders `python_env_*` that Tritons have left: each makes one at its start, for packed Python
 * environments, and removes it at its end, unless it is killed. Nothing says which Triton made which, so those that a
 * running Triton of this user may have made stay.
 */
export function removeTritonFolders({ since, folder, ...living }: TritonFolders): void {
  // Listed before the processes, so that whoever made one of these is seen running, if it does.
  const names = tritonFolders(folder);
  const oldest = ("oldest" in living ? living.oldest : oldestTriton()) ?? Number.POSITIVE_INFINITY;
  for (const name of names) {
    const path = join(folder, name);
    try {
      const { mtimeMs, uid } = statSync(path);
      if (uid === process.getuid?.() && mtimeMs >= since && mtimeMs < oldest) rmdirSync(path);
    } catch {
      // It is gone, has something in it or is not a folder.
    }
  }
}

/** The folders `python_env_*` that are there now. */
export function tritonFolders(folder: string = pythonEnvironments): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("python_env_"));
}

/**
 * Removes those of the folders `names` that are empty and this user's: what one Triton, which has ended, has made
 * between `from` and `to`, ms since 1970. They stay if another Triton that runs was started in that time, because they
 * may be its.
 */
export function removeFoldersOf(
  names: readonly string[],
  {
    from,
    to,
    starts = tritonStarts(),
    folder = pythonEnvironments,
  }: {
    readonly from: number;
    readonly to: number;
    readonly starts?: readonly number[];
    readonly folder?: string;
  },
): void {
  // A second for clocks that are set, on both sides.
  if (starts.some((start) => start >= from - 2_000 && start <= to + 1_000)) return;
  for (const name of names) {
    try {
      const path = join(folder, name);
      if (statSync(path).uid === process.getuid?.()) rmdirSync(path);
    } catch {
      // It is gone, has something in it or is not a folder.
    }
  }
}

/** When the oldest running `tritonserver` of this user was started, ms since 1970, a second early at most. */
export function oldestTriton(): number | undefined {
  const started = tritonStarts();
  return started.length === 0 ? undefined : Math.min(...started);
}

/** When each running `tritonserver` of this user was started, ms since 1970, a second early at most. */
function tritonStarts(): number[] {
  const boot = Date.now() - Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1_000;
  return readdirSync("/proc").flatMap((entry) => {
    try {
      if (!/^\d+$/.test(entry) || statSync(`/proc/${entry}`).uid !== process.getuid?.()) return [];
      if (readFileSync(`/proc/${entry}/comm`, "utf8").trim() !== "tritonserver") return [];
      const stat = parseStat(readFileSync(`/proc/${entry}/stat`, "utf8"));
      // A hundredth of a second for a tick (USER_HZ), and a second for clocks that are set.
      return stat === undefined ? [] : [boot + stat.startTicks * 10 - 1_000];
    } catch {
      return [];
    }
  });
}

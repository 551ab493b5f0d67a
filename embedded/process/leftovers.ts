import { readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { identityOf, isAlive, type ProcessIdentity, parseStat, signalProcess } from "./processIdentity.ts";

/**
 * The environment variable that marks the processes of an embedded environment. Its value is the environment's data
 * directory. The supervisor has it and all its child processes inherit it, so that they can be found after a crash.
 */
export const markerVariable = "SERIN_ENVIRONMENT_DIR";

/**
 * Finds the running processes of an embedded environment: the `recorded` ones that are still the same process, and
 * those of this user that carry its marker. (A process that started just before the supervisor was killed is not
 * recorded.) Leaves out this process and its ancestors.
 */
export function findLeftovers(dataDir: string, recorded: readonly ProcessIdentity[]): ProcessIdentity[] {
  const own = ancestors(process.pid);
  const found = new Map<number, ProcessIdentity>();
  for (const identity of recorded) if (isAlive(identity)) found.set(identity.pid, identity);
  for (const pid of marked(dataDir)) {
    const identity = identityOf(pid);
    if (identity !== undefined) found.set(pid, identity);
  }
  return [...found.values()].filter(({ pid }) => !own.has(pid));
}

/**
 * Ends processes: sends SIGTERM, waits up to `graceMs`, then sends SIGKILL. Returns those that still run two seconds
 * later.
 */
export async function endProcesses(processes: readonly ProcessIdentity[], graceMs: number): Promise<ProcessIdentity[]> {
  for (const identity of processes) signalProcess(identity, "SIGTERM");
  await waitGone(processes, graceMs);
  for (const identity of processes) signalProcess(identity, "SIGKILL");
  await waitGone(processes, 2_000);
  return processes.filter(isAlive);
}

/** Waits until all `processes` have ended. Returns false if one still runs after `timeoutMs`. */
export async function waitGone(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (processes.some(isAlive)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function marked(dataDir: string): number[] {
  const wanted = `${markerVariable}=${dataDir}`;
  const uid = process.getuid?.();
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      if (statSync(`/proc/${entry}`).uid !== uid) return [];
      return readFileSync(`/proc/${entry}/environ`, "utf8").split("\0").includes(wanted) ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

/** The process `pid` and its ancestors. They are never leftovers, even if they carry the marker. */
function ancestors(pid: number): Set<number> {
  const seen = new Set<number>();
  for (let current = pid; current > 1 && !seen.has(current); ) {
    seen.add(current);
    try {
      current = parseStat(readFileSync(`/proc/${current}/stat`, "utf8"))?.parentPid ?? 0;
    } catch {
      break;
    }
  }
  return seen;
}

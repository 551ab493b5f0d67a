import { readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { identityOf, isAlive, type ProcessIdentity, parseStat, signalProcess } from "./processIdentity.ts";

/**
 * Set in the supervisor's environment and inherited by everything it starts, so that a crash leaves nothing unnamed.
 */
export const markerVariable = "SERIN_ENVIRONMENT_DIR";

/**
 * Processes that still belong to an environment: those recorded that are still the same process, and those that carry
 * its marker (a process started in the instant before the supervisor was killed is not in the record).
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
 * Ends processes: asks, waits up to `graceMs`, then kills. Returns those that would not die within two more seconds.
 */
export async function endProcesses(processes: readonly ProcessIdentity[], graceMs: number): Promise<ProcessIdentity[]> {
  for (const identity of processes) signalProcess(identity, "SIGTERM");
  await waitGone(processes, graceMs);
  for (const identity of processes) signalProcess(identity, "SIGKILL");
  await waitGone(processes, 2_000);
  return processes.filter(isAlive);
}

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

/** This process and those that started it are never leftovers, whatever their environment says. */
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

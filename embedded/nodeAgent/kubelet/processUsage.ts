import { readdirSync, readFileSync } from "node:fs";

/** What the processes of one group have used and hold. */
export interface GroupUsage {
  /** CPU time of those that run, in seconds, and of those they waited for. It grows while they do. */
  readonly cpuSeconds: number;
  /** Their process ids. */
  readonly pids: readonly number[];
}

/** The CPU time of process groups, by the id of the group, from one look at `/proc` (proc(5)). */
export function groupUsages(groups: ReadonlySet<number>): Map<number, GroupUsage> {
  const found = new Map<number, { cpuSeconds: number; pids: number[] }>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = parseUsage(readIfThere(`/proc/${entry}/stat`));
    if (stat === undefined || !groups.has(stat.group)) continue;
    const group = found.get(stat.group) ?? { cpuSeconds: 0, pids: [] };
    group.cpuSeconds += stat.ticks / ticksPerSecond;
    group.pids.push(Number(entry));
    found.set(stat.group, group);
  }
  return found;
}

/**
 * The memory of processes in bytes, as they share it: a page of two processes is half of each. A process that has ended
 * has none.
 */
export function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/smaps_rollup`))?.[1];
    return sum + Number(kibibytes ?? 0) * 1_024;
  }, 0);
}

/** Group and CPU time, in clock ticks, of the text of `/proc/<pid>/stat`; undefined if it is malformed. */
export function parseUsage(text: string): { group: number; ticks: number } | undefined {
  // The name of the program may have spaces and parentheses.
  const fields = text
    .slice(text.lastIndexOf(")") + 1)
    .trim()
    .split(/\s+/);
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return fields.length < 15 || Number.isNaN(ticks) ? undefined : { group: Number(fields[2]), ticks };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** USER_HZ, the same on every Linux for x86-64. */
const ticksPerSecond = 100;

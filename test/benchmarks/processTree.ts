import { type SpawnOptions, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a command took, with all processes it started. */
export interface Measured {
  readonly seconds: number;
  /** Processor time of all of them, s. */
  readonly cpuSeconds: number;
  /** Peak resident memory of each, MB: the command's own first, then the others', largest first. */
  readonly peaksMb: readonly number[];
  /**
   * The most memory that all of them had at once, MB (proportional set sizes, so that shared pages count once). Absent
   * unless asked for.
   */
  readonly togetherMb?: number;
}

interface Peak {
  megabytes: number;
  cpuSeconds: number;
}

/**
 * Runs a command to its end, and with `together` adds up its processes' memory five times a second.
 *
 * @throws Error when it fails.
 */
export async function measured(
  command: string,
  args: readonly string[],
  { together = false, ...options }: SpawnOptions & { readonly together?: boolean } = {},
): Promise<Measured> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
  const peaks = new Map<number, Peak>();
  const sampling = setInterval(() => sample(child.pid, peaks), together ? 200 : 20);
  let togetherMb = 0;
  const adding = setInterval(() => {
    if (together)
      togetherMb = Math.max(
        togetherMb,
        [...tree(child.pid)].reduce((sum, pid) => sum + shareMb(pid), 0),
      );
  }, 200);
  const code = await new Promise((resolve, reject) => child.once("exit", resolve).once("error", reject));
  clearInterval(sampling);
  clearInterval(adding);
  const seconds = (performance.now() - start) / 1_000;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
  const own = peaks.get(child.pid ?? 0)?.megabytes ?? 0;
  const others = [...peaks].filter(([pid]) => pid !== child.pid).map(([, { megabytes }]) => megabytes);
  return {
    seconds,
    cpuSeconds: [...peaks.values()].reduce((sum, peak) => sum + peak.cpuSeconds, 0),
    peaksMb: [own, ...others.sort((a, b) => b - a)],
    ...(together ? { togetherMb } : {}),
  };
}

/** The kernel keeps peaks and times itself (`VmHWM`, `stat`), so looking often enough misses only the end of a process. */
function sample(root: number | undefined, peaks: Map<number, Peak>): void {
  for (const pid of tree(root)) {
    const megabytes = Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1_024;
    // After the name, which may hold spaces: state is field 3, user and system time are fields 14 and 15, in hundredths of a second.
    const fields = read(`/proc/${pid}/stat`).split(") ").pop()?.split(" ") ?? [];
    const cpuSeconds = (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
    const last = peaks.get(pid) ?? { megabytes: 0, cpuSeconds: 0 };
    peaks.set(pid, {
      megabytes: Math.max(megabytes, last.megabytes),
      cpuSeconds: Math.max(cpuSeconds, last.cpuSeconds),
    });
  }
}

/** A process and all that descend from it. */
function* tree(pid: number | undefined): Generator<number> {
  if (pid === undefined) return;
  yield pid;
  for (const task of list(`/proc/${pid}/task`)) {
    for (const child of read(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean))
      yield* tree(Number(child));
  }
}

/** What a process has of memory, with its part of what it shares, MB. */
function shareMb(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1_024;
}

/** A process may end between two looks. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

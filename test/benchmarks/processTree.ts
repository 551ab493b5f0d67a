import { type SpawnOptions, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a command took, with all processes it started. */
export interface Measured {
  readonly seconds: number;
  /** Processor time of all of them, s. */
  readonly cpuSeconds: number;
  /** Peak resident memory of each, MB: the command's own first, then the others', largest first. */
  readonly peaksMb: readonly number[];
}

interface Peak {
  megabytes: number;
  cpuSeconds: number;
}

/** Runs a command to its end. @throws Error when it fails. */
export async function measured(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Measured> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
  const peaks = new Map<number, Peak>();
  const sampling = setInterval(() => sample(child.pid, peaks), 20);
  const code = await new Promise((resolve, reject) => child.once("exit", resolve).once("error", reject));
  clearInterval(sampling);
  const seconds = (performance.now() - start) / 1_000;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
  const own = peaks.get(child.pid ?? 0)?.megabytes ?? 0;
  const others = [...peaks].filter(([pid]) => pid !== child.pid).map(([, { megabytes }]) => megabytes);
  return {
    seconds,
    cpuSeconds: [...peaks.values()].reduce((sum, peak) => sum + peak.cpuSeconds, 0),
    peaksMb: [own, ...others.sort((a, b) => b - a)],
  };
}

/** The kernel keeps peaks and times itself (`VmHWM`, `stat`), so looking often enough misses only the end of a process. */
function sample(pid: number | undefined, peaks: Map<number, Peak>): void {
  if (pid === undefined) return;
  const megabytes = Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1_024;
  // After the name, which may hold spaces: state is field 3, user and system time are fields 14 and 15, in hundredths of a second.
  const fields = read(`/proc/${pid}/stat`).split(") ").pop()?.split(" ") ?? [];
  const cpuSeconds = (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
  const last = peaks.get(pid) ?? { megabytes: 0, cpuSeconds: 0 };
  peaks.set(pid, {
    megabytes: Math.max(megabytes, last.megabytes),
    cpuSeconds: Math.max(cpuSeconds, last.cpuSeconds),
  });
  for (const task of list(`/proc/${pid}/task`)) {
    for (const childPid of read(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean))
      sample(Number(childPid), peaks);
  }
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

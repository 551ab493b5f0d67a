/**
 * How long `serin plan` takes and how much memory it uses, as a person would meet it: the whole command, policy pack included.
 * Run on a quiet machine: npm run benchmark -- dev
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { columns } from "../../cli/terminal.ts";

const environment = process.argv[2] ?? "dev";
const runs = 7;
const command = fileURLToPath(new URL("../../cli/serin.ts", import.meta.url));

interface Run {
  readonly seconds: number;
  /** Peak resident memory of the command and of the policy pack, MB. */
  readonly commandMb: number;
  readonly packMb: number;
}

const results: Run[] = [];
await once(); // fills the caches
for (let run = 0; run < runs; run++) results.push(await once());

const row = (name: string, value: (run: Run) => number, digits: number) => {
  const sorted = results.map(value).sort((a, b) => a - b);
  return [name, ...[sorted[0], sorted[Math.floor(runs / 2)], sorted.at(-1)].map((one) => (one ?? 0).toFixed(digits))];
};
console.log(
  columns(
    [`serin plan ${environment}`, "min", "median", "max"],
    [
      row("wall time, s", ({ seconds }) => seconds, 2),
      row("command, peak MB", ({ commandMb }) => commandMb, 0),
      row("policy pack, peak MB", ({ packMb }) => packMb, 0),
    ],
    [1, 2, 3],
  ),
);

async function once(): Promise<Run> {
  const start = performance.now();
  const child = spawn(command, ["plan", environment, "--json"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const peaks = new Map<number, number>();
  const sampling = setInterval(() => sample(child.pid, peaks), 20);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  clearInterval(sampling);
  if (code !== 0) throw new Error(`serin plan ${environment} ended with ${code}`);
  const { [String(child.pid)]: commandMb = 0, ...others } = Object.fromEntries(peaks);
  return { seconds: (performance.now() - start) / 1_000, commandMb, packMb: Math.max(0, ...Object.values(others)) };
}

/** The kernel keeps the peak itself (VmHWM), so sampling misses little. */
function sample(pid: number | undefined, peaks: Map<number, number>): void {
  if (pid === undefined) return;
  const status = read(`/proc/${pid}/status`);
  const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  peaks.set(pid, Math.max(peak, peaks.get(pid) ?? 0));
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

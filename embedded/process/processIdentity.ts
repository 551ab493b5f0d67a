import { readFileSync } from "node:fs";

/**
 * A process that cannot be mistaken for a later one with the same pid: pids are reused, but not within one boot
 * together with the moment the process started (proc(5), `/proc/<pid>/stat` field 22).
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the boot and the start of the process. */
  readonly startTicks: number;
  readonly bootId: string;
}

/** The identity of a running process; `undefined` when there is none, or only its unreaped remains. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return stat === undefined || stat.state === "Z" || stat.state === "X"
      ? undefined
      : { pid, startTicks: stat.startTicks, bootId: bootId() };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = identityOf(identity.pid);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** Sends a signal to that process and no other; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The command name may hold spaces and brackets, so fields are counted from its last closing bracket. */
export function parseStat(text: string): { state: string; parentPid: number; startTicks: number } | undefined {
  const fields = text
    .slice(text.lastIndexOf(")") + 1)
    .trim()
    .split(/\s+/);
  const [state, parentPid] = fields;
  const startTicks = Number(fields[19]);
  if (state === undefined || !Number.isSafeInteger(startTicks)) return undefined;
  return { state, parentPid: Number(parentPid), startTicks };
}

export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, startTicks, bootId } = value as Partial<Record<keyof ProcessIdentity, unknown>>;
  if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(startTicks) || typeof bootId !== "string") return undefined;
  return Number(pid) > 1 ? { pid: Number(pid), startTicks: Number(startTicks), bootId } : undefined;
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}

import { readFileSync } from "node:fs";

/**
 * Identifies one process for all time. The kernel reuses a pid, but pid, start time and boot id together are unique
 * (proc(5), `/proc/<pid>/stat` field 22).
 */
export interface ProcessIdentity {
  /** The process id, greater than 1. */
  readonly pid: number;
  /** Clock ticks between the boot and the start of the process. */
  readonly startTicks: number;
  /** The UUID that the kernel makes at each boot, from `/proc/sys/kernel/random/boot_id`. */
  readonly bootId: string;
}

/** The identity of the running process `pid`; `undefined` if there is no such process or it is a zombie. */
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

/** Whether the process still runs; false for another process that has got the same pid. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identityOf(identity.pid);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** Sends a signal to the process. Returns false if it has ended or does not belong to this user. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads the text of `/proc/<pid>/stat` (proc(5)); `undefined` if it is malformed. The command name may contain spaces
 * and parentheses, so the fields are counted from the last closing parenthesis.
 */
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

/** Reads an identity from JSON; `undefined` if a field is missing or the pid is not greater than 1. */
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

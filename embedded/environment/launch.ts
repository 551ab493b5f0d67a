import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { moduleUrl } from "../../components/core/moduleUrl.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { environmentFiles } from "../machine/paths.ts";
import { endProcesses, findLeftovers, markerVariable, waitGone } from "../process/leftovers.ts";
import { identityOf, isAlive, type ProcessIdentity, signalProcess } from "../process/processIdentity.ts";
import type { Tools } from "../toolchain/index.ts";
import { readState, readStatus, recordedProcesses, type SupervisorStatus, writeState } from "./environmentState.ts";

export interface LaunchOptions {
  /** The project that the environment belongs to, an absolute path. */
  readonly owner?: string;
  readonly modelStore: string;
  readonly gatewayPort?: number;
  readonly tools: Tools;
  readonly onProgress?: (event: StepEvent) => void;
  readonly signal?: AbortSignal;
}

export interface StepEvent {
  readonly kind: "step";
  readonly name: string;
  readonly state: "started" | "done";
  readonly elapsedMs: number;
}

/**
 * Starts the supervisor of an environment, which outlives this process, and waits until everything works.
 * When it does not, or the person interrupts, nothing of it is left running.
 */
export async function launch(name: string, dataDir: string, options: LaunchOptions): Promise<void> {
  const files = environmentFiles(dataDir);
  mkdirSync(files.logs, { recursive: true, mode: 0o700 });
  linkModelStore(dataDir, options.modelStore);
  const { block, ports } = readState(dataDir) ?? {};
  writeState(dataDir, {
    name,
    modelStore: resolve(options.modelStore),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    askedPorts: options.gatewayPort === undefined ? {} : { gateway: options.gatewayPort },
    tools: options.tools,
    ...(block === undefined ? {} : { block }),
    ...(ports === undefined ? {} : { ports }),
  });
  rmSync(files.status, { force: true });
  const supervisor = spawnSupervisor(dataDir);
  try {
    await attach(dataDir, supervisor, options);
  } catch (error) {
    await endAll(dataDir);
    throw error;
  }
}

/** Follows a supervisor until its environment works. */
export async function attach(
  dataDir: string,
  supervisor: ProcessIdentity,
  { onProgress, signal }: Pick<LaunchOptions, "onProgress" | "signal">,
): Promise<void> {
  const told = new Map<string, string>();
  const deadline = performance.now() + startMs;
  for (;;) {
    signal?.throwIfAborted();
    // Read after the look at the process: what it wrote last, it wrote before it ended.
    const alive = isAlive(supervisor);
    const status = readStatus(dataDir);
    for (const step of status?.steps ?? []) {
      if (told.get(step.name) === step.state) continue;
      told.set(step.name, step.state);
      onProgress?.({ kind: "step", ...step });
    }
    if (status?.failure !== undefined) throw failed(status);
    if (alive && status?.phase === "ready" && status.processes.every(({ ready }) => ready)) return;
    if (!alive) throw gone(dataDir, "it ended before the environment worked.");
    if (performance.now() > deadline) {
      const waited = (status?.processes ?? []).filter(({ ready }) => !ready).map((process) => process.name);
      const which = waited.length === 0 ? "" : `: not ready are ${waited.join(", ")}`;
      throw gone(dataDir, `the environment does not work after ${startMs / 1000} s${which}.`);
    }
    await sleep(40);
  }
}

/** Ends whatever still runs of an environment, the supervisor first, because it ends the rest in good order. */
export async function endAll(dataDir: string): Promise<void> {
  const status = readStatus(dataDir);
  if (status !== undefined && signalProcess(status.supervisor, "SIGTERM")) await waitGone([status.supervisor], stopMs);
  let survivors: ProcessIdentity[] = [];
  // Again, because what is killed last may have started something in its last moment.
  for (let round = 0; round < 2; round += 1) {
    survivors = await endProcesses(findLeftovers(dataDir, recordedProcesses(status)), 1_000);
  }
  if (survivors.length === 0) return;
  throw new ProblemError(
    "Some processes of the environment cannot be ended",
    survivors.map(({ pid }) => ({
      path: `process ${pid}`,
      reason: "it survived SIGKILL.",
      fix: `Run kill -9 ${pid}.`,
    })),
    exitCodes.incomplete,
  );
}

/** Points the environment's volume at a model store; the volume in the cluster names the link and stays the same. */
export function linkModelStore(dataDir: string, modelStore: string): void {
  const { modelStore: link } = environmentFiles(dataDir);
  rmSync(`${link}.new`, { force: true });
  symlinkSync(resolve(modelStore), `${link}.new`);
  renameSync(`${link}.new`, link);
}

/** The name only one start or stop of an environment holds at a time. */
export function lockName(dataDir: string): string {
  return `environment/${createHash("sha256").update(dataDir).digest("hex").slice(0, 32)}`;
}

/** Longer than the sum of the supervisor's own limits for one start. */
const startMs = 240_000;
const stopMs = 30_000;

function spawnSupervisor(dataDir: string): ProcessIdentity {
  const log = openLog(join(environmentFiles(dataDir).logs, "supervisor.log"));
  const child = spawn(process.execPath, [fileURLToPath(moduleUrl("./main", import.meta.url)), dataDir], {
    cwd: dataDir,
    env: supervisorVariables(dataDir),
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  child.once("error", () => undefined);
  child.unref();
  if (identity === undefined) throw gone(dataDir, "it could not be started.");
  return identity;
}

/** Nothing of the person's own variables: neither their credentials nor their proxies are for these processes. */
function supervisorVariables(dataDir: string): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "USER", "LANG", "TZ", "XDG_DATA_HOME", "SERIN_HOME"];
  return {
    ...Object.fromEntries(kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
    TMPDIR: environmentFiles(dataDir).temporary,
    [markerVariable]: dataDir,
  };
}

function openLog(file: string): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 1024 ** 2) renameSync(file, `${file}.1`);
  return openSync(file, "a", 0o600);
}

function failed({ failure }: SupervisorStatus): ProblemError {
  const { subject, problems, exitCode } = failure ?? { subject: "", problems: [], exitCode: exitCodes.internal };
  const known = Object.values(exitCodes).find((code) => code === exitCode);
  return new ProblemError(subject, problems, known ?? exitCodes.unavailable);
}

function gone(dataDir: string, reason: string): ProblemError {
  const { logs } = environmentFiles(dataDir);
  return new ProblemError(
    "The environment did not start",
    [{ path: "supervisor", reason, fix: `Read ${join(logs, "supervisor.log")}.` }],
    exitCodes.unavailable,
  );
}

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

/** What a supervisor is started with. */
export interface LaunchOptions {
  /** The project that the environment belongs to, an absolute path. @default none: every project may use it */
  readonly owner?: string;
  /** The folder with the model repository. A relative path counts from the working directory. */
  readonly modelStore: string;
  /** The port of the ingress gateway, 1024 to 65535. @default the one of the last start, else 8080, else a free one */
  readonly gatewayPort?: number;
  /** The programs that the supervisor runs. */
  readonly tools: Tools;
  /** Called when a step starts and when it is done. @default progress is not reported */
  readonly onProgress?: (event: StepEvent) => void;
  /** Aborting it ends the start and every process of it. @default the start cannot be aborted */
  readonly signal?: AbortSignal;
}

/** The progress of one step of a start. */
export interface StepEvent {
  readonly kind: "step";
  /** What the step starts or applies, unique in a start: `etcd and kube-apiserver`. */
  readonly name: string;
  /** Whether the step has begun or ended. */
  readonly state: "started" | "done";
  /** How long the step took, milliseconds; 0 for `started`. */
  readonly elapsedMs: number;
}

/**
 * Starts the supervisor of an environment, which outlives this process, and waits until all programs are ready.
 * @throws ProblemError if a program does not become ready; the reason of `signal` if it is aborted. No process of the
 * environment is left running then, unless it cannot be ended.
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

/**
 * Waits until all programs of a running supervisor are ready.
 * @throws ProblemError if the supervisor reports a failure, ends, or needs more than 240 s; the reason of `signal`
 */
export async function attach(
  dataDir: string,
  supervisor: ProcessIdentity,
  { onProgress, signal }: Pick<LaunchOptions, "onProgress" | "signal">,
): Promise<void> {
  const told = new Map<string, string>();
  const deadline = performance.now() + startMs;
  for (;;) {
    signal?.throwIfAborted();
    // The status is read after the check of the process: if the process has ended, this is its last status.
    const alive = isAlive(supervisor);
    const status = readStatus(dataDir);
    for (const step of status?.steps ?? []) {
      if (told.get(step.name) === step.state) continue;
      told.set(step.name, step.state);
      onProgress?.({ kind: "step", ...step });
    }
    if (status?.failure !== undefined) throw failed(status);
    if (alive && status?.phase === "ready" && status.processes.every(({ ready }) => ready)) return;
    if (!alive) throw gone(dataDir, "it ended before all programs were ready.");
    if (performance.now() > deadline) {
      const waited = (status?.processes ?? []).filter(({ ready }) => !ready).map((process) => process.name);
      const which = waited.length === 0 ? "" : `: not ready are ${waited.join(", ")}`;
      throw gone(dataDir, `not all programs are ready after ${startMs / 1000} s${which}.`);
    }
    await sleep(40);
  }
}

/**
 * Ends all processes of an environment. The supervisor gets SIGTERM first and 30 s, in which it ends the others in
 * order of dependence.
 * @throws ProblemError if a process survives SIGKILL
 */
export async function endAll(dataDir: string): Promise<void> {
  const status = readStatus(dataDir);
  if (status !== undefined && signalProcess(status.supervisor, "SIGTERM")) await waitGone([status.supervisor], stopMs);
  let survivors: ProcessIdentity[] = [];
  // Twice: a process may have started another one just before it was killed.
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

/**
 * Replaces the link `model-store` in the data directory, in one step. The PersistentVolume names the link, so no object
 * of the cluster changes.
 */
export function linkModelStore(dataDir: string, modelStore: string): void {
  const { modelStore: link } = environmentFiles(dataDir);
  rmSync(`${link}.new`, { force: true });
  symlinkSync(resolve(modelStore), `${link}.new`);
  renameSync(`${link}.new`, link);
}

/** The name of the claim that a start or a stop of an environment holds, so that only one runs at a time. */
export function lockName(dataDir: string): string {
  return `environment/${createHash("sha256").update(dataDir).digest("hex").slice(0, 32)}`;
}

/**
 * The longest start. The supervisor waits 60 s for each program and then names it, so this limit is for a supervisor
 * that hangs itself.
 */
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

/** The environment variables of the supervisor: a fixed few, so that no credentials and no proxy reach its programs. */
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

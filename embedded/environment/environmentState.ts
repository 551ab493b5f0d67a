import { readdirSync, readFileSync } from "node:fs";
import { firstBlock, lastBlock } from "../machine/loopback.ts";
import { environmentDir, environmentFiles, environmentsDir } from "../machine/paths.ts";
import { type Ports, usualPorts } from "../machine/ports.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import { type ProcessIdentity, parseIdentity } from "../process/processIdentity.ts";
import type { ProcessStatus } from "../process/supervisedProcess.ts";
import type { Tools } from "../toolchain/index.ts";

/** `environment.json`: what the last start asked for, and the addresses and ports it got. A restart keeps them. */
export interface EnvironmentState {
  /** The environment's name, which `validateEnvironmentName` accepts. */
  readonly name: string;
  /** Absolute path of the folder with the model repository. */
  readonly modelStore: string;
  /** The project that brought the environment up, an absolute path. Absent: an older version did. */
  readonly owner?: string;
  /** The ports that the last start asked for. A port that is not named here may change at the next start. */
  readonly askedPorts: { readonly gateway?: number };
  /** The paths of the programs and files that the last start found or fetched; the supervisor runs these. */
  readonly tools: Tools;
  /**
   * The second number of the environment's loopback block, 2 to 254. The next start tries it first. Absent until the
   * supervisor has claimed one.
   */
  readonly block?: number;
  /** The port of each server. The next start tries them first. Absent until the supervisor has picked them. */
  readonly ports?: Ports;
}

/** One step of a start. */
export interface StepStatus {
  /** What the step starts or applies, unique in a start. */
  readonly name: string;
  /** Whether the step is under way or has ended. A step that fails stays `started`. */
  readonly state: "started" | "done";
  /** How long the step took, milliseconds; 0 until it is done. */
  readonly elapsedMs: number;
}

/** `status.json`: the last status that the supervisor wrote. It is out of date if `supervisor` is not alive. */
export interface SupervisorStatus {
  /** The process that wrote this. */
  readonly supervisor: ProcessIdentity;
  /** `failed`: the start failed and everything has been or is being stopped; `failure` says why. */
  readonly phase: "starting" | "ready" | "stopping" | "failed";
  /** The steps of the start, in the order they began. */
  readonly steps: readonly StepStatus[];
  /** Each program that the supervisor runs, and the node agent, which runs in the supervisor itself. */
  readonly processes: readonly ProcessStatus[];
  /** Why the start failed. Absent in every phase but `failed`. */
  readonly failure?: Failure;
}

/** The error of a start, written by the supervisor and thrown by the process that waits for the start. */
export interface Failure {
  /** As in `ProblemError`. */
  readonly subject: string;
  /** As in `ProblemError`. */
  readonly problems: readonly { readonly path: string; readonly reason: string; readonly fix?: string }[];
  /** As in `ProblemError`: one of `exitCodes`. */
  readonly exitCode: number;
}

/** The state of an environment; `undefined` if there is none or it is not valid. */
export function readState(dataDir: string): EnvironmentState | undefined {
  return parseState(readJson(environmentFiles(dataDir).state));
}

/**
 * The status of an environment; `undefined` if there is none or it is not valid. Check that its supervisor is alive.
 */
export function readStatus(dataDir: string): SupervisorStatus | undefined {
  return parseStatus(readJson(environmentFiles(dataDir).status));
}

/**
 * Writes `environment.json` in one step: a reader sees the old or the new state.
 * @throws the error of the file system
 */
export function writeState(dataDir: string, state: EnvironmentState): void {
  writeFileAtomic(environmentFiles(dataDir).state, `${JSON.stringify(state, undefined, 2)}\n`);
}

/**
 * Writes `status.json` in one step: a reader sees the old or the new status.
 * @throws the error of the file system
 */
export function writeStatus(dataDir: string, status: SupervisorStatus): void {
  writeFileAtomic(environmentFiles(dataDir).status, `${JSON.stringify(status, undefined, 2)}\n`);
}

/**
 * Reads a state from JSON. Leaves out ports and a block that are out of range, so that the next start picks new ones;
 * returns `undefined` if name, model store, asked ports or tools are missing.
 */
export function parseState(value: unknown): EnvironmentState | undefined {
  if (!isRecord(value) || typeof value.name !== "string" || typeof value.modelStore !== "string") return undefined;
  if (!isRecord(value.askedPorts) || !isRecord(value.tools)) return undefined;
  const { gateway } = value.askedPorts;
  const { block } = value;
  const ports = parsePorts(value.ports);
  return {
    name: value.name,
    modelStore: value.modelStore,
    ...(typeof value.owner === "string" ? { owner: value.owner } : {}),
    askedPorts: isPort(gateway) ? { gateway } : {},
    tools: value.tools as unknown as Tools,
    ...(typeof block === "number" && block >= firstBlock && block <= lastBlock ? { block } : {}),
    ...(ports === undefined ? {} : { ports }),
  };
}

/**
 * Reads a status from JSON; `undefined` if the supervisor's identity, the phase, the steps or the processes are
 * missing.
 */
export function parseStatus(value: unknown): SupervisorStatus | undefined {
  if (!isRecord(value) || !Array.isArray(value.processes) || !Array.isArray(value.steps)) return undefined;
  const supervisor = parseIdentity(value.supervisor);
  const { phase } = value;
  if (supervisor === undefined) return undefined;
  if (phase !== "starting" && phase !== "ready" && phase !== "stopping" && phase !== "failed") return undefined;
  return {
    supervisor,
    phase,
    steps: value.steps as StepStatus[],
    processes: value.processes.filter(isRecord).map(parseProcess),
    ...(isRecord(value.failure) ? { failure: value.failure as unknown as Failure } : {}),
  };
}

/** The processes that the supervisor last recorded, the supervisor included. They may have ended since. */
export function recordedProcesses(status: SupervisorStatus | undefined): ProcessIdentity[] {
  if (status === undefined) return [];
  return [status.supervisor, ...status.processes.flatMap(({ identity }) => identity ?? [])];
}

/** The loopback blocks that the other environments of this user will try at their next start. */
export function blocksOfOthers(name: string): Set<number> {
  let names: string[];
  try {
    names = readdirSync(environmentsDir());
  } catch {
    names = [];
  }
  return new Set(
    names.filter((other) => other !== name).flatMap((other) => readState(environmentDir(other))?.block ?? []),
  );
}

function parseProcess(value: Record<string, unknown>): ProcessStatus {
  const identity = parseIdentity(value.identity);
  return {
    name: String(value.name),
    ...(identity === undefined ? {} : { identity }),
    ...(typeof value.since === "string" ? { since: value.since } : {}),
    restarts: Number(value.restarts) || 0,
    ready: value.ready === true,
    ...(typeof value.lastExit === "string" ? { lastExit: value.lastExit } : {}),
  };
}

function parsePorts(value: unknown): Ports | undefined {
  if (!isRecord(value)) return undefined;
  // An environment that an older version started has no port for what came later.
  const known: Record<string, unknown> = { kubelet: usualPorts.kubelet, ...value };
  const entries = Object.keys(usualPorts).map((name) => [name, known[name]] as const);
  return entries.every(([, port]) => isPort(port)) ? (Object.fromEntries(entries) as unknown as Ports) : undefined;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { readdirSync, readFileSync } from "node:fs";
import { firstBlock, lastBlock } from "../machine/loopback.ts";
import { environmentDir, environmentFiles, environmentsDir } from "../machine/paths.ts";
import { type Ports, usualPorts } from "../machine/ports.ts";
import { writeFileAtomic } from "../process/atomicFile.ts";
import { type ProcessIdentity, parseIdentity } from "../process/processIdentity.ts";
import type { ProcessStatus } from "../process/supervisedProcess.ts";
import type { Tools } from "../toolchain/index.ts";

/** `environment.json`: what was asked for and what was settled, kept over restarts. */
export interface EnvironmentState {
  readonly name: string;
  /** Absolute path of the folder with the model repository. */
  readonly modelStore: string;
  /** The project that brought the environment up, an absolute path. Absent: an older version did. */
  readonly owner?: string;
  readonly askedPorts: { readonly gateway?: number };
  readonly tools: Tools;
  /** The second number of the environment's loopback block; settled by the supervisor. */
  readonly block?: number;
  readonly ports?: Ports;
}

export interface StepStatus {
  readonly name: string;
  readonly state: "started" | "done";
  readonly elapsedMs: number;
}

/** `status.json`: what the supervisor last said about itself; only as true as `supervisor` is alive. */
export interface SupervisorStatus {
  readonly supervisor: ProcessIdentity;
  readonly phase: "starting" | "ready" | "stopping" | "failed";
  readonly steps: readonly StepStatus[];
  readonly processes: readonly ProcessStatus[];
  readonly failure?: Failure;
}

/** An error that crosses from the supervisor to whoever started it. */
export interface Failure {
  readonly subject: string;
  readonly problems: readonly { readonly path: string; readonly reason: string; readonly fix?: string }[];
  readonly exitCode: number;
}

/** The state of an environment; `undefined` when there is none or it cannot be understood. */
export function readState(dataDir: string): EnvironmentState | undefined {
  return parseState(readJson(environmentFiles(dataDir).state));
}

export function readStatus(dataDir: string): SupervisorStatus | undefined {
  return parseStatus(readJson(environmentFiles(dataDir).status));
}

export function writeState(dataDir: string, state: EnvironmentState): void {
  writeFileAtomic(environmentFiles(dataDir).state, `${JSON.stringify(state, undefined, 2)}\n`);
}

export function writeStatus(dataDir: string, status: SupervisorStatus): void {
  writeFileAtomic(environmentFiles(dataDir).status, `${JSON.stringify(status, undefined, 2)}\n`);
}

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

/** Every process the supervisor last recorded, itself included. */
export function recordedProcesses(status: SupervisorStatus | undefined): ProcessIdentity[] {
  if (status === undefined) return [];
  return [status.supervisor, ...status.processes.flatMap(({ identity }) => identity ?? [])];
}

/** The loopback blocks other environments of this user remember, running or not. */
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
  const entries = Object.keys(usualPorts).map((name) => [name, value[name]] as const);
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

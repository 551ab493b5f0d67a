import { existsSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { exitCodes, ProblemError, rejectProblems } from "../../components/core/problem.ts";
import { Loopback } from "../machine/loopback.ts";
import { environmentDir, environmentFiles, validateEnvironmentName } from "../machine/paths.ts";
import { claimWhenFree } from "../process/claim.ts";
import { isAlive } from "../process/processIdentity.ts";
import { ensureTools, requireSupportedMachine, type ToolEvent, type Tools } from "../toolchain/index.ts";
import { type EnvironmentState, readState, readStatus, type SupervisorStatus, writeState } from "./environmentState.ts";
import { attach, endAll, launch, linkModelStore, lockName, type StepEvent } from "./launch.ts";
import { checkRequest, checkSpace } from "./preflight.ts";

/** An environment that works: where it keeps its data and where it is reached. */
export interface Environment {
  readonly name: string;
  readonly state: "running";
  readonly dataDir: string;
  /** For the person: a token with all rights, the server's certificate verified. */
  readonly kubeconfigPath: string;
  /** Where the ingress gateway listens. */
  readonly gateway: { readonly address: string; readonly port: number };
  readonly prometheusUrl: string;
  /** The folder with the model repository, as given at the last start. */
  readonly modelStore: string;
  /** The project that brought it up last, an absolute path. Absent: an older version did. */
  readonly owner?: string;
}

/** An environment that cannot be used now. */
export interface UnavailableEnvironment {
  readonly name: string;
  /**
   * `starting`: it is being brought up. `crashed`: its data is there and nothing runs it; start it again, or stop it to
   * remove the data.
   */
  readonly state: "starting" | "crashed";
  readonly dataDir: string;
  /** The project that brought it up last, an absolute path. Absent: it is not known. */
  readonly owner?: string;
}

export interface StartOptions {
  /** The folder with the model repository, offered to the models as the claim `model-store`. */
  readonly modelStore: string;
  /** The project that the environment belongs to, an absolute path. @default none: every project may use it */
  readonly owner?: string;
  /**
   * The port of the ingress gateway, 1024 to 65535.
   * @default 8080 on the environment's own address, else a free one.
   */
  readonly gatewayPort?: number;
  readonly onProgress?: (event: EnvironmentEvent) => void;
  /** Ends the start and everything it started. */
  readonly signal?: AbortSignal;
}

/** What happens while an environment starts. */
export type EnvironmentEvent = ({ readonly kind: "tool" } & ToolEvent) | StepEvent;

/** A process of an environment. */
export interface EnvironmentProcess {
  readonly name: string;
  /** None while it is being started again. */
  readonly pid?: number;
  /** When it was started, ISO 8601. */
  readonly since?: string;
  /** How often it was started again after dying. */
  readonly restarts: number;
  readonly ready: boolean;
  /** How it ended the last time: `exit 1`, `SIGKILL`. */
  readonly lastExit?: string;
}

/**
 * Starts an environment, or finds it running; either way everything works when this returns, with the data it had
 * before.
 * @throws ProblemError for bad input, a port in use, no disk, a tool that cannot be had, a process that does not start.
 */
export async function startEnvironment(name: string, options: StartOptions): Promise<Environment> {
  requireSupportedMachine();
  checkRequest(name, options);
  const dataDir = environmentDir(name);
  const works = liveStatus(dataDir)?.phase === "ready";
  if (!works) checkSpace(dataDir);
  // Tools may take minutes to build, so they are made before the lock that a stop would wait for.
  const tools = works ? undefined : await toolsFor(options);
  const lock = await claimWhenFree(lockName(dataDir), options.signal);
  try {
    const live = liveStatus(dataDir);
    if (live?.phase === "starting" || live?.phase === "ready") {
      checkSameGateway(name, options);
      // What happened before this call is no progress of it.
      const { onProgress, ...quiet } = options;
      await attach(dataDir, live.supervisor, live.phase === "ready" ? quiet : options);
      changeModelStore(dataDir, options);
    } else {
      await startAnew(name, options, tools ?? (await toolsFor(options)));
    }
  } finally {
    await lock.release();
  }
  const environment = findEnvironment(name);
  if (environment?.state === "running") return environment;
  throw new ProblemError(
    `Environment "${name}" did not stay up`,
    [
      {
        path: name,
        reason: "its supervisor ended right after the start.",
        fix: `Read ${environmentFiles(dataDir).logs}.`,
      },
    ],
    exitCodes.unavailable,
  );
}

/**
 * Stops an environment and removes its data, also one that is half started or has crashed. False when there is none.
 * @throws ProblemError when a process cannot be ended; its data then stays.
 */
export async function stopEnvironment(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
  rejectProblems(`Environment "${name}" cannot be stopped`, validateEnvironmentName(name));
  const dataDir = environmentDir(name);
  const lock = await claimWhenFree(lockName(dataDir), options.signal);
  try {
    if (!existsSync(dataDir)) return false;
    await endAll(dataDir);
    // Loaded here, because the client library it brings takes longer to load than the rest of a command.
    const { clearNode } = await import("../nodeAgent/nodeAgent.ts");
    clearNode(dataDir);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } finally {
    await lock.release();
  }
}

/** The environment of that name, running or not; `undefined` when there is none. */
export function findEnvironment(name: string): Environment | UnavailableEnvironment | undefined {
  rejectProblems("There is no such environment", validateEnvironmentName(name));
  const dataDir = environmentDir(name);
  if (!existsSync(dataDir)) return undefined;
  const phase = liveStatus(dataDir)?.phase;
  const state = readState(dataDir);
  if (phase !== "ready" || state?.block === undefined || state.ports === undefined) {
    return { name, state: phase === "starting" ? "starting" : "crashed", dataDir, ...ownerOf(state) };
  }
  const { host } = new Loopback(state.block);
  return {
    name,
    state: "running",
    dataDir,
    kubeconfigPath: environmentFiles(dataDir).kubeconfig,
    gateway: { address: host, port: state.ports.gateway },
    prometheusUrl: `http://${host}:${state.ports.prometheus}`,
    modelStore: state.modelStore,
    ...ownerOf(state),
  };
}

function ownerOf(state: EnvironmentState | undefined): { readonly owner?: string } {
  return state?.owner === undefined ? {} : { owner: state.owner };
}

/** The processes of an environment; empty when none of it runs. */
export function environmentStatus(name: string): EnvironmentProcess[] {
  rejectProblems("There is no such environment", validateEnvironmentName(name));
  return (liveStatus(environmentDir(name))?.processes ?? []).map(({ identity, ...process }) =>
    identity === undefined ? process : { ...process, pid: identity.pid },
  );
}

async function startAnew(name: string, options: StartOptions, tools: Tools): Promise<void> {
  const dataDir = environmentDir(name);
  checkSpace(dataDir);
  const isNew = !existsSync(dataDir);
  if (!isNew) await endAll(dataDir);
  try {
    await launch(name, dataDir, { ...options, tools });
  } catch (error) {
    // A start that was interrupted, or refused before anything ran, leaves things as they were.
    const nothingRan = readStatus(dataDir)?.processes.length === 0;
    if (isNew && (options.signal?.aborted === true || nothingRan)) rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
}

function changeModelStore(dataDir: string, { modelStore: folder, owner }: StartOptions): void {
  const state = readState(dataDir);
  const modelStore = resolve(folder);
  if (state === undefined || (state.modelStore === modelStore && state.owner === owner)) return;
  if (state.modelStore !== modelStore) linkModelStore(dataDir, modelStore);
  writeState(dataDir, { ...state, modelStore, ...(owner === undefined ? {} : { owner }) });
}

function toolsFor({ onProgress, signal }: StartOptions): Promise<Tools> {
  return ensureTools({
    onProgress: (event) => onProgress?.({ kind: "tool", ...event }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** What the supervisor says, while there is one. */
function liveStatus(dataDir: string): SupervisorStatus | undefined {
  const status = readStatus(dataDir);
  return status !== undefined && isAlive(status.supervisor) ? status : undefined;
}

function checkSameGateway(name: string, { gatewayPort }: StartOptions): void {
  const port = readState(environmentDir(name))?.ports?.gateway;
  if (gatewayPort === undefined || port === undefined || gatewayPort === port) return;
  throw new ProblemError(`Environment "${name}" runs already`, [
    {
      path: "gatewayPort",
      reason: `its gateway listens on port ${port}, not ${gatewayPort}, and does not move while it runs.`,
      fix: `Leave the port out, or stop "${name}" first (its data is removed).`,
    },
  ]);
}

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

/** A running environment, with the addresses and files by which other programs use it. */
export interface Environment {
  /** As given to `startEnvironment`: 1 to 40 lower-case letters, digits and dashes. */
  readonly name: string;
  readonly state: "running";
  /** The folder with the environment's files, an absolute path. `stopEnvironment` removes it. */
  readonly dataDir: string;
  /**
   * The kubeconfig with all rights (`system:masters`), an absolute path. It has a token and the authority of the API
   * server's certificate. Only this user may read it.
   */
  readonly kubeconfigPath: string;
  /** The address and port of the ingress gateway, plain HTTP. Only this machine can reach it. */
  readonly gateway: { readonly address: string; readonly port: number };
  /** The root of Prometheus' HTTP API: `http://127.<n>.0.1:9090`, or another port if 9090 was in use there. */
  readonly prometheusUrl: string;
  /** The folder with the model repository, an absolute path, as given at the last start. */
  readonly modelStore: string;
  /** The project that brought it up last, an absolute path. Absent: an older version did. */
  readonly owner?: string;
}

/** An environment that has data and cannot be used now. */
export interface UnavailableEnvironment {
  /** As given to `findEnvironment`. */
  readonly name: string;
  /**
   * `starting`: its supervisor is starting the programs. `crashed`: its supervisor has ended or is ending,
   * and its data is still there. `startEnvironment` starts it again with that data; `stopEnvironment` removes it.
   */
  readonly state: "starting" | "crashed";
  /** The folder with the environment's files, an absolute path. Its logs say why the environment ended. */
  readonly dataDir: string;
  /** The project that brought it up last, an absolute path. Absent: it is not known. */
  readonly owner?: string;
}

/** What an environment is started with. */
export interface StartOptions {
  /**
   * The folder with the model repository. Models mount it, read-only, through the PersistentVolumeClaim `model-store`.
   * Another folder takes effect in a running environment too.
   */
  readonly modelStore: string;
  /** The project that the environment belongs to, an absolute path. @default none: every project may use it */
  readonly owner?: string;
  /**
   * The port of the ingress gateway, 1024 to 65535.
   * @default the one of the last start, else 8080 on the environment's own address, else a free one
   */
  readonly gatewayPort?: number;
  /**
   * Called for each tool that is looked for, downloaded or built, and for each step of the start.
   * @default progress is not reported
   */
  readonly onProgress?: (event: EnvironmentEvent) => void;
  /** Aborting it ends the start and the processes that this call started. @default the start cannot be aborted */
  readonly signal?: AbortSignal;
}

/** Progress of a start: of one tool, or of one step of the supervisor. */
export type EnvironmentEvent = ({ readonly kind: "tool" } & ToolEvent) | StepEvent;

/** A process of an environment. */
export interface EnvironmentProcess {
  /** The program: `kube-apiserver`, `istiod`, `node-agent`. Its log file has this name too. */
  readonly name: string;
  /** Absent while the program waits to be restarted. The node agent has the pid of the supervisor that it runs in. */
  readonly pid?: number;
  /** When the running process started, ISO 8601. Absent while none runs. */
  readonly since?: string;
  /** How often the program has been restarted after it ended. */
  readonly restarts: number;
  /**
   * Whether the last health checks of the program succeeded; without such a check, whether it has logged that it
   * started.
   */
  readonly ready: boolean;
  /** How the previous process ended: `exit 1`, `SIGKILL`, or why it could not be started. Absent before that. */
  readonly lastExit?: string;
}

/**
 * Starts an environment, or finds it running. When this returns, all its programs are ready and it has the data of its
 * last start.
 * @throws ProblemError for wrong input, a port in use, a full disk, a tool that is neither found nor fetched, or a
 * program that does not become ready
 */
export async function startEnvironment(name: string, options: StartOptions): Promise<Environment> {
  requireSupportedMachine();
  checkRequest(name, options);
  const dataDir = environmentDir(name);
  const works = liveStatus(dataDir)?.phase === "ready";
  if (!works) checkSpace(dataDir);
  // Building tools takes minutes. A stop waits for the lock, so the tools are fetched before the lock is taken.
  const tools = works ? undefined : await toolsFor(options);
  const lock = await claimWhenFree(lockName(dataDir), options.signal);
  try {
    const live = liveStatus(dataDir);
    if (live?.phase === "starting" || live?.phase === "ready") {
      checkSameGateway(name, options);
      // A caller that finds the environment ready is not told of the steps of the earlier start.
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
 * Stops an environment and removes its data, even if it is starting or has crashed. Returns false if there is none.
 * @throws ProblemError if the name is wrong or a process cannot be ended; the data then stays
 */
export async function stopEnvironment(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
  rejectProblems(`Environment "${name}" cannot be stopped`, validateEnvironmentName(name));
  const dataDir = environmentDir(name);
  const lock = await claimWhenFree(lockName(dataDir), options.signal);
  try {
    if (!existsSync(dataDir)) return false;
    await endAll(dataDir);
    // Imported here, because its Kubernetes client takes longer to load than everything else in a command.
    const { clearNode } = await import("../nodeAgent/nodeAgent.ts");
    clearNode(dataDir);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } finally {
    await lock.release();
  }
}

/**
 * The environment of that name, running or not; `undefined` if it has no data.
 * @throws ProblemError if the name is not a valid one
 */
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

/**
 * The processes of an environment; empty if its supervisor does not run.
 * @throws ProblemError if the name is not a valid one
 */
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
    // A first start that was aborted, or that failed before a program ran, leaves no data behind.
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

/** The status that the supervisor wrote last; `undefined` if the supervisor has ended. */
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
      reason: `its gateway listens on port ${port}, not ${gatewayPort}, and the port cannot change while it runs.`,
      fix: `Leave the port out, or stop "${name}" first (its data is removed).`,
    },
  ]);
}

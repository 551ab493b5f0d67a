import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import getPort from "get-port";
import { Pool } from "undici";
import { messageOf } from "../../components/core/messageOf.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { isFree } from "../machine/ports.ts";
import type { Termination } from "../nodeAgent/podStatus.ts";
import { removeFoldersOf, tritonFolders } from "../nodeAgent/tritonFolders.ts";
import { TritonProcess } from "../nodeAgent/tritonProcess.ts";
import { BoundedLog } from "../process/boundedLog.ts";
import type { TritonTool } from "../toolchain/index.ts";
import type { ModelInput } from "../traffic/requestBodies.ts";

/** Where the server listens: this machine alone can reach it. */
const host = "127.0.0.1";

/** What the server of one session is made of. */
export interface DevTritonArgs {
  /** The program and its libraries. */
  readonly tool: TritonTool;
  /** The folder of the session. The server writes its log and temporary files there. */
  readonly folder: string;
  /** The repository. Nothing of it is loaded until `load`. */
  readonly repository: string;
  /** The port for HTTP. @default 8000, or a free one */
  readonly port?: number;
  /** The prefix of the names of the models' shared memory. */
  readonly sharedMemoryPrefix: string;
}

/** One answer. */
export interface DevAnswer {
  /** 200, or what Triton refused or failed with; 0 if it ended. */
  readonly status: number;
  /** The body. */
  readonly text: string;
  /** From sending to the end of the answer. */
  readonly latencyMs: number;
}

/** Triton on loopback in control mode `explicit`: it loads what it is told to. */
export class DevTriton {
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Termination>;
  /** The log file. */
  readonly logFile: string;
  /** Whether the process has ended. */
  over = false;
  readonly #process: TritonProcess;
  readonly #pool: Pool;
  readonly #metrics: string;
  readonly #log: BoundedLog;
  readonly #foldersBefore: ReadonlySet<string>;
  #stopped = false;
  #made: { names: readonly string[]; to: number } | undefined;

  private constructor(args: DevTritonArgs, ports: { http: number; grpc: number; metrics: number }) {
    const { tool, folder, repository, sharedMemoryPrefix } = args;
    this.url = `http://${host}:${ports.http}`;
    this.#metrics = `http://${host}:${ports.metrics}/metrics`;
    this.logFile = join(folder, "triton.log");
    this.#log = new BoundedLog(this.logFile, 64 * 1024 * 1024);
    const temporary = join(folder, "tmp");
    for (const made of [temporary, repository]) mkdirSync(made, { recursive: true });
    this.#foldersBefore = new Set(tritonFolders());
    this.#process = new TritonProcess({
      bin: tool.bin,
      args: [
        `--model-repository=${repository}`,
        "--model-control-mode=explicit",
        `--backend-directory=${tool.backends}`,
        `--backend-config=python,shm-region-prefix-name=${sharedMemoryPrefix}`,
        ...Object.entries(ports).flatMap(([name, port]) => [`--${name}-address=${host}`, `--${name}-port=${port}`]),
        "--exit-timeout-secs=2",
      ],
      env: { ...tool.env, TMPDIR: temporary },
      directory: folder,
      log: { start: () => ({ write: (_, chunk) => this.#log.write(chunk) }), end: () => {} },
      sharedMemoryPrefix,
    });
    this.ended = this.#process.ended.then((termination) => {
      this.over = true;
      return termination;
    });
    this.#pool = new Pool(this.url, { headersTimeout: 0, bodyTimeout: 0 });
  }

  /**
   * Starts the server and waits until it listens.
   * @throws ProblemError if `port` is in use or the server ends at once
   */
  static async start(args: DevTritonArgs, signal: AbortSignal): Promise<DevTriton> {
    if (args.port !== undefined && !(await isFree(host, args.port))) {
      throw new ProblemError(
        "Triton cannot listen",
        [
          {
            path: "--port",
            reason: `${args.port} is in use on ${host}.`,
            fix: "Name another, or leave it out and a free one is taken.",
          },
        ],
        exitCodes.unavailable,
      );
    }
    const http = args.port ?? (await getPort({ host, port: 8000 }));
    const grpc = await getPort({ host, port: 8001, exclude: [http] });
    const metrics = await getPort({ host, port: 8002, exclude: [http, grpc] });
    const started = new DevTriton(args, { http, grpc, metrics });
    try {
      await started.#listening(signal);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  /** Loads a model, or what has changed of it; what Triton says against it, `undefined` if it is loaded. */
  async load(model: string): Promise<string | undefined> {
    const { status, text } = await this.#ask("POST", `/v2/repository/models/${model}/load`, "{}");
    // The folder for packed Python environments is made when the backend is loaded, with its first model.
    this.#made ??= { names: tritonFolders().filter((name) => !this.#foldersBefore.has(name)), to: Date.now() };
    if (status === 200) return undefined;
    return errorOf(text);
  }

  /** Takes a model out of the server; nothing if it is not loaded. */
  async unload(model: string): Promise<void> {
    await this.#ask("POST", `/v2/repository/models/${model}/unload`, "{}");
  }

  /** Whether a version of a model answers. */
  async isReady(model: string, version: number): Promise<boolean> {
    return (await this.#ask("GET", `/v2/models/${model}/versions/${version}/ready`)).status === 200;
  }

  /** What a version of a model takes. */
  async inputs(model: string, version: number): Promise<readonly ModelInput[]> {
    const { status, text } = await this.#ask("GET", `/v2/models/${model}/versions/${version}`);
    return status === 200 ? (JSON.parse(text) as { inputs: ModelInput[] }).inputs : [];
  }

  /** Sends a request, a body of Triton's HTTP protocol, to a version of a model. */
  async infer(model: string, version: number, body: string): Promise<DevAnswer> {
    return this.#ask("POST", `/v2/models/${model}/versions/${version}/infer`, body);
  }

  /** The metrics in Prometheus' text format; empty if the server does not answer. */
  async metrics(): Promise<string> {
    return fetch(this.#metrics)
      .then((response) => response.text())
      .catch(() => "");
  }

  /** How much has been written to the log, for `logSince`. */
  logMark(): number {
    return statSync(this.logFile).size;
  }

  /** What was written to the log since then. */
  logSince(mark: number): string {
    return readFileSync(this.logFile).subarray(mark).toString();
  }

  /** Ends the server and removes what it leaves: its models' processes and shared memory, its folder in /tmp. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#process.stop(this.over ? 0 : stopMs);
    await this.#pool.destroy().catch(() => undefined);
    this.#log.close();
    if (this.#made !== undefined) {
      removeFoldersOf(this.#made.names, { from: this.#process.startedAt.getTime(), to: this.#made.to });
      this.#made = undefined;
    }
  }

  async #listening(signal: AbortSignal): Promise<void> {
    while (!this.over) {
      signal.throwIfAborted();
      const { status } = await this.#ask("GET", "/v2/health/live");
      if (status === 200) return;
      await Promise.race([sleep(50), this.ended]);
    }
    const { message } = await this.ended;
    throw new ProblemError(
      "Triton does not start",
      [{ path: "tritonserver", reason: message ?? "it ended without a word." }],
      exitCodes.unavailable,
    );
  }

  async #ask(method: "GET" | "POST", path: string, body?: string): Promise<DevAnswer> {
    const start = performance.now();
    const answer = async (): Promise<DevAnswer> => {
      try {
        const response = await this.#pool.request({
          method,
          path,
          ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
        });
        const text = await response.body.text();
        return { status: response.statusCode, text, latencyMs: performance.now() - start };
      } catch (error) {
        return { status: 0, text: messageOf(error), latencyMs: 0 };
      }
    };
    const gone = this.ended.then(({ message = "" }) => ({ status: 0, text: message, latencyMs: 0 }));
    return Promise.race([answer(), gone]);
  }
}

/** Triton waits two seconds for requests that it still has. */
const stopMs = 5_000;

/** Triton's sentence from an answer that is an error. */
export function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : text;
  } catch {
    return text;
  }
}

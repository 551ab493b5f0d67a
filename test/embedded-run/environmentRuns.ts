import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import {
  type Environment,
  environmentStatus,
  startEnvironment,
  stopEnvironment,
} from "../../embedded/environment/environment.ts";
import { readStatus, recordedProcesses } from "../../embedded/environment/environmentState.ts";
import { environmentDir } from "../../embedded/machine/paths.ts";
import { findLeftovers } from "../../embedded/process/leftovers.ts";
import { identityOf, signalProcess } from "../../embedded/process/processIdentity.ts";

/** Environments of one test file, in a folder of their own that is removed with everything in it. */
export class TestEnvironments {
  readonly home = mkdtempSync(join(tmpdir(), "serin-environments-"));
  readonly #names = new Set<string>();
  readonly #before = process.env.SERIN_HOME;

  constructor() {
    process.env.SERIN_HOME = this.home;
  }

  get modelStore(): string {
    return this.home;
  }

  async start(name: string, options: { gatewayPort?: number; signal?: AbortSignal } = {}): Promise<Environment> {
    this.#names.add(name);
    return startEnvironment(name, { modelStore: this.modelStore, ...options });
  }

  async dispose(): Promise<void> {
    for (const name of this.#names) await stopEnvironment(name);
    rmSync(this.home, { recursive: true, force: true });
    if (this.#before === undefined) delete process.env.SERIN_HOME;
    else process.env.SERIN_HOME = this.#before;
  }
}

export function clientOf({ kubeconfigPath }: Environment): KubernetesObjectApi {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return KubernetesObjectApi.makeApiClient(config);
}

/** Every process of an environment, whoever started it. */
export function processesOf(name: string): number[] {
  const dataDir = environmentDir(name);
  return findLeftovers(dataDir, recordedProcesses(readStatus(dataDir))).map(({ pid }) => pid);
}

/** Those of the processes that still run; one whose parent has not looked at its exit yet does not. */
export function running(pids: readonly number[]): number[] {
  return pids.filter((pid) => identityOf(pid) !== undefined);
}

/** `<address>:<port>` of every TCP listener of these processes, from the kernel by way of ss(8). */
export function listenersOf(pids: readonly number[]): string[] {
  const lines = execFileSync("ss", ["-ltnpH"], { encoding: "utf8" }).split("\n");
  return lines
    .filter((line) => [...line.matchAll(/pid=(\d+)/g)].some(([, pid]) => pids.includes(Number(pid))))
    .flatMap((line) => line.trim().split(/\s+/)[3] ?? []);
}

/** Kills a process outright; one that has ended meanwhile is as good. */
export function kill(pid: number): void {
  const identity = identityOf(pid);
  if (identity !== undefined) signalProcess(identity, "SIGKILL");
}

export function pidOf(name: string, process: string): number {
  const pid = environmentStatus(name).find((one) => one.name === process)?.pid;
  if (pid === undefined) throw new Error(`${process} of ${name} does not run.`);
  return pid;
}

export function supervisorOf(name: string): number {
  const pid = readStatus(environmentDir(name))?.supervisor.pid;
  if (pid === undefined) throw new Error(`${name} has no supervisor.`);
  return pid;
}

/** Tries again until it holds; what it threw last is the failure. */
export async function eventually<T>(work: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request with a Host header, on a connection of its own. */
export function ask(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false, timeout: 5_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once("timeout", () => sent.destroy(new Error(`${url} did not answer.`)));
    sent.once("error", reject);
    sent.end();
  });
}

export function tokenOf({ kubeconfigPath }: Environment): string {
  return /token: (\S+)/.exec(readFileSync(kubeconfigPath, "utf8"))?.[1] ?? "";
}

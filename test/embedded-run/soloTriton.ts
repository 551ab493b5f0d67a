import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ContainerLog } from "../../embedded/nodeAgent/kubelet/containerLog.ts";
import { TritonProcess } from "../../embedded/nodeAgent/tritonProcess.ts";
import type { TritonTool } from "../../embedded/toolchain/ensureTools.ts";

/** A Triton on loopback, without a control plane. */
export interface SoloTriton {
  /** Its HTTP address: `http://127.0.0.1:40001`. */
  readonly http: string;
  /** The text of its metrics. */
  readonly metrics: () => Promise<string>;
  /** Ends it and removes its files. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts Triton on a repository and waits until it is ready.
 * @throws Error with its last error lines if it ends before
 */
export async function soloTriton(tool: TritonTool, repository: string): Promise<SoloTriton> {
  const directory = mkdtempSync(join(tmpdir(), "serin-solo-"));
  const [http, grpc, metrics] = await Promise.all([freePort(), freePort(), freePort()]);
  const sharedMemoryPrefix = `serin-solo-${process.pid}-${http}-`;
  const triton = new TritonProcess({
    bin: tool.bin,
    args: [
      ...[`--model-repository=${repository}`, `--backend-directory=${tool.backends}`],
      ...[`--backend-config=python,shm-region-prefix-name=${sharedMemoryPrefix}`, "--exit-timeout-secs=2"],
      ...["http", "grpc", "metrics"].map((name) => `--${name}-address=127.0.0.1`),
      ...[`--http-port=${http}`, `--grpc-port=${grpc}`, `--metrics-port=${metrics}`],
    ],
    env: { ...tool.env, TMPDIR: directory },
    directory,
    log: new ContainerLog(join(directory, "log")),
    sharedMemoryPrefix,
  });
  const stop = async () => {
    await triton.stop(5_000);
    rmSync(directory, { recursive: true, force: true });
  };
  const address = `http://127.0.0.1:${http}`;
  const deadline = performance.now() + 60_000;
  let ended: string | undefined;
  void triton.ended.then(({ message = "no message" }) => {
    ended = message;
  });
  for (;;) {
    const ready = await fetch(`${address}/v2/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) break;
    if (ended !== undefined || performance.now() > deadline) {
      await stop();
      throw new Error(`Triton is not ready: ${ended ?? "60 s are over"}`);
    }
    await sleep(100);
  }
  return {
    http: address,
    stop,
    metrics: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      const port = bound !== null && typeof bound === "object" ? bound.port : 0;
      server.close(() => resolve(port));
    });
  });
}

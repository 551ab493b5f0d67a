import { parentPort, workerData } from "node:worker_threads";
import { Pool } from "undici";
import { messageOf } from "../../components/core/messageOf.ts";
import { seededRandom } from "../../components/core/random.ts";
import { callerHeaders } from "./callerHeaders.ts";
import { runOpenLoop } from "./openLoop.ts";
import { type ModelInput, requestBodies } from "./requestBodies.ts";
import type { Answer } from "./tally.ts";
import { servedByHeaders, type TrafficJob, type TrafficMessage } from "./traffic.ts";

const job = workerData as TrafficJob;
const stopping = new AbortController();
parentPort?.on("message", () => stopping.abort());

const pool = new Pool(`http://${job.address}:${job.port}`, {
  connections: job.maxInFlight,
  pipelining: 1,
  headersTimeout: job.timeoutMs,
  bodyTimeout: job.timeoutMs,
  connect: { timeout: job.timeoutMs },
});
const headers = { host: job.host, "content-type": "application/json", ...job.headers };

try {
  const inputs = await modelInputs();
  const bodies = job.bodies ?? requestBodies(inputs, seededRandom(job.seed));
  const random = seededRandom(job.seed);
  const summary = await runOpenLoop({
    ...job,
    signal: stopping.signal,
    send: (n) => {
      const index = job.order === "random" ? Math.floor(random() * bodies.length) : n % bodies.length;
      return infer(bodies[index] ?? "", callerHeaders(job, n, random));
    },
    onSecond: (second, tally) => say({ kind: "sample", sample: { ...tally, second } }),
  });
  say({ kind: "end", summary });
} catch (error) {
  say({ kind: "failed", reason: messageOf(error) });
} finally {
  await pool.destroy();
  // An open port would keep the thread running.
  parentPort?.close();
}

function say(message: TrafficMessage): void {
  parentPort?.postMessage(message);
}

/**
 * Requests the model's metadata and returns its inputs. Tries every half second, because the gateway may not have the
 * route to the model yet.
 * @throws Error with the last answer, if there are no metadata within one timeout
 */
async function modelInputs(): Promise<ModelInput[]> {
  const path = `/v2/models/${job.model}`;
  const deadline = performance.now() + Math.min(job.durationMs, job.timeoutMs);
  for (;;) {
    const refusal = await ask(path);
    if (typeof refusal !== "string") return refusal;
    if (performance.now() > deadline || stopping.signal.aborted) {
      throw new Error(`Model "${job.model}" does not describe its inputs (${path} on ${job.host}): ${refusal}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function ask(path: string): Promise<ModelInput[] | string> {
  try {
    const { statusCode, body } = await pool.request({ path, method: "GET", headers });
    const text = await body.text();
    return statusCode === 200
      ? (JSON.parse(text) as { inputs: ModelInput[] }).inputs
      : `HTTP ${statusCode} ${text.slice(0, 200)}`;
  } catch (error) {
    return messageOf(error);
  }
}

async function infer(body: string, caller: Readonly<Record<string, string>>): Promise<Omit<Answer, "latencyMs">> {
  try {
    const response = await pool.request({
      path: `/v2/models/${job.model}/infer`,
      method: "POST",
      headers: { ...headers, ...caller },
      body,
      signal: AbortSignal.timeout(job.timeoutMs),
    });
    const served = response.headers[servedByHeaders.version];
    const version = typeof served === "string" ? served : undefined;
    const text = await response.body.text();
    if (response.statusCode !== 200) return { outcome: `${response.statusCode}`, version, score: undefined };
    const answer = JSON.parse(text) as { model_version?: string; outputs?: { data?: unknown[] }[] };
    const data = answer.outputs?.[0]?.data;
    const score = data?.length === 1 && typeof data[0] === "number" ? data[0] : undefined;
    return { outcome: "ok", version: version ?? answer.model_version, score };
  } catch (error) {
    const timedOut = error instanceof Error && /timeout/i.test(`${error.name} ${error.message}`);
    return { outcome: timedOut ? "timeout" : "connection", version: undefined, score: undefined };
  }
}

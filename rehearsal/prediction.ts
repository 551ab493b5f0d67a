import { request } from "undici";
import { exitCodes, ProblemError } from "../components/core/problem.ts";
import { type ModelInput, requestBodies } from "../embedded/traffic/requestBodies.ts";
import { servedByHeaders } from "../embedded/traffic/traffic.ts";

/** Where a model is reached. */
export interface ModelAddress {
  readonly gateway: string;
  readonly host: string;
  readonly model: string;
}

/** One answered request. */
export interface Prediction {
  readonly url: string;
  readonly host: string;
  /** The version that answered. */
  readonly version: string;
  /** The pod, where the gateway says so. */
  readonly pod?: string;
  readonly latencyMs: number;
  /** Output tensors by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

const timeoutMs = 10_000;

/**
 * Sends one request through the gateway; without `body`, one made up from what the model says it takes.
 *
 * @throws ProblemError when the gateway cannot be reached or the model refuses.
 */
export async function predictOnce(
  { gateway, host, model }: ModelAddress,
  body?: string,
  signal?: AbortSignal,
): Promise<Prediction> {
  const path = `/v2/models/${model}`;
  const ask = async (method: "GET" | "POST", at: string, content?: string) => {
    try {
      const response = await request(`http://${gateway}${at}`, {
        method,
        headers: { host, "content-type": "application/json" },
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        ...(content === undefined ? {} : { body: content }),
        ...(signal === undefined ? {} : { signal }),
      });
      const text = await response.body.text();
      if (response.statusCode === 200) return { text, headers: response.headers };
      throw refused(`${response.statusCode} ${text.slice(0, 300).trim()}`);
    } catch (error) {
      if (error instanceof ProblemError || signal?.aborted === true) throw error;
      throw refused(error instanceof Error ? error.message : String(error));
    }
  };
  const refused = (answer: string) =>
    new ProblemError(
      `Model "${model}" does not answer`,
      [
        {
          path: `http://${gateway}${path} (Host: ${host})`,
          reason: `${answer}.`,
          fix: "Look at it with: npx serin status local",
        },
      ],
      exitCodes.unavailable,
    );

  const content = body ?? sampleBody(JSON.parse((await ask("GET", path)).text) as { inputs: ModelInput[] });
  const start = performance.now();
  const { text, headers } = await ask("POST", `${path}/infer`, content);
  const latencyMs = Number((performance.now() - start).toFixed(1));
  const answer = JSON.parse(text) as { model_version?: string; outputs: { name: string; data: unknown[] }[] };
  const pod = headers[servedByHeaders.pod];
  return {
    url: `http://${gateway}${path}/infer`,
    host,
    version: String(headers[servedByHeaders.version] ?? answer.model_version ?? "?"),
    ...(typeof pod === "string" ? { pod } : {}),
    latencyMs,
    outputs: Object.fromEntries(answer.outputs.map(({ name, data }) => [name, data])),
  };
}

function sampleBody({ inputs }: { inputs: ModelInput[] }): string {
  return requestBodies(inputs, Math.random)[0] ?? "{}";
}

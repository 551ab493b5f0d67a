import { request } from "undici";
import { messageOf } from "../components/core/messageOf.ts";
import { exitCodes, ProblemError } from "../components/core/problem.ts";
import { type ModelInput, requestBodies } from "../embedded/traffic/requestBodies.ts";
import { servedByHeaders } from "../embedded/traffic/traffic.ts";

/** How a model is reached through a gateway. */
export interface ModelAddress {
  /** The gateway, as `address:port`. It is reached by plain HTTP. */
  readonly gateway: string;
  /** The Host header, by which the gateway chooses the model. */
  readonly host: string;
  /** The name of the model in Triton, which is part of the request's path. */
  readonly model: string;
}

/** One request and its answer. */
export interface Prediction {
  /** The URL that the request was sent to. */
  readonly url: string;
  /** The Host header of the request. */
  readonly host: string;
  /** The version that answered: from the sidecar's header, else from Triton's answer, else `?`. */
  readonly version: string;
  /** The name of the pod that answered. Absent if no header names it, as outside the embedded environment. */
  readonly pod?: string;
  /** From sending the request to the end of the answer, milliseconds with one decimal. */
  readonly latencyMs: number;
  /** The elements of each output tensor, in one flat list, by the tensor's name. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

const timeoutMs = 10_000;

/**
 * Sends one inference request through the gateway. Without a `body`, it reads the model's metadata and sends random
 * inputs of the right shape.
 * @throws ProblemError if there is no answer within 10 s or its status is not 200, with `badInput` if the model refuses
 * `body` (status 400); the reason of `signal`
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
      const answer = `${response.statusCode} ${text.slice(0, 300).trim()}`;
      // Triton answers 400 to a body that does not fit the model: names, types, shapes.
      throw body !== undefined && response.statusCode === 400 ? misfit(answer) : refused(answer);
    } catch (error) {
      if (error instanceof ProblemError || signal?.aborted === true) throw error;
      throw refused(messageOf(error));
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

  const misfit = (answer: string) =>
    new ProblemError(`Model "${model}" refuses the request`, [
      {
        path: "--input",
        reason: `${answer}.`,
        fix: `The model's inputs: curl -H "Host: ${host}" http://${gateway}${path}`,
      },
    ]);

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

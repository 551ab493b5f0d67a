import { ProblemError } from "../../components/core/problem.ts";
import { modelHost } from "../../components/model/traffic.ts";
import { embeddedCluster } from "../../rehearsal/local/localCluster.ts";
import { type Prediction, predictOnce } from "../../rehearsal/prediction.ts";
import { declaredEnvironment, declaredModel } from "../../stacks/declared.ts";
import type { Answer, Invocation } from "../run.ts";

/** The options of `serin predict`. */
export interface PredictOptions {
  /** `--environment`: the name of the environment. Its embedded cluster must run. */
  readonly environment: string;
  /**
   * `--input`: the body of the request, JSON as in Triton's HTTP protocol.
   * @default random inputs of the right shape
   */
  readonly input?: string;
}

/**
 * `serin predict`: sends one request through the gateway of the embedded environment.
 * @throws ProblemError if the model is not declared, the input is not JSON or the model refuses it, the environment
 * does not run or the model does not answer
 */
export async function predict(name: string, options: PredictOptions, { signal }: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(options.environment);
  declaredModel(environment, name);
  if (options.input !== undefined) checkJson(options.input);
  const { address, port } = embeddedCluster(environment.name).embedded.gateway;
  const prediction = await predictOnce(
    { gateway: `${address}:${port}`, host: modelHost(name, environment.domain), model: name },
    options.input,
    signal,
  );
  return { result: prediction, text: predictionText(name, prediction) };
}

/** The output tensors, then version and latency, then URL and Host header, one line each. */
export function predictionText(name: string, { outputs, version, latencyMs, url, host }: Prediction): string {
  const answer = Object.entries(outputs)
    .map(([output, data]) => `${output} ${shown(data)}`)
    .join("  ");
  return [`${answer}`, `${name} version ${version}, ${latencyMs} ms`, `${url}  (Host: ${host})`].join("\n");
}

/** The first values of a long answer, such as of a classifier of 1,000 classes; `--json` has all. */
function shown(data: Prediction["outputs"][string]): string {
  if (!Array.isArray(data) || data.length <= 16) return JSON.stringify(data);
  return `${JSON.stringify(data.slice(0, 8)).slice(0, -1)},…] (${data.length} values)`;
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new ProblemError("The request cannot be sent", [
      {
        path: "--input",
        reason: `it is not JSON: ${error instanceof Error ? error.message : error}.`,
        fix: `Write, for example, '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[0.5]}]}'.`,
      },
    ]);
  }
}

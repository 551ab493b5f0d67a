import { ProblemError } from "../../components/core/problem.ts";
import { modelHost } from "../../components/model/traffic.ts";
import { embeddedCluster } from "../../rehearsal/local/localCluster.ts";
import { type Prediction, predictOnce } from "../../rehearsal/prediction.ts";
import { declaredEnvironment, declaredModel } from "../../stacks/declared.ts";
import type { Answer, Invocation } from "../run.ts";

export interface PredictOptions {
  readonly environment: string;
  readonly input?: string;
  readonly gateway?: string;
}

/** One request through the gateway. */
export async function predict(name: string, options: PredictOptions, { signal }: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(options.environment);
  declaredModel(environment, name);
  if (options.input !== undefined) checkJson(options.input);
  const gateway = options.gateway ?? embeddedGateway(environment.name);
  const prediction = await predictOnce(
    { gateway, host: modelHost(name, environment.domain), model: name },
    options.input,
    signal,
  );
  return { result: prediction, text: predictionText(name, prediction) };
}

/** `host:port` of the embedded gateway. */
export function embeddedGateway(environment: string): string {
  const { address, port } = embeddedCluster(environment).embedded.gateway;
  return `${address}:${port}`;
}

export function predictionText(name: string, { outputs, version, latencyMs, url, host }: Prediction): string {
  const answer = Object.entries(outputs)
    .map(([output, data]) => `${output} ${JSON.stringify(data)}`)
    .join("  ");
  return [`${answer}`, `${name} version ${version}, ${latencyMs} ms`, `${url}  (Host: ${host})`].join("\n");
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

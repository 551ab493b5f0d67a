import type { KubernetesClient } from "./kubernetesClient.ts";

/** One container of one pod. */
export interface ContainerOf {
  /** The namespace of the pod. */
  readonly namespace: string;
  /** The name of the pod. */
  readonly pod: string;
  /** The name of the container, or of an init container. */
  readonly container: string;
}

/** Which part of a container's log is read. */
export interface LogOptions {
  /** Whether to go on with what is written later, until the container ends. @default false */
  readonly follow?: boolean;
  /** Whether to read the log of the run before the last restart. @default false: of the run now, or of the last one */
  readonly previous?: boolean;
  /** How many of the last lines. @default all that the node has kept */
  readonly tailLines?: number;
  /** Only what was written in the last seconds, a whole number from 1 on. @default all */
  readonly sinceSeconds?: number;
  /** Whether each line begins with its time, RFC 3339. @default false */
  readonly timestamps?: boolean;
  /** Ends the reading with an error. */
  readonly signal?: AbortSignal;
}

/**
 * The lines of a container's log, without their line ends. The last one may not be complete.
 *
 * @throws ApiError: 400 for a container that has not started, or has no run before the last restart
 */
export async function* podLog(
  client: KubernetesClient,
  { namespace, pod, container }: ContainerOf,
  { follow, previous, tailLines, sinceSeconds, timestamps, signal }: LogOptions = {},
): AsyncGenerator<string> {
  const body = await client.open({
    path: `/api/v1/namespaces/${namespace}/pods/${pod}/log`,
    query: {
      container,
      ...(follow === true ? { follow: "true" } : {}),
      ...(previous === true ? { previous: "true" } : {}),
      ...(tailLines === undefined ? {} : { tailLines: String(tailLines) }),
      ...(sinceSeconds === undefined ? {} : { sinceSeconds: String(sinceSeconds) }),
      ...(timestamps === true ? { timestamps: "true" } : {}),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}

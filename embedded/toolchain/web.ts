import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "undici";
import { causeOf, connectTimeoutMs, webFetch } from "../../engine/web.ts";

const probes = new Map<string, Promise<string | undefined>>();

/**
 * Requests `url`, through the proxy of HTTPS_PROXY and NO_PROXY.
 *
 * The first request to a host is preceded by a HEAD request. If that fails, all requests to the host fail at once with
 * its error, so that an unreachable host costs one timeout in a run.
 * @throws Error if the host cannot be reached, or if the status is neither 2xx nor in `accept`
 */
export async function request(
  url: string,
  {
    signal,
    headers = {},
    accept = [],
  }: { signal: AbortSignal; headers?: Record<string, string>; accept?: readonly number[] },
): Promise<Response> {
  signal.throwIfAborted();
  const { origin, host } = new URL(url);
  const unreachable = await probe(origin);
  signal.throwIfAborted();
  if (unreachable !== undefined) throw new Error(`${host} cannot be reached (${unreachable})`);
  const response = await webFetch(url, { signal, headers });
  if (response.ok || accept.includes(response.status)) return response;
  await response.body?.cancel();
  throw new Error(`${url} answered ${response.status}`);
}

/**
 * The text at `url`.
 * @throws Error as `request`
 */
export async function requestText(url: string, signal: AbortSignal): Promise<string> {
  return (await request(url, { signal })).text();
}

/**
 * Saves the body of a response as `path` and returns its SHA-256 in hexadecimal. Reports how much has been received.
 * @throws Error if the response has no body or breaks off
 */
export async function save(
  response: Response,
  path: string,
  { signal, progress }: { signal: AbortSignal; progress: (detail: string) => void },
): Promise<string> {
  if (response.body === null) throw new Error(`${response.url} answered with nothing`);
  const hash = createHash("sha256");
  const total = Number(response.headers.get("content-length") ?? 0);
  let received = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      received += chunk.length;
      progress(total > 0 ? `${mib(received)} of ${mib(total)} MiB` : `${mib(received)} MiB`);
      done(null, chunk);
    },
  });
  await pipeline(response.body, measure, createWriteStream(path), { signal });
  return hash.digest("hex");
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

function probe(origin: string): Promise<string | undefined> {
  const known = probes.get(origin);
  if (known !== undefined) return known;
  const found = webFetch(origin, {
    method: "HEAD",
    redirect: "manual",
    signal: AbortSignal.timeout(2 * connectTimeoutMs),
  }).then(
    () => undefined,
    (error: unknown) => causeOf(error),
  );
  probes.set(origin, found);
  return found;
}

import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { HttpProbe } from "./processSpec.ts";

/** Requests a health URL once. Returns false for any answer other than 2xx, an error, and silence for `timeoutMs`. */
export function isReady({ url, tls, token }: HttpProbe, timeoutMs = 2_000): Promise<boolean> {
  const options: RequestOptions & { ca?: string; cert?: string; key?: string } = {
    agent: false,
    timeout: timeoutMs,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...tls,
  };
  return new Promise((resolve) => {
    const request = (url.startsWith("https:") ? httpsRequest : httpRequest)(url, options, (response) => {
      response.resume();
      resolve(response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
    request.end();
  });
}
